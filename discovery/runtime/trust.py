"""Whom we believe that he is who he says: by whom the certificates of peers are signed, and for which name."""

from __future__ import annotations

import ssl
from pathlib import Path

import aiohttp

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.model import Instance

# What stands for the service in a name that certificates are for.
_SERVICE = "{service}"
# No certificate is for it (RFC 6761, 6.4).
_NOBODY = "service.invalid"


class Trust:
    """What the settings say of it. ``ssl`` is what aiohttp takes: ``True`` for what this system trusts.

    There is one context for all peers, so that what is read later holds for all of them.
    """

    def __init__(self, config: MeshConfig) -> None:
        self.ssl: ssl.SSLContext | bool = True
        self._authorities = config.tls_ca
        self._name = config.tls_name
        self._read: object = None

    def open(self) -> None:
        """Read whom the settings name.

        Raises:
            ConfigError: when that cannot be read, or the name is none for any service.
        """
        if self._name and not _can_be_asked_for(self._name.replace(_SERVICE, "a")):
            raise ConfigError(f"tls_name must be a name such as {{service}}.internal, got {self._name!r:.80}")
        if self._authorities:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.set_alpn_protocols(["http/1.1"])
            try:
                self._add(context)
            except OSError as error:  # ssl.SSLError is one
                raise ConfigError(f"tls_ca {self._authorities!r} cannot be read as certificates: {error}") from error
            self.ssl = context

    def name(self, instance: Instance) -> str | None:
        """The name that the certificate of an instance has to be for; ``None`` for the host of its address."""
        name = self._name.replace(_SERVICE, instance.service.lower())
        return (name if _can_be_asked_for(name) else _NOBODY) if name else None

    def renewed(self) -> bool:
        """Whether the file has other authorities than were read, which are trusted from now on, too."""
        if not isinstance(self.ssl, ssl.SSLContext):
            return False
        try:
            if self._stamp() == self._read:
                return False
            self._add(self.ssl)
        except OSError:  # it is being written: those that were read stay
            return False
        return True

    def verify(self, request: aiohttp.ClientRequest, instance: Instance, named: str | None) -> None:
        """Let a session's request verify an *instance*, where its maker *named* no other name, and has no own way."""
        request.server_hostname = named or self.name(instance)
        if request.ssl is True and self.ssl is not True:
            self.renewed()
            request._ssl = self.ssl  # noqa: SLF001 - aiohttp takes it when a request is made, and we come later

    def _add(self, context: ssl.SSLContext) -> None:
        stamp = self._stamp()
        context.load_verify_locations(cafile=self._authorities)
        self._read = stamp

    def _stamp(self) -> object:
        there = Path(self._authorities).stat()
        return there.st_mtime_ns, there.st_size, there.st_ino


def _can_be_asked_for(name: str) -> bool:
    """Whether TLS can ask for a certificate of that *name*: each part of it has 1 to 63 characters."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return not name.startswith(".")

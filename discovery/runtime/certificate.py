"""The certificate that a server shows. It is read again when its file has changed, since it lives for days or hours."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from discovery.config import MeshConfig
from discovery.errors import ConfigError

logger = logging.getLogger(__name__)


def shown(config: MeshConfig) -> ssl.SSLContext | None:
    """What a server of these settings speaks TLS with; ``None`` for one that speaks in the clear.

    Raises:
        ConfigError: when the certificate or its key cannot be read, or one is not the other's.
    """
    if not config.tls_cert:
        return None
    certificate = _Certificate(config.tls_cert, config.tls_key)
    try:
        return certificate.first()
    except OSError as error:  # ssl.SSLError is one
        files = f"{config.tls_cert!r} with the key {config.tls_key or config.tls_cert!r}"
        raise ConfigError(f"tls_cert {files} cannot be used: {error}") from error


class _Certificate:
    """Whoever comes is met with what the files say by then. Looking costs nothing beside a handshake."""

    def __init__(self, file: str, key: str) -> None:
        self._file = file
        self._key = key or file
        self._read: object = None
        self._context: ssl.SSLContext

    def first(self) -> ssl.SSLContext:
        self._read = self._stamp()
        context = self._context = self._made()
        # OpenSSL asks here in each handshake, with a name or without one: the place where another context may be given.
        context.sni_callback = self._meet
        return context

    def _meet(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        try:
            stamp = self._stamp()
            if stamp != self._read:
                self._read = stamp
                self._context = self._made()
                logger.info("the certificate in %s is another one now, and shown from now on", self._file)
        except OSError as error:
            # One half may be written already, and the other not yet.
            logger.warning("the certificate in %s stays as it was: %s", self._file, error)
        if self._context is not context:
            connection.context = self._context

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file, self._key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _stamp(self) -> object:
        there = [Path(file).stat() for file in (self._file, self._key)]
        return [(each.st_mtime_ns, each.st_size, each.st_ino) for each in there]

"""TLS towards Consul: whom we believe, who we say we are, and what is wrong with the files that say so."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from discovery.errors import ConfigError

# OpenSSL's words for a key of another certificate: of its kind, or of another.
_MISFIT = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulTls:
    """How connections to Consul are encrypted, where its address is ``https://``. Each means what it means to Consul.

    ``ca_file`` and ``ca_path`` hold the authorities that may have signed the agent's certificate, as PEM: a file, or
    else a folder of them; without either, those of the system. ``client_cert`` and ``client_key`` are shown to an
    agent that asks who we are. ``server_name`` is the name in its certificate, where that is not the one in its
    address. Without ``verify`` anybody is believed. The files are read again when they change::

        tls = discovery.ConsulTls(server_name="server.dc1.consul")
        MeshConfig(name="report", consul_url="https://10.0.0.7:8501", consul_tls=tls)
    """

    ca_file: str = ""
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""
    verify: bool = True

    def files(self) -> list[Path]:
        """Those that are read, as far as they are there now."""
        named = [self.client_cert, self.client_key]
        return [*map(Path, filter(None, named)), *self._authorities()]

    def _authorities(self) -> list[Path]:
        # Of both the file holds, as with Consul's own client.
        return [Path(self.ca_file)] if self.ca_file else _folder(self.ca_path) if self.ca_path else []

    def context(self) -> ssl.SSLContext:
        """What a connection needs; reads the files, so it may block.

        Raises:
            ConfigError: listing what is wrong with them.
        """
        if problems := list(self._problems()):
            raise ConfigError(*problems)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # As Consul's own client has it: whoever is named is believed, be he a root or not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(["http/1.1"])
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        elif not self.ca_file and not self.ca_path:
            context.load_default_certs()
        for path in self._authorities():
            context.load_verify_locations(cafile=path)
        if self.client_cert:
            context.load_cert_chain(self.client_cert, self.client_key, password=_no_password)
        return context

    def problems(self) -> list[str]:
        """What is wrong with it, a sentence each; reads the files."""
        if self == _AS_USUAL:
            return []
        try:
            self.context()
        except ConfigError as exc:
            return list(exc.problems)
        except (OSError, ValueError) as exc:  # a file that was well a moment ago
            return [f"the files of consul_tls cannot be used: {exc}"]
        return []

    def _problems(self) -> Iterator[str]:
        named = {
            "ca_file (CONSUL_CACERT)": self.ca_file,
            "ca_path (CONSUL_CAPATH)": self.ca_path,
            "client_cert (CONSUL_CLIENT_CERT)": self.client_cert,
            "client_key (CONSUL_CLIENT_KEY)": self.client_key,
        }
        if contents := list(content_problems(named)):
            yield from contents
            return
        said = len([each for each in (self.client_cert, self.client_key) if each])
        if said == 1:
            yield "a client certificate needs its key: set CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, or neither"
        yield from _wrong("ca_file (CONSUL_CACERT)", self.ca_file, "CERTIFICATE")
        if self.ca_path and not self.ca_file:
            yield from _wrong_folder("ca_path (CONSUL_CAPATH)", self.ca_path)
        pair = [
            *_wrong("client_cert (CONSUL_CLIENT_CERT)", self.client_cert, "CERTIFICATE"),
            *_wrong("client_key (CONSUL_CLIENT_KEY)", self.client_key, "PRIVATE KEY"),
        ]
        yield from pair
        if said == 2 and not pair:
            yield from self._misfit()

    def _misfit(self) -> Iterator[str]:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                self.client_cert, self.client_key, password=_no_password
            )
        except (ssl.SSLError, OSError, ValueError) as exc:
            if getattr(exc, "reason", "") in _MISFIT:
                why = "the key does not fit the certificate"
            elif "ENCRYPTED" in Path(self.client_key).read_text(encoding="utf-8", errors="replace"):
                why = "the key is encrypted, and there is nobody to ask for its password"
            else:
                why = f"they cannot be read ({getattr(exc, 'reason', None) or exc})"
            yield f"client_cert {self.client_cert!r} and client_key {self.client_key!r}: {why}"


_AS_USUAL = ConsulTls()


def content_problems(named: Mapping[str, str]) -> Iterator[str]:
    """Which of the files that are *named* are no names but what belongs into one; it may be a key, and is not shown."""
    for what, name in named.items():
        if "-----BEGIN" in name:
            yield f"{what}: that is the content of a file, and its name is meant"


def _no_password() -> str:
    return ""  # else OpenSSL would ask whoever sits at the terminal


def _folder(path: str) -> list[Path]:
    """The files in a folder; what is hidden is how a volume of secrets keeps its generations."""
    try:
        return sorted(each for each in Path(path).iterdir() if each.is_file() and not each.name.startswith("."))
    except OSError:
        return []


def _wrong_folder(what: str, path: str) -> Iterator[str]:
    try:
        next(Path(path).iterdir(), None)
    except OSError as exc:
        yield f"{what} {path!r}: {exc.strerror}"
        return
    files = _folder(path)
    if not files:
        yield f"{what} {path!r}: there is no file in it"
    for each in files:
        yield from _wrong(what, str(each), "CERTIFICATE")


def _wrong(what: str, path: str, kind: str) -> Iterator[str]:
    """Why a file, if one is named, does not hold such a thing as PEM."""
    if not path:
        return
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as exc:
        yield f"{what} {path!r}: {exc.strerror}"
        return
    if f"{kind}-----" not in text or "-----BEGIN " not in text:
        yield f"{what} {path!r}: it holds no {kind.lower()} as PEM (-----BEGIN …{kind}-----)"
    elif kind == "CERTIFICATE":
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except (ssl.SSLError, OSError) as exc:
            yield f"{what} {path!r}: its certificate cannot be read ({getattr(exc, 'reason', None) or exc})"

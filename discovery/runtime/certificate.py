"""The certificate that a server shows. It is read again when its file has changed, since it lives for days or hours.

What is read has to be the key's, and of today; whatever else is in the files, the one before is shown on, and a warning
says so once.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from discovery.config import MeshConfig
from discovery.errors import ConfigError

logger = logging.getLogger(__name__)

# What OpenSSL says of a certificate that is of another time (X509_V_ERR_CERT_NOT_YET_VALID, ..._HAS_EXPIRED).
_OF_ANOTHER_TIME = frozenset({9, 10})
# The client begins, the server answers with its certificate, the client looks at it.
_TURNS = 3


def shown(config: MeshConfig) -> ssl.SSLContext | None:
    """What a server of these settings speaks TLS with; ``None`` for one that speaks in the clear.

    Raises:
        ConfigError: when the certificate or its key cannot be read, one is not the other's, or it is not valid now.
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
        context.load_cert_chain(self._file, self._key, password=_no_password)
        context.set_alpn_protocols(["http/1.1"])
        _rehearse(context, self._file)
        return context

    def _stamp(self) -> object:
        try:
            there = [Path(file).stat() for file in (self._file, self._key)]
        except OSError as error:
            return str(error)  # that one is away is a state of the files, too
        return [(each.st_mtime_ns, each.st_size, each.st_ino) for each in there]


def _no_password() -> str:
    # Without us, OpenSSL would ask at the terminal, and wait.
    raise OSError("the key is encrypted, and there is nobody to ask for its password")


def _rehearse(context: ssl.SSLContext, file: str) -> None:
    """Show the certificate of *context* in memory to a client who trusts it: it alone can say whether it is of today.

    Raises:
        SSLCertVerificationError: when it is not.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.load_verify_locations(cafile=file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for turn in range(_TURNS):
        try:
            (server if turn % 2 else client).do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            # What else there may be to say of it, such as what it is for, is for those to say who come.
            if error.verify_code in _OF_ANOTHER_TIME:
                raise

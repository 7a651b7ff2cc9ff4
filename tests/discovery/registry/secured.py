"""A Consul that speaks TLS as Consul does: it says why it does not like a certificate, and remembers who came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

CA = trustme.CA()
STRANGER = trustme.CA()

LONG_AGO = (datetime(2020, 1, 1), datetime(2021, 1, 1))  # noqa: DTZ001 - trustme wants them so


@dataclass
class Secured:
    """Where it is, and the serial numbers of the certificates that were shown to it, one for each connection."""

    port: int
    context: ssl.SSLContext
    shown: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def server_context(certificate: trustme.LeafCert, *, asks: bool = False) -> ssl.SSLContext:
    """That of a server with a certificate, which *asks* for one of the client if need be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if asks:
        CA.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def secured(context: ssl.SSLContext) -> Iterator[Secured]:
    """Serve while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            self.request = known.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            try:
                self.request.do_handshake()
            except ssl.SSLError:
                _hung_up(self.request)
                raise
            known.shown.append(str((self.request.getpeercert() or {}).get("serialNumber", "")))
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_GET(self) -> None:
            known.tokens.append(self.headers.get("X-Consul-Token", ""))
            self.send_response(200)
            self.send_header("X-Consul-Index", "7")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        known = Secured(server.server_port, context)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()


def _hung_up(connection: ssl.SSLSocket) -> None:
    """End it so that the last words arrive: who closes with something unread takes them back."""
    with socket.socket(fileno=connection.detach()) as raw, suppress(OSError):
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(2)
        while raw.recv(4096):
            pass


def written(folder: Path, name: str, certificate: trustme.LeafCert) -> dict[str, str]:
    """The files of a client's certificate, for ConsulTls; each is replaced at one moment, as others do it."""
    paths = {"client_cert": folder / f"{name}.pem", "client_key": folder / f"{name}.key"}
    parts = (certificate.cert_chain_pems[0], certificate.private_key_pem)
    for path, part in zip(paths.values(), parts, strict=True):
        replaced(path, part.bytes())
    return {setting: str(path) for setting, path in paths.items()}


def replaced(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)

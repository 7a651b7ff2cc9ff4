"""A server that answers what a test tells it to, in a thread of its own: commands are synchronous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Lie:
    """An answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Liar:
    """Where it listens, what it answers by path, and the paths that it was asked."""

    url: str
    lies: dict[str, Lie | list[Lie]]
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)


@contextmanager
def lying() -> Iterator[Liar]:
    """Listen on a free port. A list of answers is given one after the other, the last of them for ever."""
    liar = Liar("", {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            liar.asked.append(self.path)
            liar.tokens.add(self.headers.get("X-Consul-Token", ""))
            liar.logins.add(self.headers.get("Authorization", ""))
            lie = liar.lies.get(self.path.partition("?")[0], Lie(b"not found", 404))
            if isinstance(lie, list):
                lie = lie.pop(0) if len(lie) > 1 else lie[0]
            self.send_response(lie.status)
            for name, value in lie.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(lie.body)))
            self.end_headers()
            self.wfile.write(lie.body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names are http.server's

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    liar.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

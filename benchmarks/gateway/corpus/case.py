"""One raw request, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass

SERVICE = "echo"
PATH = f"/api/{SERVICE}/x"
# What a client says that only the gateway may say. It is nowhere in what a service is sent.
EVIL = "evil"
# Ends every connection, and shows whether both sides still agree where a request ends.
END = f"GET /api/{SERVICE}/end HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n".encode()


@dataclass(frozen=True)
class Form:
    """What a service is sent: *fields* are all headers but those that the gateway and its client say themselves."""

    method: str = "GET"
    target: str = f"/{SERVICE}/x"
    body: bytes = b""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Case:
    """*forms* are what reaches the service, in turn, where it is not *refused*: it must be, must not, or may be (None).

    Where it may, the later ones of several may be missing. *host* is what it says to be asked for, which the service
    learns. One that *closes* the connection itself is the last on it.
    """

    family: str
    name: str
    request: bytes
    forms: tuple[Form, ...] = ()
    refused: bool | None = True
    host: str = "gw"
    closes: bool = False

    @property
    def title(self) -> str:
        """What no other is called."""
        return f"{self.family}: {self.name}"

    @property
    def sent(self) -> bytes:
        """The bytes of the whole connection."""
        return self.request if self.closes else self.request + END


def get(*headers: str, path: str = PATH, method: str = "GET", version: str = "HTTP/1.1", body: bytes = b"") -> bytes:
    """A request that has a host, and *headers* that may be anything."""
    lines = [f"{method} {path} {version}", "Host: gw", *headers, "", ""]
    # Latin-1 leaves every byte as it is.
    return "\r\n".join(lines).encode("latin-1") + body


def post(*headers: str, body: bytes = b"hello", path: str = PATH) -> bytes:
    """The same with a body, whose framing is up to *headers*."""
    return get(*headers, path=path, method="POST", body=body)


def refused(family: str, requests: dict[str, bytes]) -> list[Case]:
    """Those of which nothing may reach a service."""
    return [Case(family, name, request) for name, request in requests.items()]

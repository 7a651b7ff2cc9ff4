"""One Consul agent, read in plain synchronous requests.

The library's own client follows services for hours over pools of connections, and takes half a second to load. A
command reads a few answers, so it has this reader: one connection of the standard library. What the answers mean is
decided where the library decides it, by ``registry.codec`` and ``registry.verdict``.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer
from types import TracebackType
from typing import Self, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

from discovery.cli.text import clip
from discovery.errors import RegistryUnavailable
from discovery.registry import codec
from discovery.registry.port import Answer, Names
from discovery.registry.roster import Roster
from discovery.registry.verdict import verdict

T = TypeVar("T")

# The same as the library's limits: of a handshake, of an answer, and of its size.
_CONNECT_S = 2.0
LIMIT_S = 10.0
_SIZE_MAX = 64 * 1024 * 1024


class Away(RegistryUnavailable):
    """There was no answer. ``kind`` says why: ``name``, ``refused``, ``silent``, ``tls`` or ``broken``."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever it says."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class Consul:
    """The agent at *url*, an ``http(s)://host:port`` with or without a path. ``who`` names it to people.

    The connection is made when it is needed, kept, and given back with the block.
    """

    def __init__(self, url: str, token: str = "", *, limit_s: float = LIMIT_S) -> None:
        self.url = url
        self._place = urlsplit(url)
        self.who = f"Consul at {self._place.scheme}://{self._place.netloc.rpartition('@')[2]}{self._place.path}"
        self.token = token
        self._limit_s = limit_s
        self._connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def instances(
        self, service: str, *, datacenter: str = "", index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        """All instances of a service; with an *index*, once something newer is there or after *wait_s*."""
        blocking = bool(index) and wait_s > 0
        query = {"dc": datacenter} if datacenter else {}
        if consistent:
            query["consistent"] = "1"
        if blocking:
            query |= {"index": str(index), "wait": codec.duration(wait_s)}

        def answer(reply: Reply) -> Answer:
            doubt = self.doubt(reply, blocking=blocking)
            return Answer(
                index=codec.index_of(reply.headers),
                instances=Roster().decode(reply.body),
                trustworthy=not doubt,
                doubt=doubt,
            )

        path = f"/v1/health/service/{quote(service, safe='')}"
        return self.read(answer, path, query, wait_s=wait_s if blocking else 0.0)

    def names(self) -> tuple[Names, str]:
        """All services, and why there may be more of them."""

        def names(reply: Reply) -> tuple[Names, str]:
            return Names(codec.index_of(reply.headers), codec.decode_names(reply.body)), self.doubt(reply)

        return self.read(names, "/v1/catalog/services")

    def doubt(self, reply: Reply, *, blocking: bool = False) -> str:
        """Why Consul itself says that an answer may be incomplete; empty when it does not."""
        return codec.doubt_of(reply.headers, blocking=blocking, anonymous=not self.token)

    def read(
        self, parse: Callable[[Reply], T], path: str, query: Mapping[str, str] | None = None, *, wait_s: float = 0.0
    ) -> T:
        """Ask for something that must be there.

        Raises:
            Away: when there was no answer.
            RegistryUnavailable: when the answer was that it is unwell, or makes no sense.
            RegistryRejected: when it said no.
        """
        reply = self.ask(path, query, wait_s=wait_s)
        words = self._discreet(reply.words) if reply.status != 200 else ""
        if error := verdict(self.who, reply.status, clip(words, 300)):
            raise error
        try:
            return parse(reply)
        except codec.Garbled as exc:
            sentence = f"{self.who} gave a garbled answer ({clip(str(exc))}): is that a Consul agent?"
            raise RegistryUnavailable(sentence) from None

    def ask(self, path: str, query: Mapping[str, str] | None = None, *, wait_s: float = 0.0) -> Reply:
        """Ask for anything, and take whatever is answered.

        Raises:
            Away: when nothing was.
        """
        # Consul adds up to a sixteenth to a wait, so that readers do not come back all at once.
        limit_s = self._limit_s + wait_s * 17 / 16
        target = f"{self._place.path.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        reused = self._connection is not None
        try:
            return self._exchange(target, limit_s)
        except Away as exc:
            if not reused or exc.kind != "broken":
                raise
        return self._exchange(target, limit_s)  # the connection that was kept had been closed meanwhile

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, target: str, limit_s: float) -> Reply:
        late = False

        def end(connected: socket.socket) -> None:
            nonlocal late
            late = True
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

        try:
            connection = self._connected()
            # A timeout of the socket is for one read, and a peer that drips bytes would never meet it.
            timer = Timer(limit_s, end, [connection.sock])
            timer.daemon = True
            timer.start()
            try:
                connection.request("GET", target, headers={"X-Consul-Token": self.token} if self.token else {})
                reply = _reply(connection.getresponse())
            finally:
                timer.cancel()
            if not late:
                return reply
            away = self._late(limit_s)
        except (OSError, HTTPException) as exc:
            away = self._late(limit_s) if late else self._away(exc)
        self._close()
        raise away  # here, so that nothing is chained that holds the request's headers

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            kind = HTTPSConnection if self._place.scheme == "https" else HTTPConnection
            connection = kind(self._place.hostname or "", self._place.port, timeout=_CONNECT_S)
            connection.connect()
            connection.sock.settimeout(None)
            self._connection = connection
        return self._connection

    def _late(self, limit_s: float) -> Away:
        return Away("silent", f"{self.who} did not answer within {limit_s:g} s: is the agent overloaded or frozen?")

    def _away(self, exc: Exception) -> Away:
        words = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        said = clip(self._discreet(words) or type(exc).__name__)
        match exc:
            case ssl.SSLCertVerificationError():
                advice = f"has a certificate that is not trusted ({exc.verify_message}): is its CA in SSL_CERT_FILE?"
                return Away("tls", f"{self.who} {advice}")
            case ssl.SSLError():
                return Away("tls", f"{self.who} does not speak TLS as we do ({said}): is it http:// after all?")
            case TimeoutError():
                advice = "is the address right, and no firewall between us?"
                return Away("silent", f"{self.who} cannot be reached within {_CONNECT_S:g} s: {advice}")
            case socket.gaierror():
                return Away("name", f"{self.who} has no address ({said}): is CONSUL_HTTP_ADDR right?")
            case ConnectionResetError() | BrokenPipeError() | HTTPException():
                return Away("broken", f"{self.who} broke off ({said}): is that a Consul agent, and http:// right?")
            case _:
                advice = "is the agent running, and CONSUL_HTTP_ADDR right?"
                return Away("refused", f"{self.who} cannot be reached ({said}): {advice}")

    def _discreet(self, words: str) -> str:
        return words.replace(self.token, "(token)") if self.token else words


def _reply(response: HTTPResponse) -> Reply:
    body = response.read(_SIZE_MAX + 1)
    if len(body) > _SIZE_MAX:
        raise HTTPException(f"the answer is longer than {_SIZE_MAX} bytes")
    # A message of e-mail is a mapping in all that matters here, whatever the case of the names.
    return Reply(response.status, cast(Mapping[str, str], response.headers), body)

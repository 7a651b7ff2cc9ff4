"""One Consul agent, read in plain synchronous requests.

The library's own client follows services for hours over pools of connections, and takes half a second to load. A
command reads a few answers, so it has this reader: one connection of the standard library. What the answers mean is
decided where the library decides it, by ``registry.codec`` and ``registry.verdict``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from threading import Timer
from types import TracebackType
from typing import Self, TypeVar, cast
from urllib.parse import quote, unquote, urlencode

from discovery.cli.away import Away, why_away
from discovery.cli.connection import ConsulConnection
from discovery.cli.text import clip
from discovery.config import MeshConfig
from discovery.errors import RegistryUnavailable
from discovery.registry import codec
from discovery.registry.access import Access
from discovery.registry.port import Answer, Names
from discovery.registry.rights import right
from discovery.registry.roster import Roster
from discovery.registry.verdict import verdict

T = TypeVar("T")

# The same as the library's limits: of an answer, and of its size.
LIMIT_S = 10.0
_SIZE_MAX = 64 * 1024 * 1024


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
    """The agent that *config* names. ``who`` names it to people.

    The connection is made when it is needed, kept, and given back with the block.
    """

    def __init__(self, config: MeshConfig, *, limit_s: float = LIMIT_S) -> None:
        self._access = Access(config)
        self._access.look()
        self.who = self._access.who
        self._limit_s = limit_s
        self._connection: ConsulConnection | None = None

    @property
    def token(self) -> str:
        """The token that is used now; empty without one."""
        return self._access.token

    @property
    def elsewhere(self) -> bool:
        """Whether another datacenter is asked than that of the agent."""
        return bool(self._access.datacenter)

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
        query = self._in(datacenter)
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

        return self.read(names, "/v1/catalog/services", self._in(""))

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
        if error := verdict(
            self.who, reply.status, clip(words, 300), right("GET", unquote(path), self._access.service)
        ):
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
        params = [*(query or {}).items(), *self._access.scope]
        target = path + (f"{'&' if '?' in path else '?'}{urlencode(params)}" if params else "")
        self._renew()
        token, reused = self.token, self._connection is not None
        try:
            reply = self._exchange(target, limit_s)
        except Away as exc:
            if not reused or exc.kind != "broken":
                raise
            reply = self._exchange(target, limit_s)  # the connection that was kept had been closed meanwhile
        if reply.status == 403:
            self._renew(closely=True)
            if self.token != token:
                return self._exchange(target, limit_s)
        return reply

    def _renew(self, *, closely: bool = False) -> None:
        """See whether there is another token or certificate by now; a connection is kept as long as what it used."""
        context = self._access.context
        self._access.look(closely=closely)
        if context is not self._access.context:
            self._close()

    def _in(self, datacenter: str) -> dict[str, str]:
        datacenter = datacenter or self._access.datacenter
        return {"dc": datacenter} if datacenter else {}

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
                token = {"X-Consul-Token": self.token} if self.token else {}
                connection.request("GET", connection.prefix + target, headers=connection.headers | token)
                reply = _reply(connection.getresponse())
            finally:
                timer.cancel()
            if not late:
                return reply
            away = self._late(limit_s)
        except (OSError, HTTPException) as exc:
            away = self._late(limit_s) if late else why_away(exc, self._access)
        self._close()
        raise away  # here, so that nothing is chained that holds the request's headers

    def _connected(self) -> ConsulConnection:
        if self._connection is None:
            connection = ConsulConnection(self._access)
            try:
                connection.connect()
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _late(self, limit_s: float) -> Away:
        return Away("silent", f"{self.who} did not answer within {limit_s:g} s", "is the agent overloaded or frozen?")

    def _discreet(self, words: str) -> str:
        return words.replace(self.token, "(token)") if self.token else words


def _reply(response: HTTPResponse) -> Reply:
    body = response.read(_SIZE_MAX + 1)
    if len(body) > _SIZE_MAX:
        raise HTTPException(f"the answer is longer than {_SIZE_MAX} bytes")
    # A message of e-mail is a mapping in all that matters here, whatever the case of the names.
    return Reply(response.status, cast(Mapping[str, str], response.headers), body)

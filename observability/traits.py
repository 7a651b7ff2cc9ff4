"""What many spans have in common, and say: of calls, attempts, incoming requests, and queries. Pure.

As a tuple it is found again in no time, with all that was made of it before.
"""

from __future__ import annotations

from typing import NamedTuple

from opentelemetry.trace import SpanKind

from discovery.model import Target
from observability import semconv
from observability.recording import Values
from observability.statement import statement_of, told
from observability.text import clip


def name_of(method: str) -> str:
    """What a span is called after its method."""
    return method if method in semconv.METHODS else "HTTP"


class CallTraits(NamedTuple):
    """What many calls have in common, and their spans say."""

    method: str
    target: Target
    attempts: int
    outcome: str
    status: int | None
    failure: str

    @property
    def name(self) -> str:
        """What the span is called."""
        return f"call {self.target.service}"

    @property
    def kind(self) -> SpanKind:
        """A CLIENT span for the call as well would count every request twice."""
        return SpanKind.INTERNAL

    def values(self) -> Values:
        """As attributes."""
        values = asked(self.method, self.target)
        values[semconv.MESH_ATTEMPTS] = self.attempts
        if self.outcome:
            values[semconv.MESH_OUTCOME] = str(self.outcome)
        return _ended(values, self.status, self.failure)


class AttemptTraits(NamedTuple):
    """What many attempts have in common, and their spans say."""

    method: str
    service: str
    instance: str
    host: str
    port: int
    number: int
    reason: str
    waited_s: float
    candidates: int
    pool: str
    ejected: int
    probe: bool
    outcome: str
    status: int | None
    failure: str

    @property
    def name(self) -> str:
        """What the span is called."""
        return name_of(self.method)

    @property
    def kind(self) -> SpanKind:
        """A request on the wire."""
        return SpanKind.CLIENT

    def values(self) -> Values:
        """As attributes."""
        values = _method(self.method)
        values[semconv.SERVER_ADDRESS] = self.host
        values[semconv.SERVER_PORT] = self.port
        values[semconv.SERVICE_PEER_NAME] = self.service
        values[semconv.MESH_ATTEMPT] = self.number
        values[semconv.MESH_INSTANCE_ID] = self.instance
        values[semconv.MESH_PICK_CANDIDATES] = self.candidates
        values[semconv.MESH_PICK_POOL] = str(self.pool)
        if self.ejected:
            values[semconv.MESH_PICK_EJECTED] = self.ejected
        if self.probe:
            values[semconv.MESH_PICK_PROBE] = True
        if self.number > 1:
            values[semconv.HTTP_REQUEST_RESEND_COUNT] = self.number - 1
            values[semconv.MESH_RETRY_REASON] = self.reason
            values[semconv.MESH_RETRY_DELAY] = self.waited_s
        values[semconv.MESH_OUTCOME] = str(self.outcome)
        return _ended(values, self.status, self.failure)


class RequestTraits(NamedTuple):
    """What many incoming requests have in common, and their spans say."""

    method: str
    scheme: str
    host: str
    peer: str
    user_agent: str
    route: str = ""
    nack: str = ""
    status: int | None = None
    failure: str = ""

    def answered(self, route: str, nack: str, status: int | None, failure: str) -> RequestTraits:
        """The same at its end."""
        return RequestTraits(*self[:5], route, nack, status, failure)

    def values(self) -> Values:
        """As attributes."""
        values = _method(self.method)
        values[semconv.URL_SCHEME] = self.scheme
        values[semconv.CLIENT_ADDRESS] = self.peer
        if self.user_agent:
            values[semconv.USER_AGENT_ORIGINAL] = self.user_agent
        host, _, port = self.host.rpartition(":")
        if port.isascii() and port.isdecimal() and len(port) <= 5:
            values[semconv.SERVER_ADDRESS] = host
            values[semconv.SERVER_PORT] = int(port)
        else:
            values[semconv.SERVER_ADDRESS] = self.host
        if self.route:
            values[semconv.HTTP_ROUTE] = self.route
        if self.nack:
            values[semconv.MESH_NACK] = self.nack
        return _ended(values, self.status, self.failure)


class DatabaseName(NamedTuple):
    """A database: of which *system*, by which name, and where, if that is elsewhere. A port of 0 is the usual one."""

    system: str
    namespace: str = ""
    host: str = ""
    port: int = 0


class QueryTraits(NamedTuple):
    """What many statements have in common, and their spans say. A *batch* is the same one, so many times."""

    database: DatabaseName
    sql: str
    batch: int
    error: str
    code: str

    @property
    def name(self) -> str:
        """What the span is called."""
        return self._summary() or self.database.system

    @property
    def kind(self) -> SpanKind:
        """A request to somebody else, even where that is a file."""
        return SpanKind.CLIENT

    @property
    def failure(self) -> str:
        """Why it failed, if it did: what the database calls that, or the class of the error."""
        return self.code or self.error

    def values(self) -> Values:
        """As attributes."""
        of, does = self.database, statement_of(self.sql)
        said = {
            semconv.DB_SYSTEM_NAME: of.system,
            semconv.DB_NAMESPACE: of.namespace,
            semconv.DB_OPERATION_NAME: does.operation and self._times(does.operation),
            semconv.DB_COLLECTION_NAME: does.collection,
            semconv.DB_QUERY_SUMMARY: self._summary(),
            semconv.DB_QUERY_TEXT: told(self.sql),
            semconv.SERVER_ADDRESS: of.host,
            semconv.DB_RESPONSE_STATUS_CODE: self.code,
        }
        values: Values = {name: value for name, value in said.items() if value}
        if of.port:
            values[semconv.SERVER_PORT] = of.port
        if self.batch:
            values[semconv.DB_OPERATION_BATCH_SIZE] = self.batch
        return _ended(values, None, self.failure)

    def _summary(self) -> str:
        return self._times(statement_of(self.sql).summary)

    def _times(self, what: str) -> str:
        return f"BATCH {what}" if self.batch else what


def asked(method: str, target: Target) -> Values:
    """What is known of a call when it begins, but for its path."""
    values = _method(method)
    values[semconv.SERVICE_PEER_NAME] = target.service
    if target.datacenter:
        values[semconv.MESH_DATACENTER] = target.datacenter
    if target.filter:
        values[semconv.MESH_FILTER] = clip(target.filter)
    return values


def _ended(values: Values, status: int | None, failure: str) -> Values:
    if status is not None:
        values[semconv.HTTP_RESPONSE_STATUS_CODE] = status
    if failure:
        values[semconv.ERROR_TYPE] = failure
    return values


def _method(method: str) -> Values:
    if method in semconv.METHODS:
        return {semconv.HTTP_REQUEST_METHOD: method}
    return {semconv.HTTP_REQUEST_METHOD: semconv.OTHER, semconv.HTTP_REQUEST_METHOD_ORIGINAL: clip(method)}

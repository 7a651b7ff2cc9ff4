"""What the spans of calls, attempts and requests say. Pure.

All of it is clean: plain values under known names, short and without what nobody may read.
"""

from __future__ import annotations

from typing import NamedTuple

from discovery.call import Call, Lookup
from discovery.model import Attempt, Outcome, Target
from discovery.observer import IncomingRequest
from observability import semconv
from observability.failure import error_type
from observability.recording import Values
from observability.text import clip, redact_query, redact_url


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

    def values(self) -> Values:
        """As attributes."""
        values = _asked(self.method, self.target)
        values[semconv.MESH_ATTEMPTS] = self.attempts
        if self.outcome:
            values[semconv.MESH_OUTCOME] = str(self.outcome)
        if self.status is not None:
            values[semconv.HTTP_RESPONSE_STATUS_CODE] = self.status
        if self.failure:
            values[semconv.ERROR_TYPE] = self.failure
        return values


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
        if self.status is not None:
            values[semconv.HTTP_RESPONSE_STATUS_CODE] = self.status
        if self.failure:
            values[semconv.ERROR_TYPE] = self.failure
        return values


def begun(call: Call) -> Values:
    """What is known of a call when it begins, and a sampler is asked."""
    return {semconv.URL_PATH: _path_of(call), **_asked(call.method, call.target)}


def of_call(call: Call) -> Values:
    """What a call has for itself: its path, and how old a view is that may be out of date."""
    values: Values = {semconv.URL_PATH: _path_of(call)}
    lookup = call.lookup
    if lookup is not None and lookup.view is not None:
        values[semconv.MESH_VIEW_AGE] = lookup.age_s
        values[semconv.MESH_VIEW_SOURCE] = str(lookup.view.source)
    if call.queued_s:
        values[semconv.MESH_QUEUE_WAIT] = call.queued_s
    return values


def traits_of_call(call: Call) -> CallTraits:
    """What it has in common with others: how it was asked for, and what its last attempt came to."""
    attempts, failure = call.attempts, failure_of_call(call)
    if not attempts:
        return CallTraits(call.method, call.target, 0, "", None, failure)
    last = attempts[-1]
    return CallTraits(call.method, call.target, len(attempts), last.outcome, last.status, failure)


def of_attempt(call: Call, attempt: Attempt) -> Values:
    """What an attempt has for itself."""
    return {semconv.URL_FULL: redact_url(f"http://{attempt.instance.address}{call.path}")}


def traits_of_attempt(call: Call, attempt: Attempt) -> AttemptTraits:
    """What it has in common with others."""
    to = attempt.instance
    return AttemptTraits(
        call.method,
        to.service,
        to.id,
        to.host,
        to.port,
        attempt.number,
        attempt.reason,
        attempt.waited_s,
        attempt.candidates,
        attempt.pool,
        attempt.ejected,
        attempt.probe,
        attempt.outcome,
        attempt.status,
        failure_of_attempt(attempt),
    )


def of_lookup(lookup: Lookup) -> Values:
    """What came of a lookup that a call waited for."""
    found: Values = {semconv.MESH_LOOKUP_WAIT: lookup.waited_s}
    if lookup.view is not None:
        found[semconv.MESH_LOOKUP_INSTANCES] = len(lookup.view.instances)
    return found


class RequestTraits(NamedTuple):
    """What many incoming requests have in common, and their spans say."""

    method: str
    scheme: str
    host: str
    peer: str
    user_agent: str
    route: str
    nack: str
    status: int | None
    failure: str

    def values(self) -> Values:
        """As attributes."""
        values = _method(self.method)
        values[semconv.URL_SCHEME] = self.scheme
        values[semconv.CLIENT_ADDRESS] = self.peer
        if self.user_agent:
            values[semconv.USER_AGENT_ORIGINAL] = clip(self.user_agent)
        host, _, port = self.host.rpartition(":")
        if port.isdecimal() and len(port) <= 5:
            values[semconv.SERVER_ADDRESS] = clip(host)
            values[semconv.SERVER_PORT] = int(port)
        else:
            values[semconv.SERVER_ADDRESS] = clip(self.host)
        if self.route:
            values[semconv.HTTP_ROUTE] = self.route
        if self.nack:
            values[semconv.MESH_NACK] = self.nack
        if self.status is not None:
            values[semconv.HTTP_RESPONSE_STATUS_CODE] = self.status
        if self.failure:
            values[semconv.ERROR_TYPE] = self.failure
        return values


def of_request(request: IncomingRequest) -> Values:
    """What an incoming request has for itself."""
    values: Values = {semconv.URL_PATH: clip(request.path)}
    if request.query:
        values[semconv.URL_QUERY] = redact_query(request.query)
    return values


def traits_of_request(
    request: IncomingRequest, route: str = "", nack: str = "", status: int | None = None, failure: str = ""
) -> RequestTraits:
    """What it has in common with others, and at its end how it was answered."""
    asked = (request.method, request.scheme, request.host, request.peer, request.user_agent)
    return RequestTraits(*asked, route, nack, status, failure)


def failure_of_call(call: Call) -> str:
    """Why a call failed: its error, a body that broke off, or a status that is the far side's fault."""
    failure = error_type(call.error)
    if failure or not call.attempts:
        return failure
    last = call.attempts[-1]
    return str(last.outcome) if last.outcome is Outcome.BROKEN else status_failure(last.status, 500)


def failure_of_attempt(attempt: Attempt) -> str:
    """Why an attempt failed: it brought no whole answer, or one that is a refusal."""
    return unanswered(attempt) or status_failure(attempt.status, 400)


def unanswered(attempt: Attempt) -> str:
    """Why an attempt brought no whole answer, if so. A caller that cancels is no failure."""
    outcome = attempt.outcome
    is_whole = attempt.status is not None and outcome is not Outcome.BROKEN
    return "" if is_whole or outcome is Outcome.CANCELLED else str(outcome)


def status_failure(status: int | None, least: int) -> str:
    """A status as a failure, from *least* on."""
    return str(status) if status is not None and status >= least else ""


def _asked(method: str, target: Target) -> Values:
    values = _method(method)
    values[semconv.SERVICE_PEER_NAME] = target.service
    if target.datacenter:
        values[semconv.MESH_DATACENTER] = target.datacenter
    if target.filter:
        values[semconv.MESH_FILTER] = clip(target.filter)
    return values


def _path_of(call: Call) -> str:
    return clip(call.path.partition("?")[0])


def _method(method: str) -> Values:
    if method in semconv.METHODS:
        return {semconv.HTTP_REQUEST_METHOD: method}
    return {semconv.HTTP_REQUEST_METHOD: semconv.OTHER, semconv.HTTP_REQUEST_METHOD_ORIGINAL: clip(method)}

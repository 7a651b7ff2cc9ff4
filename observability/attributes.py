"""What the spans of calls, attempts and requests say. Pure.

All of it is clean: plain values under known names, short and without what nobody may read.
"""

from __future__ import annotations

from discovery.model import Attempt, Outcome
from discovery.observer import Call, IncomingRequest, Lookup
from observability import semconv
from observability.failure import error_type
from observability.recording import Values
from observability.text import clip, redact_query, redact_url


def name_of(method: str) -> str:
    """What a span is called after its method."""
    return method if method in semconv.METHODS else "HTTP"


def of_call(call: Call) -> Values:
    """What is known of a call when it begins."""
    attributes = _method(call.method)
    attributes[semconv.SERVICE_PEER_NAME] = call.target.service
    attributes[semconv.URL_PATH] = clip(call.path.partition("?")[0])
    if call.target.datacenter:
        attributes[semconv.MESH_DATACENTER] = call.target.datacenter
    if call.target.filter:
        attributes[semconv.MESH_FILTER] = clip(call.target.filter)
    return attributes


def results_of(call: Call) -> Values:
    """What is known of it at its end: how old a view is that may be out of date, and what its last attempt came to."""
    results: Values = {}
    if call.lookup is not None and call.lookup.view is not None:
        results[semconv.MESH_VIEW_AGE] = call.lookup.age_s
        results[semconv.MESH_VIEW_SOURCE] = str(call.lookup.view.source)
    if call.queued_s:
        results[semconv.MESH_QUEUE_WAIT] = call.queued_s
    attempts = call.attempts
    results[semconv.MESH_ATTEMPTS] = len(attempts)
    if attempts:
        results[semconv.MESH_OUTCOME] = str(attempts[-1].outcome)
        if attempts[-1].status is not None:
            results[semconv.HTTP_RESPONSE_STATUS_CODE] = attempts[-1].status
    return results


def of_lookup(lookup: Lookup) -> Values:
    """What came of a lookup that a call waited for."""
    found: Values = {semconv.MESH_LOOKUP_WAIT: lookup.waited_s}
    if lookup.view is not None:
        found[semconv.MESH_LOOKUP_INSTANCES] = len(lookup.view.instances)
    return found


def of_attempt(call: Call, attempt: Attempt) -> Values:
    """What is known of an attempt at its end."""
    instance = attempt.instance
    attributes = _method(call.method)
    attributes[semconv.SERVER_ADDRESS] = instance.host
    attributes[semconv.SERVER_PORT] = instance.port
    attributes[semconv.SERVICE_PEER_NAME] = instance.service
    attributes[semconv.URL_FULL] = redact_url(f"http://{instance.address}{call.path}")
    attributes[semconv.MESH_ATTEMPT] = attempt.number
    attributes[semconv.MESH_INSTANCE_ID] = instance.id
    attributes[semconv.MESH_PICK_CANDIDATES] = attempt.candidates
    attributes[semconv.MESH_PICK_POOL] = str(attempt.pool)
    if attempt.ejected:
        attributes[semconv.MESH_PICK_EJECTED] = attempt.ejected
    if attempt.probe:
        attributes[semconv.MESH_PICK_PROBE] = True
    if attempt.number > 1:
        attributes[semconv.HTTP_REQUEST_RESEND_COUNT] = attempt.number - 1
        attributes[semconv.MESH_RETRY_REASON] = attempt.reason
        attributes[semconv.MESH_RETRY_DELAY] = attempt.waited_s
    attributes[semconv.MESH_OUTCOME] = str(attempt.outcome)
    if attempt.status is not None:
        attributes[semconv.HTTP_RESPONSE_STATUS_CODE] = attempt.status
    return attributes


def of_request(request: IncomingRequest) -> Values:
    """What is known of an incoming request when it begins."""
    attributes = _method(request.method)
    attributes[semconv.URL_PATH] = clip(request.path)
    attributes[semconv.URL_SCHEME] = request.scheme
    attributes[semconv.CLIENT_ADDRESS] = request.peer
    if request.query:
        attributes[semconv.URL_QUERY] = redact_query(request.query)
    if request.user_agent:
        attributes[semconv.USER_AGENT_ORIGINAL] = clip(request.user_agent)
    host, _, port = request.host.rpartition(":")
    if port.isdecimal() and len(port) <= 5:
        attributes[semconv.SERVER_ADDRESS] = clip(host)
        attributes[semconv.SERVER_PORT] = int(port)
    else:
        attributes[semconv.SERVER_ADDRESS] = clip(request.host)
    return attributes


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


def _method(method: str) -> Values:
    if method in semconv.METHODS:
        return {semconv.HTTP_REQUEST_METHOD: method}
    return {semconv.HTTP_REQUEST_METHOD: semconv.OTHER, semconv.HTTP_REQUEST_METHOD_ORIGINAL: clip(method)}

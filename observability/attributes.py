"""What the spans of calls, attempts and requests say. Pure.

All of it is clean: plain values under known names, short and without what nobody may read.
"""

from __future__ import annotations

from discovery.call import Call, Lookup
from discovery.incoming import IncomingRequest
from discovery.model import Attempt, Outcome
from observability import semconv
from observability.recording import Values
from observability.text import clip, redact_query, redact_url
from observability.traits import AttemptTraits, CallTraits, RequestTraits, asked


def begun(call: Call) -> Values:
    """What is known of a call when it begins, and a sampler is asked."""
    return {semconv.URL_PATH: _path_of(call), **asked(call.method, call.target)}


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


def traits_of_call(call: Call, failure: str) -> CallTraits:
    """What it has in common with others: how it was asked for, and what came of it; *failure* is its error's name."""
    attempts = call.attempts
    failure = failure_of_call(call, failure)
    if not attempts:
        return CallTraits(call.method, call.target, 0, "", None, failure)
    last = attempts[-1]
    return CallTraits(call.method, call.target, len(attempts), last.outcome, last.status, failure)


def of_attempt(call: Call, attempt: Attempt) -> Values:
    """What an attempt has for itself."""
    return {semconv.URL_FULL: redact_url(f"{attempt.instance.origin}{call.path}")}


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


def of_request(request: IncomingRequest) -> Values:
    """What an incoming request has for itself."""
    values: Values = {semconv.URL_PATH: clip(request.path)}
    if request.query:
        values[semconv.URL_QUERY] = redact_query(request.query)
    return values


def traits_of_request(request: IncomingRequest) -> RequestTraits:
    """What it has in common with others, as far as it is known when it begins; strangers' texts are short in it."""
    return RequestTraits(request.method, request.scheme, clip(request.host), request.peer, clip(request.user_agent))


def failure_of_call(call: Call, failure: str) -> str:
    """Why a call failed: its error, a body that broke off, or a status that is the far side's fault."""
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


def _path_of(call: Call) -> str:
    return clip(call.path.partition("?")[0])

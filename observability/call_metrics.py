"""What is measured of calls: how they ended, whom they went to, how long an attempt took.

Labels are few by construction: methods, statuses and outcomes from fixed sets, and the *service* as the address called.
Instances come and go; which of them served is a matter for traces, and exemplars lead there. For their sake it is said
where each was measured: an attempt may end in a callback that runs in some other request's context.
"""

from __future__ import annotations

from opentelemetry.metrics import Meter
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from discovery.call import Call
from discovery.model import Attempt, Outcome
from observability import semconv
from observability.attributes import unanswered
from observability.backlog import Backlog
from observability.durations import Instrument
from observability.histograms import Histograms
from observability.sampling import Start
from observability.tally import Tally

_CLIENT = Instrument(
    semconv.HTTP_CLIENT_REQUEST_DURATION,
    "s",
    "From the start of an attempt to its answer's headers, or to its failure.",
    semconv.DURATION_BUCKETS,
    (
        semconv.HTTP_REQUEST_METHOD,
        semconv.HTTP_RESPONSE_STATUS_CODE,
        semconv.ERROR_TYPE,
        semconv.SERVER_ADDRESS,
    ),
)


class CallMetrics:
    """Measures the calls of one process. ``known`` are services that the registry has shown, or that answered.

    Another name may be a stranger's, and makes no label.
    """

    def __init__(self, meter: Meter, histograms: Histograms, backlog: Backlog) -> None:
        self._backlog = backlog
        self._client = histograms.create(meter, _CLIENT)
        self._resends = meter.create_counter(
            semconv.MESH_CLIENT_RESENDS, unit="{attempt}", description="Attempts after the first, by reason."
        )
        self._calls = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_OUTCOME, semconv.ERROR_TYPE)
        self._picks = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_PICK_POOL)
        self._attempts = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_OUTCOME)
        for name, tally, unit, what in (
            (semconv.MESH_CLIENT_CALLS, self._calls, "{call}", "Calls that are over, by what they came to."),
            (semconv.MESH_CLIENT_PICKS, self._picks, "{pick}", "Instances picked, by the pool they were picked from."),
            (semconv.MESH_CLIENT_ATTEMPTS, self._attempts, "{attempt}", "Attempts that are over, by outcome."),
        ):
            meter.create_observable_counter(name, [backlog.before(tally)], unit, what)
        self.known: set[str] = set()

    def called(self, call: Call, where: Start, failure: str, cancelled: bool) -> None:
        """A call is over."""
        self._backlog.add(self._count, call, where, failure, cancelled)

    def _count(self, call: Call, where: Start, failure: str, cancelled: bool) -> None:
        # Without any attempt it has an outcome only if it was cancelled.
        service, attempts = str(call.target), call.attempts
        if attempts:
            self.known.add(service)
            outcome: str = attempts[-1].outcome
            method = semconv.method(call.method)
            for attempt in attempts:
                self._attempted(service, method, attempt, where)
        else:
            outcome = Outcome.CANCELLED if cancelled else ""
            if service not in self.known:
                service = semconv.OTHER
        self._calls.add(service, outcome, failure)

    def _attempted(self, service: str, method: str, attempt: Attempt, where: Start) -> None:
        self._picks.add(service, attempt.pool)
        self._attempts.add(service, attempt.outcome)
        if attempt.number > 1:
            labels = {semconv.SERVICE_PEER_NAME: service, semconv.MESH_RETRY_REASON: attempt.reason}
            self._resends.add(1, labels, set_span_in_context(NonRecordingSpan(where.context)))
        status, failure = status_labels(attempt.status, unanswered(attempt), least=400)
        self._client.record(attempt.duration_s, (method, status, failure, service), where)


def status_labels(status: int | None, failure: str, *, least: int) -> tuple[int | None, str]:
    """A status and a failure as labels; a status is a failure itself, from *least* on."""
    if status is None:
        return None, failure
    known = semconv.status(status)
    return known, failure or (str(known) if status >= least else "")

"""OTLP over HTTP: what senders send, within limits, and what they are told.

Senders are strangers: what is too big, too slow or broken is refused, and what is broken within a good request is left
out of it. An answer has the form of its request, and is given when everything is committed.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web

from discovery.web import Body, Problem
from observability.console.ingest.forms import SIGNALS, Form, Json, Protobuf
from observability.console.ingest.parcel import Parcel
from observability.console.ingest.recorder import LATER, Recorder

# One batch of 512 spans with all their attributes is about half a megabyte.
MAX_BODY = 8 * 2**20
READ_S = 10.0

# Bodies in memory that are not whole or not admitted yet. It is bytes that are bounded: places could be held by whoever
# sends slowly.
_HELD_MAX = 64 * 2**20

_FORMS: Mapping[str, Form] = {form.content_type: form for form in (Protobuf(), Json())}


def add_routes(app: web.Application, recorder: Recorder) -> None:
    """Receive at ``/v1/traces``, ``/v1/logs`` and ``/v1/metrics``."""
    receiving = _Receiving(recorder)
    for signal in SIGNALS:
        app.router.add_post(f"/v1/{{signal:{signal}}}", receiving.receive)


class _Receiving:
    """Answers requests."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._held = 0

    async def receive(self, request: web.Request) -> web.Response:
        """``POST /v1/{signal}``."""
        form = _FORMS.get(request.content_type)
        if form is None:
            raise Problem(415, f"expected {' or '.join(_FORMS)}")
        try:
            body = await self._store(request, form)
        except Problem as problem:
            # Told as OTLP wants it, and not to our log: the recorder does that, and never floods it.
            refusal = web.Response(
                status=problem.status,
                body=form.refusal(problem.detail),
                content_type=form.content_type,
                headers=problem.headers,
            )
            if hdrs.CONTENT_ENCODING in request.headers and not request.content.is_eof():
                # aiohttp would go on unpacking what nobody wants, which may be a thousand times what was sent, and
                # log with a traceback that it cannot.
                await refusal.prepare(request)
                await refusal.write_eof()
                request.protocol.force_close()
            return refusal
        return web.Response(body=body, content_type=form.content_type)

    async def _store(self, request: web.Request, form: Form) -> bytes:
        try:
            parcel = await self._admitted(request, form)
            stored = await self._recorder.store(parcel)
        except ValueError as error:
            raise Problem(400, str(error)) from None
        return form.answer(parcel.signal, stored.rejected, stored.reason)

    async def _admitted(self, request: web.Request, form: Form) -> Parcel:
        pieces: list[bytes] = []
        held = 0
        try:
            async for piece in Body(request, limit=MAX_BODY, within_s=READ_S):
                if self._held + len(piece) > _HELD_MAX:
                    self._recorder.turn_away("more comes in than memory may hold")
                    raise Problem(503, "too much is coming in", headers={**LATER, hdrs.CONNECTION: "close"})
                held += len(piece)
                self._held += len(piece)
                pieces.append(piece)
            parcel = Parcel(request.match_info["signal"], form, b"".join(pieces))
            await self._recorder.admit(parcel)
        finally:
            self._held -= held
        return parcel

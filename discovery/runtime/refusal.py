"""How a server says that it did not process a request, so that its caller may ask another instance."""

from __future__ import annotations

from aiohttp import hdrs, web

from discovery import wire


class NotProcessed(web.HTTPServiceUnavailable):
    """Raise it before a handler does anything that cannot be done twice.

    The caller gets a 503 that says so (``Mesh-Nack: refused``), and a mesh sends the request to another instance, even
    a POST. *reason* is for people, and stands in the body::

        async def transfer(request: web.Request) -> web.Response:
            if not request.app[LEADER].is_set():
                raise discovery.NotProcessed("only the leader takes transfers")
            await debit(request)
            return web.Response()

        app.router.add_post("/transfer", transfer)
    """

    def __init__(self, reason: str) -> None:
        super().__init__(headers={wire.NACK: wire.NACK_REFUSED}, text=f"not processed: {reason}\n")


class Refusal(web.Response):
    """Says that a request was not processed, or that it was ended, and why."""

    def __init__(self, nack: str, *, retry_after_s: int = 0) -> None:
        super().__init__(status=503, headers={wire.NACK: nack}, text=f"not processed: {nack}\n")
        self.nack = nack
        if retry_after_s:
            self.headers[hdrs.RETRY_AFTER] = str(retry_after_s)

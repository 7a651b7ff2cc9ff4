"""The metrics of one process in Prometheus' form, for whoever may read them.

They tell the names of services and how busy they are, so by default nobody may.
"""

from __future__ import annotations

import asyncio
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from observability.readers import Reader

# Whoever sends these speaks for somebody else: a proxy on this host makes no stranger a local.
_FORWARDED = (
    "Forwarded",
    "Via",  # RFC 9110, 7.6.3: a proxy has to send it
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)


class PrometheusReader(Reader, PrometheusMetricReader):
    """Reports whenever it is asked."""


class Exposition:
    """Answers ``GET /metrics``. ``reader`` belongs to the provider of the meters.

    The registry is its own: prometheus_client's global one would mix in what other libraries measure.
    """

    def __init__(self, *, strangers: bool) -> None:
        self._strangers = strangers
        self._registry = CollectorRegistry()
        self.reader = PrometheusReader(registry=self._registry, scope_info_enabled=False)
        # The reader's collector is not made for two at a time.
        self._one_at_a_time = asyncio.Lock()

    async def answer(self, request: web.Request) -> web.Response:
        """All metrics, rendered in a thread: some thousands of lines would hold up the event loop."""
        if not (self._strangers or _is_local(request)):
            raise web.HTTPForbidden(text="the metrics are for this host alone\n")
        async with self._one_at_a_time:
            text = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=text, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def _is_local(request: web.Request) -> bool:
    """Whether the connection itself comes from this host; what a header claims can only speak against it.

    The name under which we were reached is looked at too: a page of a stranger's, open in a browser of this host, may
    have made its own name lead to us (DNS rebinding).
    """
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not isinstance(peer, tuple) or any(name in request.headers for name in _FORWARDED):
        return False
    if not _is_nobodys_name(request.headers.get(hdrs.HOST, "")):
        return False
    address = ip_address(peer[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


def _is_nobodys_name(host: str) -> bool:
    """Whether that is an address, or ``localhost``: names that nobody can make lead elsewhere. HTTP/1.0 has none."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in {"", "localhost"} or bool(ip_address(name))
    except ValueError:
        return False

"""The names under which the world reaches a gateway, as an operator writes them: ``shop.example, localhost:8443``.

A page somewhere may have its own name lead to our address, and is then of the same origin as we are for its browser
(DNS rebinding). So what comes under another name is refused, where an operator has said which there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aiohttp import hdrs, web

from discovery.web import Problem
from services.gateway.entrance import TARGET

_NAME = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]"
_WRITTEN = re.compile(rf"({_NAME})(?::([1-9][0-9]{{0,4}}))?")
_HTTPS = 443
# By the registry and by who collects metrics.
_ASKED_BY_ADDRESS = frozenset({"health", "mesh", "metrics"})

Hosts = Mapping[str, str]


def parse_hosts(text: str) -> Hosts:
    """Each name, and the place in an ``https`` URL that leads to it.

    Raises:
        ValueError: for the first that is none.
    """
    return dict(_parsed(part.strip().lower()) for part in text.split(","))


def name_of(host: str) -> str:
    """The name in a ``Host`` header, without its port."""
    return re.sub(r":[0-9]*$", "", host).lower()


def place(request: web.BaseRequest, hosts: Hosts) -> str:
    """The one of *hosts* that *request* came to.

    Raises:
        Problem: 421 (RFC 9110, 15.5.20), for any other.
    """
    found = hosts.get(name_of(request.headers.get(hdrs.HOST, "")))
    if found is None:
        raise Problem(421, "nothing is here under this name", headers={hdrs.CONNECTION: "close"})
    return found


def only(hosts: Hosts) -> Callable[[web.Request], None]:
    """Let through what came to one of *hosts*, and what asks this process about itself, which is done by address."""

    def check(request: web.Request) -> None:
        if request[TARGET].segments[0] not in _ASKED_BY_ADDRESS:
            place(request, hosts)

    return check


def _parsed(text: str) -> tuple[str, str]:
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found[2] or _HTTPS) > 65535:
        raise ValueError(f"a host is written like shop.example, or localhost:8443: got {text!r:.80}")
    return found[1], text.removesuffix(f":{_HTTPS}")

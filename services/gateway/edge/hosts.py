"""The names under which the world reaches a gateway, as an operator writes them: ``shop.example, localhost:8443``."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]"
_WRITTEN = re.compile(rf"({_NAME})(?::([1-9][0-9]{{0,4}}))?")
_HTTPS = 443

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


def _parsed(text: str) -> tuple[str, str]:
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found[2] or _HTTPS) > 65535:
        raise ValueError(f"a host is written like shop.example, or localhost:8443: got {text!r:.80}")
    return found[1], text.removesuffix(f":{_HTTPS}")

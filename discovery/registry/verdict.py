"""What a status and the words beside it mean: whether Consul did it, refused it, or is unwell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from discovery.errors import FilterRejected, RegistryError, RegistryRejected, RegistryUnavailable

_WORDS_SHOWN = 300
_TOKEN = "CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE"  # noqa: S105 - where it is, not what
_ENTERPRISE = "Enterprise feature"
_TO_TLS = "HTTP request to an HTTPS server"

# An agent answers 404 with these words since 1.11, and 500 before; about a TTL still 500.
_UNKNOWN = re.compile(r"unknown (service|check)\b|checkid .{1,300} does not have associated ttl", re.IGNORECASE)
# Consul says so with a 500, as if it were its own fault.
_FILTER = re.compile(r"failed to create boolean expression evaluator: *(.*)", re.IGNORECASE | re.DOTALL)
_LACKS = re.compile(r"lacks permission '(\w+):(\w+)' on \"([^\"]+)\"")


def is_absent(status: int, headers: Mapping[str, str], words: str) -> bool:
    """Whether Consul said that there is no such key (with an index), service, or check of the kind that was meant.

    Anybody can answer 404; only Consul says it in one of these ways.
    """
    if status == 404 and "X-Consul-Index" in headers:
        return True
    return status in {404, 500} and _UNKNOWN.match(words) is not None


def verdict(who: str, status: int, words: str, needed: str = "") -> RegistryError | None:
    """The error that an answer of *who* amounts to; None for one that did what was asked.

    *needed* is the line of a policy that was needed; Consul does not always say it.
    """
    if 200 <= status < 300:
        return None
    said = f"{status} {' '.join(words[:_WORDS_SHOWN].split())}".strip()
    if status in {400, 500} and (filter_ := _FILTER.search(said)):
        return FilterRejected(f"{who} cannot read the filter: {filter_[1]}")
    if status == 429:
        return RegistryUnavailable(f"{who} has too many connections ({said}): raise its http_max_conns_per_client")
    if status >= 500:
        return RegistryUnavailable(f"{who} is unwell ({said}): see its log")
    if status == 403:
        return RegistryRejected(f"{who} refused ({said}): {_remedy(words, needed)}")
    if status == 400 and _TO_TLS in said:
        return RegistryRejected(f"{who} speaks TLS at that port: begin CONSUL_HTTP_ADDR with https://")
    if status == 400 and _ENTERPRISE in said:
        return RegistryRejected(f"{who} refused ({said}): unset CONSUL_NAMESPACE and CONSUL_PARTITION")
    if status in {400, 401}:
        return RegistryRejected(f"{who} refused ({said})")
    return RegistryRejected(f"{who} answered {said}: is that a Consul agent?")


def _remedy(words: str, needed: str) -> str:
    if lacks := _LACKS.search(words):
        kind, right, name = lacks.groups()
        return f'the token needs {kind} "{name}" {{ policy = "{right}" }}'
    wanted = f": {needed}" if needed else ""
    if "ACL not found" in words:
        return f"it does not know the token; check {_TOKEN}, which must be one with a policy{wanted}"
    return f"the token needs a policy that allows this; check {_TOKEN}{wanted}"

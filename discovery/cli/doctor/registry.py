"""Consul itself: whether it answers, has a leader, and lets us see what we need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from discovery.cli.away import Away
from discovery.cli.consul import Reply
from discovery.cli.doctor.finding import Finding, ok, problem, warning
from discovery.cli.text import clip
from discovery.model import NOTHING

# More, and the times in traces and logs of two machines can no longer be compared by eye. The header has whole
# seconds, so a second of it is no evidence.
_SKEW_S = 2.0

_ADVICE = {
    "refused": "start one (consul agent -dev, or python -m discovery.devagent), or name another in CONSUL_HTTP_ADDR",
    "name": "name a host that this machine can resolve in CONSUL_HTTP_ADDR",
    "silent": "see whether a firewall drops the packets, and whether the agent is overloaded (consul monitor)",
    "broken": "name the port of Consul's HTTP API in CONSUL_HTTP_ADDR: 8500 by default, 8501 for HTTPS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Self:
    """What the agent says about itself, as far as it is let say."""

    node: str = ""
    version: str = ""
    connections: int = 0
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)


def judge_reach(who: str, answer: Reply | Away) -> list[Finding]:
    """Judge the answer of ``/v1/status/leader``, which needs no token."""
    if isinstance(answer, Away):
        # What TLS failed for is known better than for the rest.
        advice = answer.advice if answer.kind == "tls" else _ADVICE[answer.kind]
        return [problem(f"consul-{answer.kind}", answer.text, advice)]
    if answer.status == 429:
        advice = "raise limits.http_max_conns_per_client of the agent, or run fewer processes per host"
        return [problem("consul-connections", f"{who} takes no more connections from this host", advice)]
    leader = _json(answer.body) if answer.status == 200 else None
    if leader == "" or (answer.status == 500 and "leader" in answer.words[:300].lower()):
        advice = "see that more than half of the servers run and reach each other: consul operator raft list-peers"
        return [problem("consul-leader", f"{who} knows no leader: nothing can be registered or trusted", advice)]
    if not isinstance(leader, str):
        text = f"{who} is not Consul: it answered {answer.status} {clip(answer.words, 60)}".strip()
        return [problem("consul-other", text, _ADVICE["broken"])]
    return [ok("consul", f"{who} answers; its leader is {clip(leader)}")]


def read_self(answer: Reply | Away) -> Self:
    """Take what is of use from ``/v1/agent/self``."""
    if isinstance(answer, Away) or answer.status != 200:
        return Self(headers=NOTHING if isinstance(answer, Away) else answer.headers)
    said = _json(answer.body)
    config, debug = _part(said, "Config"), _part(said, "DebugConfig")
    limit = debug.get("HTTPMaxConnsPerClient")
    return Self(
        node=clip(str(config.get("NodeName", ""))),
        version=clip(str(config.get("Version", ""))),
        connections=limit if isinstance(limit, int) else 0,
        headers=answer.headers,
    )


def judge_right(id: str, what: str, rule: str, answer: Reply | Away, *, anonymous: bool, vital: bool) -> list[Finding]:
    """Judge whether we may read *what*; *rule* is the line that a policy needs for it."""
    if isinstance(answer, Away):
        return [problem(id, answer.text, answer.advice or _ADVICE["broken"])]
    say = problem if vital else warning
    where = (
        "a policy of the anonymous token, or better a token in CONSUL_HTTP_TOKEN or its file with a policy"
        if anonymous
        else ("a policy of the token")
    )
    grant = f"add to {where}: {rule}"
    if answer.status == 403 and "ACL not found" in answer.words:
        advice = "put the secret of one that exists into CONSUL_HTTP_TOKEN or its file: consul acl token list"
        return [problem("acl-token", "Consul does not know the token", advice)]
    if answer.status == 403:
        return [say(id, f"Consul refuses {what}", grant)]
    if answer.status not in {200, 404}:
        return [say(id, f"Consul answered {answer.status} about {what}: {clip(answer.words)}", "see the agent's log")]
    if answer.headers.get("X-Consul-Results-Filtered-By-ACLs") == "true":
        return [say(id, f"Consul hides some of {what}", grant)]
    if anonymous and answer.headers.get("X-Consul-Default-ACL-Policy") == "deny":
        text = f"without a token, a Consul that denies by default shows of {what} only what everybody may see"
        if answer.status == 404 or _json(answer.body) in ({}, []):
            return [say(id, text, grant)]
        if vital:
            return [warning(id, text, grant)]
    return [ok(id, f"{what} can be read")]


def judge_clock(headers: Mapping[str, str], now: float) -> list[Finding]:
    """Compare the ``Date`` of an answer with our time of day."""
    try:
        there = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return [warning("clock", "the agent does not tell the time", "see whether a proxy stands between")]
    # A date without a zone is UTC, by the rules of HTTP.
    skew = now - there.replace(tzinfo=there.tzinfo or UTC).timestamp()
    # The header was cut to whole seconds: half a second is the best guess of what is missing.
    if abs(skew - 0.5) <= _SKEW_S:
        return [ok("clock", "our clock and the agent's agree")]
    way = "ahead of" if skew > 0 else "behind"
    advice = "have both machines keep their time by NTP (timedatectl set-ntp true)"
    return [
        warning("clock", f"our clock is {abs(skew):.0f} s {way} the agent's: traces will look out of order", advice)
    ]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _part(document: Any, name: str) -> dict[str, Any]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}

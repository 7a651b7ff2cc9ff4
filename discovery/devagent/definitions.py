"""Making sense of a registration that was sent to an agent, or refusing it in Consul's words."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discovery.devagent import durations
from discovery.devagent.records import Service, Status
from discovery.devagent.refusal import Refused
from discovery.policy.registrable import META_PAIRS, pair_problem

_SHORTEST_INTERVAL_S = 1.0
_DEFAULT_TIMEOUT_S = 10.0
# Consul takes no shorter one: a reaper that is quicker than a restart would be.
_SHORTEST_REAPING_S = 60.0

_HEAVIEST = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """How a check is made: by asking *http*, or by waiting for word within *ttl_s*."""

    id: str
    name: str
    notes: str = ""
    status: Status = Status.CRITICAL
    ttl_s: float = 0.0
    http: str = ""
    method: str = "GET"
    header: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interval_s: float = 0.0
    timeout_s: float = _DEFAULT_TIMEOUT_S
    deregister_after_s: float = 0.0
    verify_tls: bool = True
    # As they were sent, for showing.
    shown_interval: str = ""
    shown_timeout: str = ""

    @property
    def type(self) -> str:
        return "http" if self.http else "ttl"


def service(sent: Mapping[str, Any]) -> tuple[Service, tuple[CheckDefinition, ...]]:
    """Make sense of a service's registration.

    Raises:
        Refused: 400 in Consul's words.
    """
    name = sent.get("Name", "")
    if not name:
        raise Refused(400, "Missing service name")
    address = sent.get("Address", "")
    if address in {"0.0.0.0", "::", "[::]"}:
        raise Refused(400, "Invalid service address")
    meta = sent.get("Meta", {})
    _check_meta(meta)
    passing, warning = _weights(sent)
    known = Service(
        id=sent.get("ID") or name,
        name=name,
        tags=tuple(sent.get("Tags", ())),
        address=address,
        port=sent.get("Port", 0),
        meta=meta,
        weight=passing,
        warning_weight=warning,
        tagged_addresses=_tagged_addresses(sent, address),
        enable_tag_override=sent.get("EnableTagOverride", False),
    )
    checks = [one for one in (sent.get("Check"), *sent.get("Checks", ())) if one]
    return known, tuple(
        check(one, default_id=f"service:{known.id}" + (f":{number}" if len(checks) > 1 else ""), of=name)
        for number, one in enumerate(checks, start=1)
    )


def check(sent: Mapping[str, Any], *, default_id: str = "", of: str = "") -> CheckDefinition:
    """Make sense of one check; *of* names the service it comes with, if any.

    Raises:
        Refused: 400 in Consul's words.
    """
    ttl, interval, http = sent.get("TTL", 0.0), sent.get("Interval", 0.0), sent.get("HTTP", "")
    name = sent.get("Name") or (f"Service '{of}' check" if of else "")
    if not name:
        raise Refused(400, "Missing check name")
    status = sent.get("Status") or Status.CRITICAL
    if status not in set(Status):
        raise Refused(400, "Status for checks must 'passing', 'warning', 'critical'")
    if interval > 0 and ttl > 0:
        raise Refused(400, "Invalid check: Interval and TTL cannot both be specified")
    if http and interval <= 0:
        raise Refused(400, "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks")
    if not http and ttl <= 0:
        raise Refused(400, "Invalid check: TTL must be > 0 for TTL checks")
    reaping = sent.get("DeregisterCriticalServiceAfter", 0.0)
    return CheckDefinition(
        id=sent.get("CheckID") or sent.get("ID") or default_id or name,
        name=name,
        notes=sent.get("Notes", ""),
        status=Status(status),
        ttl_s=ttl,
        http=http,
        method=sent.get("Method") or "GET",
        header={key: tuple(values) for key, values in sent.get("Header", {}).items()},
        interval_s=max(interval, _SHORTEST_INTERVAL_S),
        timeout_s=sent.get("Timeout") or _DEFAULT_TIMEOUT_S,
        deregister_after_s=max(reaping, _SHORTEST_REAPING_S) if reaping > 0 else 0.0,
        verify_tls=not sent.get("TLSSkipVerify", False),
        shown_interval=_shown(interval, of),
        shown_timeout=_shown(sent.get("Timeout", 0.0), of),
    )


def _weights(sent: Mapping[str, Any]) -> tuple[int, int]:
    if (weights := sent.get("Weights")) is None:
        return 1, 1
    passing, warning = weights.get("Passing", 0), weights.get("Warning", 0)
    if passing < 1:
        raise Refused(400, "Invalid Weights: Passing must be greater than 0")
    if warning < 0:
        raise Refused(400, "Invalid Weights: Warning must be greater or equal than 0")
    if max(passing, warning) > _HEAVIEST:
        raise Refused(400, f"Invalid Weights: DNS Weight must be between 0 and {_HEAVIEST}")
    return passing, warning


def _shown(seconds: float, of: str) -> str:
    # A service's check shows an empty text where a check of the node shows a zero.
    return durations.show(seconds) if seconds or not of else ""


def _tagged_addresses(sent: Mapping[str, Any], address: str) -> dict[str, tuple[str, int]]:
    given = {
        network: (where.get("Address", ""), where.get("Port", 0))
        for network, where in sent.get("TaggedAddresses", {}).items()
    }
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return given
    own = (address, sent.get("Port", 0))
    return {f"lan_ipv{version}": own, f"wan_ipv{version}": own, **given}


def _check_meta(meta: Mapping[str, str]) -> None:
    if len(meta) > META_PAIRS:
        raise Refused(400, f"Invalid Service Meta: Node metadata cannot contain more than {META_PAIRS} key/value pairs")
    for key, value in meta.items():
        if problem := pair_problem(key, value):
            raise Refused(400, f"Invalid Service Meta: Couldn't load metadata pair ('{key}', '{value}'): {problem}")

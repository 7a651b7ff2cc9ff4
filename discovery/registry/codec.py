"""Consul's JSON to our nouns and back. Pure: bytes and strings in, values out.

Answers are decoded by typed structs: at ten thousand instances the standard decoder takes six times as long. The
collector of garbage does not follow them, since they live for a moment and refer to nothing in a circle. An answer
that Consul would not give raises :class:`Garbled` and nothing else. One bad entry does not hide the others: it is left
out.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from discovery.model import NOTHING, Check, Health, Instance
from discovery.registry.pool import Pool
from discovery.registry.port import Entry, HttpCheck, Registration
from discovery.registry.slices import slices

T = TypeVar("T")


class Garbled(ValueError):
    """An answer that Consul would not give."""


class _Weights(msgspec.Struct, rename="pascal", gc=False):
    passing: int = 1
    warning: int = 1


class _Service(msgspec.Struct, rename="pascal", gc=False):
    id: str = msgspec.field(name="ID")
    service: str
    address: str = ""
    port: int = 0
    tags: list[str] | None = None
    meta: dict[str, str] | None = None
    weights: _Weights | None = None


class _AgentService(_Service, rename="pascal", kw_only=True, gc=False):
    content_hash: str
    datacenter: str = ""


class _Check(msgspec.Struct, rename="pascal", gc=False):
    id: str = msgspec.field(name="CheckID")
    status: str
    name: str = ""
    output: str = ""
    service_id: str = msgspec.field(name="ServiceID", default="")


class _Node(msgspec.Struct, rename="pascal", gc=False):
    node: str = ""
    address: str = ""
    datacenter: str = ""


class _Row(msgspec.Struct, rename="pascal", gc=False):
    service: _Service
    node: _Node = msgspec.field(default_factory=_Node)
    checks: list[_Check] | None = None


class _Pair(msgspec.Struct, rename="pascal", gc=False):
    key: str
    value: str | None = None


_ROW = msgspec.json.Decoder(_Row)
_PAIR, _PAIRS = msgspec.json.Decoder(_Pair), msgspec.json.Decoder(list[_Pair])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_NAMES = msgspec.json.Decoder(dict[str, list[str] | None])
_ENTRY = msgspec.json.Decoder(_AgentService)

_HEALTH: Mapping[str, Health] = {health.value: health for health in Health}


def index_of(headers: Mapping[str, str]) -> int:
    """The index of an answer; one without an index cannot be followed, so it is no answer."""
    raw = headers.get("X-Consul-Index", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 20):  # an unsigned 64-bit number has at most 20 digits
        raise Garbled("no X-Consul-Index")
    return int(raw)


def doubt_of(headers: Mapping[str, str], *, blocking: bool, anonymous: bool) -> str:
    """Why the registry itself says that an answer may be incomplete; empty when it does not."""
    # Agents since 1.10 stream the answer of a blocking read, and then always deny that there is a leader.
    if not blocking and headers.get("X-Consul-KnownLeader") == "false":
        return "the registry knows no leader"
    if is_filtered(headers):
        return 'the token may not see all of them: it needs service "..." and node_prefix "" { policy = "read" }'
    if anonymous and headers.get("X-Consul-Default-ACL-Policy") == "deny":
        return "without a token, a registry that denies by default shows nothing"
    return ""


def is_filtered(headers: Mapping[str, str]) -> bool:
    """Whether the registry left out what the token may not see."""
    return headers.get("X-Consul-Results-Filtered-By-ACLs") == "true"


def entries(content: bytes) -> list[msgspec.Raw]:
    """The entries of ``/v1/health/service/:name``, as they came."""
    try:
        return [entry for piece in slices(content) for entry in _whole(_RAW, piece)]
    except Garbled:
        return _whole(_RAW, content)


def decode_instance(entry: msgspec.Raw, pool: Pool) -> Instance | None:
    """The instance of one entry, wherever it says that it is; ``None`` of an entry without sense.

    An unknown status of a check counts as critical.
    """
    try:
        return _instance(_ROW.decode(entry), pool)
    except (ValueError, RecursionError):
        return None


def decode_entry(content: bytes) -> Entry:
    """The entry of ``/v1/agent/service/:id``. An empty host means the address of the agent itself."""
    service = _whole(_ENTRY, content)
    return Entry(_instance(_Row(service, _Node(datacenter=service.datacenter)), Pool()), service.content_hash)


def decode_names(content: bytes) -> Mapping[str, tuple[str, ...]]:
    """The services of ``/v1/catalog/services`` with their tags."""
    return {name: tuple(tags or ()) for name, tags in _whole(_NAMES, content).items()}


def decode_values(content: bytes, prefix: str) -> Mapping[str, str]:
    """The keys of ``/v1/kv/:prefix?recurse`` without the prefix. What is not text is left out."""
    values = {}
    for pair in _each(_PAIRS, _PAIR, content):
        key = pair.key.removeprefix(prefix)
        if key and pair.key.startswith(prefix):
            try:
                values[key] = b64decode(pair.value or "", validate=True).decode()
            except ValueError:
                continue
    return values


def encode_registration(registration: Registration) -> bytes:
    """The body of ``PUT /v1/agent/service/register``.

    A TTL check starts as passing: whoever registers is alive, so registering counts as the first beat.
    """
    instance, check = registration.instance, registration.check
    body: dict[str, object] = {
        "CheckID": check_id(instance.id),
        "Name": f"{instance.service} is ready",
        "DeregisterCriticalServiceAfter": duration(check.deregister_after_s),
    }
    if isinstance(check, HttpCheck):
        body |= {
            "HTTP": check.url,
            "Interval": duration(check.interval_s),
            "Timeout": duration(check.timeout_s),
            "Status": Health.PASSING if check.passing else Health.CRITICAL,
        }
        if check.url.startswith("https:"):  # the agent seldom knows who signs, and is told nothing that is secret
            body["TLSSkipVerify"] = True
    else:
        body |= {"TTL": duration(check.ttl_s), "Status": Health.PASSING}
    return msgspec.json.encode(
        {
            "ID": instance.id,
            "Name": instance.service,
            "Address": instance.host,
            "Port": instance.port,
            "Tags": instance.tags,
            "Meta": dict(instance.meta),
            "Weights": {"Passing": instance.weight, "Warning": instance.warning_weight},
            "Check": body,
        }
    )


def check_id(instance_id: str) -> str:
    """The id of the one check of an instance, as Consul itself would name it."""
    return f"service:{instance_id}"


def duration(seconds: float) -> str:
    """A duration as Go writes it. Milliseconds, since Go does not read exponents."""
    return f"{max(1, round(seconds * 1000))}ms"


def worst(checks: Iterable[Check]) -> Health:
    """The health that *checks* amount to: none at all are passing, as for Consul."""
    statuses = {check.status for check in checks}
    # The words are declared worst first.
    return next((health for health in Health if health in statuses), Health.PASSING)


def _instance(row: _Row, pool: Pool) -> Instance:
    service, node = row.service, row.node
    checks = tuple(_check(check, pool) for check in row.checks or ())
    weights = service.weights or _Weights()
    meta = {key: pool.one(value) for key, value in (service.meta or {}).items()}
    return Instance(
        id=service.id,
        service=pool.one(service.service),
        host=service.address or node.address,
        port=service.port,
        health=worst(checks),
        tags=pool.one(tuple(service.tags or ())),
        meta=MappingProxyType(meta) if meta else NOTHING,
        weight=max(1, weights.passing),
        warning_weight=max(0, weights.warning),
        node=pool.one(node.node),
        datacenter=pool.one(node.datacenter),
        checks=checks,
    )


def _check(check: _Check, pool: Pool) -> Check:
    status = _HEALTH.get(check.status, Health.CRITICAL)
    if check.service_id:
        return Check(check.id, status, pool.one(check.name), check.output)
    # A check of the node says the same of all its instances, and mostly of all nodes.
    return pool.check(check.id, status, check.name, check.output)


def _whole(decoder: msgspec.json.Decoder[T], content: bytes) -> T:
    try:
        return decoder.decode(content)
    except (ValueError, RecursionError) as exc:  # every error of msgspec is a ValueError
        raise Garbled(str(exc)) from None


def _each(many: msgspec.json.Decoder[list[T]], one: msgspec.json.Decoder[T], content: bytes) -> Iterator[T]:
    """All entries of a list, or, where some make no sense, those that do."""
    try:
        yield from many.decode(content)
    except (ValueError, RecursionError):
        for raw in _whole(_RAW, content):
            try:
                yield one.decode(raw)
            except (ValueError, RecursionError):
                continue

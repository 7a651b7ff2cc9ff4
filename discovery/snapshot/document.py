"""A view as bytes, and back: lines, of which the first has a version and a checksum, the second says what it is about.

The others are an instance each, so that a thread that reads or writes ten thousand lets the event loop have its turns
between them. What a check last said is left out: it is long, changes with every run, and nobody chooses by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from discovery.model import Check, Health, Instance, Target

VERSION = 1
_FORMAT = "proconsul-view"


class Unusable(Exception):
    """A snapshot that must not be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Who was there, when the registry last confirmed it (seconds since the epoch).

    *origin* says by whom and where it was asked: what one registry said is no answer of another one.
    """

    origin: str
    target: Target
    index: int
    confirmed_at: float
    instances: tuple[Instance, ...]


def encode(memory: Memory) -> bytes:
    """Write it down."""
    about = {
        "origin": memory.origin,
        "target": memory.target,
        "index": memory.index,
        "confirmed_at": memory.confirmed_at,
    }
    body = "".join(f"{json.dumps(line)}\n" for line in (about, *map(_described, memory.instances))).encode()
    return f"{_FORMAT} {VERSION} {sha256(body).hexdigest()}\n".encode() + body


def decode(content: bytes) -> Memory:
    """Read it.

    Raises:
        Unusable: when it is not whole, was changed, or is of another version.
    """
    head, _, body = content.partition(b"\n")
    words = head.split(b" ")
    if len(words) != 3 or words[0] != _FORMAT.encode():
        raise Unusable("it is no snapshot of a view")
    if words[1] != str(VERSION).encode():
        raise Unusable(f"it has version {words[1][:20].decode(errors='replace')}, and this is version {VERSION}")
    if words[2] != sha256(body).hexdigest().encode():
        raise Unusable("its checksum does not fit: it was cut off, or changed")
    try:
        about, *instances = (json.loads(line) for line in body.splitlines())
        return Memory(
            origin=str(about["origin"]),
            target=_target(*about["target"]),
            index=int(about["index"]),
            confirmed_at=float(about["confirmed_at"]),
            instances=tuple(map(_instance, instances)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise Unusable(f"it does not say what a snapshot says ({type(error).__name__}: {error})") from None


def _target(service: str, datacenter: str, filter: str, secure: bool) -> Target:
    return Target(str(service), str(datacenter), str(filter), bool(secure))


def _described(instance: Instance) -> Mapping[str, Any]:
    return {
        "id": instance.id,
        "service": instance.service,
        "host": instance.host,
        "port": instance.port,
        "health": instance.health,
        "tags": instance.tags,
        "meta": dict(instance.meta),
        "weight": instance.weight,
        "warning_weight": instance.warning_weight,
        "node": instance.node,
        "datacenter": instance.datacenter,
        "checks": [(check.id, check.status, check.name) for check in instance.checks],
    }


def _instance(said: Any) -> Instance:
    port = int(said["port"])
    if not 0 <= port <= 65535:
        raise ValueError(f"there is no port {port}")
    return Instance(
        id=str(said["id"]),
        service=str(said["service"]),
        host=str(said["host"]),
        port=port,
        health=Health(said["health"]),
        tags=tuple(str(tag) for tag in said["tags"]),
        meta=MappingProxyType({str(key): str(value) for key, value in said["meta"].items()}),
        weight=int(said["weight"]),
        warning_weight=int(said["warning_weight"]),
        node=str(said["node"]),
        datacenter=str(said["datacenter"]),
        checks=tuple(Check(str(each[0]), Health(each[1]), str(each[2])) for each in said["checks"]),
    )

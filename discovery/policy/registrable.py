"""What an agent of Consul's registers, judged before it is asked: it would refuse us over and over.

The rules for metadata are those of ``structs.ValidateServiceMetadata`` of Consul 1.19. Lengths are in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

META_PAIRS = 64
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KEY_LENGTH = 128
_VALUE_LENGTH = 512

# The weight of an SRV record has 16 bits.
_HEAVIEST = 65535

# Pairs that the mesh itself registers; those with a value of the user's are named by settings of their own.
OURS = frozenset({"boot", "generation", "version", "zone"})
# It says ``secure`` as well, where it speaks TLS; where somebody before us does, the user says it. How a process is
# spoken to does not change while it runs.
LASTING = OURS | {"secure"}
_MOST = META_PAIRS - len(LASTING)


def meta_problems(meta: Mapping[str, str]) -> Iterator[str]:
    """Why an instance with that *meta* of its own cannot be registered, a sentence each."""
    if len(meta) > _MOST:
        yield f"meta has {len(meta)} pairs, and may have {_MOST}: Consul takes {META_PAIRS} with those of the mesh"
    for key, value in meta.items():
        if key in OURS:
            yield f"meta {key!r} is the mesh's own"
        elif problem := pair_problem(key, value):
            yield f"meta {key!r}: {problem}"


def entry_problems(version: str, zone: str, tags: object, weight: object, warning_weight: object) -> Iterator[str]:
    """Why an instance that says so of itself cannot be registered, or not as it is meant, a sentence each."""
    for name, value in (("version", version), ("zone", zone)):
        if problem := pair_problem(name, value):
            yield f"{name} {value!r:.40}: {problem}"
    if not isinstance(tags, Sequence) or isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        yield f"tags must be a tuple of words, got {tags!r:.40}"
    for name, share, least in (("weight", weight, 1), ("warning_weight", warning_weight, 0)):
        if not (isinstance(share, int) and least <= share <= _HEAVIEST):
            yield f"{name} must be a whole number from {least} to {_HEAVIEST}, got {share!r}"


def pair_problem(key: str, value: object) -> str:
    """Why Consul refuses a pair, in its words; empty when it does not."""
    if not key:
        return "Key cannot be blank"
    if not isinstance(value, str):
        return f"Value must be a string, got {value!r:.40}"
    if not _KEY.fullmatch(key):
        return "Key contains invalid characters"
    if len(key) > _KEY_LENGTH:
        return f"Key is too long (limit: {_KEY_LENGTH} characters)"
    if key.startswith("consul-"):
        return "Key prefix 'consul-' is reserved for internal use"
    if len(value.encode(errors="surrogatepass")) > _VALUE_LENGTH:
        return f"Value is too long (limit: {_VALUE_LENGTH} characters)"
    return ""


def id_problem(id: str) -> str:
    """Why an instance under that id could be registered, and never be taken out; empty when it could."""
    parts = f"/{id}".split("/")[1:]
    if any(part in {".", ".."} for part in parts) or "" in parts[:-1]:
        return f"instance_id {id!r}: with //, /./ or /../ in its path, an agent does not find it any more"
    return ""

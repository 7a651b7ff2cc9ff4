"""What only the gateway, or somebody in the mesh, may say: said by a client, and taken from him in every way."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.gateway.corpus.case import Case, Form, get
from benchmarks.gateway.corpus.judging import FORGED_TRACE

_SET = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Mesh-Deadline-Ms", "Accept-Encoding", "Host-")
_FORGED = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Anything",
    "Forwarded",
    "Via",
    "X-Real-IP",
    "Mesh-Deadline-Ms",
    "Mesh-Priority",
    "Mesh-Nack",
    "Mesh-Retries",
    "Mesh-Instance",
    "Mesh-Anything",
    "baggage",
    "tracestate",
)
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "with underscores": lambda name: name.replace("-", "_") if "-" in name else f"{name}_",
}
# Every way to have a careless proxy drop one that it has set itself.
_NAMING = {
    "alone": "{}",
    "after close": "close, {}",
    "before close": "{} ,close",
    "twice": "{},{}",
    "behind a tab": "\t{}",
    "among commas": ",,{},,",
    "in a second line": "keep-alive\r\nConnection: {}",
    "in two lines": "{}\r\nconnection: {}",
}
_SPANS = ("1" * 16, "0" * 16, "G" * 16, "1" * 15)
_VERSIONS = ("00", "01", "ff", "0", "")
_FLAGS = ("00", "01", "ff", "1", "")


def cases() -> list[Case]:
    """All of them."""
    nothing = (Form(),)
    found: list[Case] = []
    for name in _FORGED:
        for how, spelt in _SPELLINGS.items():
            lines = (f"{spelt(name)}: evil", f"{spelt(name)}: evil, evil")
            found.append(Case("forged", f"{name} {how}", get(*lines), nothing, refused=None))
    for name in _SET:
        for how, naming in _NAMING.items():
            said = f"Connection: {naming.format(name, name)}"
            found.append(Case("named", f"{name} {how}", get(said), nothing, refused=False, closes="close" in said))
            forged = get(f"{name}: evil", said, f"{name.lower()}: evil")
            found.append(
                Case("named", f"{name} {how}, and forged", forged, nothing, refused=None, closes="close" in said)
            )
    return found + _traces()


def _traces() -> list[Case]:
    """A trace of the client's: any that reaches a service is one of the gateway's own."""
    found = [
        Case(
            "trace",
            f"{version}-{span}-{flag}",
            get(f"traceparent: {version}-{FORGED_TRACE}-{span}-{flag}"),
            (Form(),),
            refused=None,
        )
        for version in _VERSIONS
        for span in _SPANS
        for flag in _FLAGS
    ]
    odd = {
        "twice": get(*[f"traceparent: 00-{FORGED_TRACE}-{'1' * 16}-01"] * 2),
        "in capitals": get(f"TRACEPARENT: 00-{FORGED_TRACE.upper()}-{'A' * 16}-01"),
        "with a tail": get(f"traceparent: 00-{FORGED_TRACE}-{'1' * 16}-01-evil"),
        "of 8000 bytes": get(f"traceparent: {FORGED_TRACE * 250}"),
        "of zeros": get(f"traceparent: 00-{'0' * 32}-{'0' * 16}-01", "tracestate: evil=1"),
        "named by Connection": get(f"traceparent: 00-{FORGED_TRACE}-{'1' * 16}-01", "Connection: traceparent"),
        "with a state": get(
            f"traceparent: 00-{FORGED_TRACE}-{'1' * 16}-01", "tracestate: evil=1", "tracestate: a=evil"
        ),
        "of B3": get(f"b3: {FORGED_TRACE}-{'1' * 16}-1"),
        "of B3 in parts": get(f"X-B3-TraceId: {FORGED_TRACE}", "X-B3-Sampled: 1", "X-B3-Flags: 1"),
        "of Jaeger": get(f"uber-trace-id: {FORGED_TRACE}:1:0:1", "uberctx-a: evil"),
        "of Amazon": get(f"X-Amzn-Trace-Id: Root=1-{FORGED_TRACE[:8]}-{FORGED_TRACE[8:]}"),
        "with baggage": get("baggage: evil=1;evil", "baggage: " + "evil=1," * 500),
        "with odd baggage": get("baggage: ,,=,;=\t%zz evil"),
    }
    return found + [Case("trace", name, request, (Form(),), refused=None) for name, request in odd.items()]

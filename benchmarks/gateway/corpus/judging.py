"""What is wrong with what became of a case: read by rules that are stricter than any server's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from benchmarks.gateway.corpus.case import EVIL, SERVICE, Case, Form

_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.1")
_FIELD = re.compile(rb"([A-Za-z0-9-]+): ([\t -~\x80-\xff]*)")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) ")
_END = Form(target=f"/{SERVICE}/end")

# What the gateway, or its client, says of its own; each at most once, with such a value.
_OWN = {
    "accept": r"\*/\*",
    "accept-encoding": r"identity|gzip|gzip, ?deflate(, ?br)?",
    "content-length": r"[0-9]+",
    "transfer-encoding": r"chunked",
    "host": r"[0-9.:]+",
    "mesh-deadline-ms": r"[0-9]{1,5}",
    "traceparent": r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]",
    "x-forwarded-for": r"[0-9a-f.:]+",
    "x-forwarded-host": r".+",
    "x-forwarded-proto": r"https?",
    "x-request-id": r"[0-9a-zA-Z-]+",
}
_NEEDED = ("host", "x-forwarded-for", "x-forwarded-proto")
# As many trace ids as a client may have said; ours are of chance, and never such.
FORGED_TRACE = "e0" * 16


def judge(
    case: Case, answer: bytes, taken: Sequence[bytes], *, host: str, also: Mapping[str, str] = MappingProxyType({})
) -> str:
    """What is wrong, in one line; empty where nothing is. *host* is the address of the service.

    *also* is what another gateway says of its own beside what ours does: the patterns of the values by name.
    """
    statuses = [int(status) for status in _STATUS.findall(answer)]
    if said := next((word for word in (b"Traceback", b"aiohttp", EVIL.encode()) if word in answer), None):
        return f"the answer says {said!r}: {answer[:200]!r}"
    if any(status in {500, 502, 504} for status in statuses):
        return f"an answer is {statuses}"
    try:
        reached = [_read(request, host, {**_OWN, **also}) for request in taken]
    except ValueError as error:
        return f"{error}: {taken!r}"
    if reached and reached[-1][0] == _END and reached[-1][1] in {"gw", ""}:
        reached.pop()
    if not reached:
        return "" if case.refused is not False else f"it was refused: {answer[:300]!r}"
    if case.refused:
        return f"it reached a service: {taken[0][:200]!r}"
    forms = list(case.forms if case.refused is False else case.forms[: len(reached)])
    if [form for form, _ in reached] != forms:
        return f"what reached the service is {reached}, and not {case.forms}"
    if hosts := [said for _, said in reached if said != case.host]:
        return f"X-Forwarded-Host is {hosts}, and not {case.host!r}"
    return ""


def _read(request: bytes, host: str, known: Mapping[str, str]) -> tuple[Form, str]:
    """Take apart what a service was sent.

    Raises:
        ValueError: for anything that it must not be sent.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise ValueError("a line that is none")
    own: dict[str, str] = {}
    fields: list[tuple[str, str]] = []
    for raw in rest:
        found = _FIELD.fullmatch(raw)
        if found is None:
            raise ValueError(f"a field that is none, {raw[:80]!r}")
        name, value = found[1].decode().lower(), found[2].decode("latin-1")
        if name in known and not (name == "accept" and value != "*/*"):
            if name in own or not re.fullmatch(known[name], value):
                raise ValueError(f"{name} is not the gateway's own, or said twice")
            own[name] = value
        else:
            fields.append((name, value))
    form = Form(line[1].decode(), line[2].decode(), body, tuple(sorted(fields)))
    said = " ".join([form.target, *own.values(), *(f"{name} {value}" for name, value in fields)])
    if EVIL in said or FORGED_TRACE in said:
        raise ValueError("what only a gateway may say came from the client")
    _check(own, body, host)
    return form, own.get("x-forwarded-host", "")


def _check(own: dict[str, str], body: bytes, host: str) -> None:
    if missing := [name for name in _NEEDED if name not in own]:
        raise ValueError(f"without {missing[0]}")
    if own["host"] != host:
        raise ValueError(f"the host is {own['host']}")
    if "content-length" in own and ("transfer-encoding" in own or int(own["content-length"]) != len(body)):
        raise ValueError("a body of two lengths")
    if body and not {"content-length", "transfer-encoding"} & own.keys():
        raise ValueError("a body without a length")

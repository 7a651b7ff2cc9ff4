"""Targets with two readings, and ways to what is nobody's business outside."""

from __future__ import annotations

from benchmarks.gateway.corpus.case import PATH, SERVICE, Case, Form, get

_IN = f"/api/{SERVICE}"
_AMBIGUOUS = (
    "//api/echo/x",
    f"{_IN}//x",
    f"{_IN}/x//",
    "///",
    f"{_IN}/.",
    f"{_IN}/..",
    f"{_IN}/../{SERVICE}/x",
    f"{_IN}/./x",
    f"/./api/{SERVICE}/x",
    f"/../api/{SERVICE}/x",
    f"{_IN}/%2e",
    f"{_IN}/%2E%2e/x",
    f"{_IN}/.%2e/x",
    f"{_IN}/%2e./x",
    f"{_IN}%2fx",
    f"{_IN}/a%2Fb",
    f"{_IN}/..%2fhealth",
    f"{_IN}/%2e%2e%2fhealth",
    f"{_IN}/a%5Cb",
    f"{_IN}/..%5chealth",
    f"{_IN}/a\\b",
    f"{_IN}\\x",
    f"\\api\\{SERVICE}\\x",
    f"{_IN}/%252e%252e/x",
    f"{_IN}/%25",
    f"{_IN}/%",
    f"{_IN}/%2",
    f"{_IN}/%zz",
    f"{_IN}/%u002e",
    f"{_IN}/%00",
    f"{_IN}/x%00.json",
    f"{_IN}/\x00",
    f"{_IN}/\x01",
    f"{_IN}/\x7f",
    f"{_IN}/%0a",
    f"{_IN}/%0d%0aX-Forwarded-For:%20evil",
    f"{_IN}/%7f",
    f"{_IN}/%ff",
    f"{_IN}/%c0%ae%c0%ae/x",
    f"{_IN}/%c0%af",
    f"{_IN}/%e0%80%af",
    f"{_IN}/%f0%80%80%af",
    f"{_IN}/%ed%a0%80",
    f"{_IN}/%c2%85",
    f"{_IN}/%e2%80%ae",
    f"{_IN}/\xc3\xa9",
    f"{_IN}/\xff",
    f"{_IN};a=b",
    f"{_IN}/..;/x",
    f"{_IN}/x;a",
    f"{_IN}/%3bx",
    f"{_IN}#x",
    f"{_IN}/x#y",
    f"{_IN}/x?a#b",
    f"{_IN}/x?a\x00",
    f"{_IN}/x?a\x7f",
    f"{_IN}/x?a\xc3\xa9",
    f'{_IN}/"x"',
    f"{_IN}/<x>",
    f"{_IN}/x|y",
    f"{_IN}/[x]",
    f"{_IN}/{{x}}",
    f"{_IN}/x^",
    f"{_IN}/`x`",
    f"/%61pi/{SERVICE}/x",
    "/api/%65cho/x",
    "/api/ech%6F/x",
    f"/api%2f{SERVICE}/x",
    f"/api;/{SERVICE}/x",
)
# Other services, other hosts, and what every process of the mesh tells of itself.
_INSIDE = (
    "/health",
    "/health/",
    "/health/x",
    "/%68ealth/live",
    "/mesh",
    "/mesh/views",
    "/m%65sh",
    "/metrics",
    "/metrics/",
    "/%6Detrics",
    "/api/",
    "/api/health/live",
    "/api/mesh/views",
    "/api/metrics",
    f"{_IN}/../health/live",
    f"{_IN}/..%2fmetrics",
    f"{_IN}/../../metrics",
    "/api/consul",
    "/api/gateway",
    "/api/localhost/x",
    "/api/127.0.0.1/x",
    "/api/127.0.0.1:8500/v1/agent/self",
    "/api/169.254.169.254/latest/meta-data",
    "/api/2130706433/x",
    "/api/0x7f000001/x",
    "/api/[::1]/x",
    f"/api/{SERVICE}.service.consul/x",
    f"/api/{SERVICE}.example/x",
    f"/api/{SERVICE}:80/x",
    f"/api/{SERVICE}@127.0.0.1/x",
    f"/api/user:secret@{SERVICE}/x",
    f"/api/{SERVICE.upper()}/x",
    f"/api/-{SERVICE}/x",
    f"/api/{SERVICE}./x",
    f"/api/{SERVICE} /x",
    f"/api/{'e' * 64}/x",
    f"/API/%2e%2e/{SERVICE}/x",
)
# Not to be touched: a client may have signed them.
_EXACT = (
    "/x?",
    "/x/",
    "/x?a",
    "/x?a=b&a=c;d",
    "/x?q=a%2Fb&at=%3A%40&home=%7E",
    "/x?next=//other/&up=/../",
    "/x?nul=%00&line=%0d%0a",
    "/x?broken=%&short=%2&odd=%zz",
    "/x?marks=\"<>|\\^`{}[]'",
    "/x?a?b",
    "/%7E%2d%41",
    "/a+b%2Bc",
    "/~.-_!$&'()*+,=:@",
    "/%21%24%26%27%28%29%2A%2C%3D%3A%40",
    "/%c3%a9/%C3%A9",
    "/@other",
    "/x:80",
    "/...",
    "/health/live",
    "/metrics",
)


def cases() -> list[Case]:
    """All of them."""
    found = [Case("path", path, get(path=path)) for path in _AMBIGUOUS]
    # A shop, where there is one, has paths of its own; these are none of them.
    found += [Case("inside", path, get(path=path)) for path in _INSIDE]
    found += [
        Case("exact", path, get(path=f"{_IN}{path}"), (Form(target=f"/{SERVICE}{path}"),), refused=False)
        for path in _EXACT
    ]
    found.append(Case("exact", "itself", get(path=_IN), (Form(target=f"/{SERVICE}"),), refused=False))
    headers = dict.fromkeys(("X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"), f"{_IN}/../metrics")
    for name, value in headers.items():
        found.append(Case("exact", f"and {name}", get(f"{name}: {value}", path=PATH), (Form(),), refused=None))
    return found

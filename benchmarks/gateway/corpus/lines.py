"""First lines, hosts, and what comes where a request is expected (RFC 9112, 2 and 3)."""

from __future__ import annotations

from benchmarks.gateway.corpus.case import END, PATH, SERVICE, Case, Form, get, post, refused

_LINES = {
    "HTTP/0.9": f"GET {PATH}",
    "version 0.9": f"GET {PATH} HTTP/0.9",
    "version 1.2": f"GET {PATH} HTTP/1.2",
    "version 1.10": f"GET {PATH} HTTP/1.10",
    "version 01.1": f"GET {PATH} HTTP/01.1",
    "version 2.0": f"GET {PATH} HTTP/2.0",
    "version 3": f"GET {PATH} HTTP/3",
    "version 9.9": f"GET {PATH} HTTP/9.9",
    "version in small letters": f"GET {PATH} http/1.1",
    "version of another protocol": f"GET {PATH} RTSP/1.0",
    "version with a space": f"GET {PATH} HTTP /1.1",
    "version with a comma": f"GET {PATH} HTTP/1,1",
    "words after the version": f"GET {PATH} HTTP/1.1 HTTP/1.0",
    "no target": "GET HTTP/1.1",
    "two spaces before the target": f"GET  {PATH} HTTP/1.1 x",
    "a tab before the target": f"GET\t{PATH} HTTP/1.1",
    "a tab after the target": f"GET {PATH}\tHTTP/1.1",
    "a vertical tab after the method": f"GET\x0b{PATH} HTTP/1.1",
    "a no-break space after the method": f"GET\xa0{PATH} HTTP/1.1",
    "a space before the method": f" GET {PATH} HTTP/1.1",
    "a NUL before the method": f"\x00GET {PATH} HTTP/1.1",
    "a NUL in the method": f"GE\x00T {PATH} HTTP/1.1",
    "a lone CR before the version": f"GET {PATH}\rHTTP/1.1",
    "a method in small letters": f"get {PATH} HTTP/1.1",
    "a method with a colon": f"GET: {PATH} HTTP/1.1",
    "a method that is a path": f"{PATH} GET HTTP/1.1",
    "a method of 9000 letters": f"{'G' * 9000} {PATH} HTTP/1.1",
    "PROPFIND": f"PROPFIND {PATH} HTTP/1.1",
    "PURGE": f"PURGE {PATH} HTTP/1.1",
    "DEBUG": f"DEBUG {PATH} HTTP/1.1",
    "TRACE": f"TRACE {PATH} HTTP/1.1",
    "TRACE of everything": "TRACE * HTTP/1.1",
    "CONNECT to a host": f"CONNECT {SERVICE}:80 HTTP/1.1",
    "CONNECT to a path": f"CONNECT {PATH} HTTP/1.1",
    "OPTIONS of everything": "OPTIONS * HTTP/1.1",
    "GET of everything": "GET * HTTP/1.1",
    "absolute form": f"GET http://gw{PATH} HTTP/1.1",
    "absolute form to a service": f"GET http://{SERVICE}/x HTTP/1.1",
    "absolute form to an address": "GET http://169.254.169.254/latest HTTP/1.1",
    "absolute form by TLS": f"GET https://gw{PATH} HTTP/1.1",
    "absolute form with a user": f"GET http://a@gw{PATH} HTTP/1.1",
    "authority form": f"GET {SERVICE}:80 HTTP/1.1",
    "another scheme": "GET file:///etc/passwd HTTP/1.1",
    "a target without a slash": "GET api/echo/x HTTP/1.1",
    "a target with a host before it": f"GET @{SERVICE}/x HTTP/1.1",
    "a target of 9000 bytes": f"GET {PATH}{'x' * 9000} HTTP/1.1",
    "a query of 9000 bytes": f"GET {PATH}?{'x' * 9000} HTTP/1.1",
    "a preface of HTTP/2": "PRI * HTTP/2.0",
}
_HOSTS = {
    "none": [],
    "empty": [""],
    "two that differ": ["gw", SERVICE],
    "two of the same": ["gw", "gw"],
    "a list": [f"gw, {SERVICE}"],
    "with a space": ["g w"],
    "with a path": ["gw/evil"],
    "with a query": ["gw?evil"],
    "with a fragment": ["gw#evil"],
    "with a user": ["user@gw"],
    "with a backslash": ["gw\\evil"],
    "with two ports": ["gw:80:80"],
    "with a port of letters": ["gw:http"],
    "with a port of six digits": ["gw:123456"],
    "with a negative port": ["gw:-80"],
    "with half of an address": ["[::1"],
    "with markup": ["<evil>"],
    "with a quote": ['gw"'],
    "with a percent sign": ["gw%00evil"],
    "with a NUL": ["gw\x00evil"],
    "with a line": ["gw\nevil"],
    "with letters of no host": ["g\xc3\xa9"],
    "folded": ["\r\n gw"],
    "folded later": ["gw\r\n evil"],
    "with a URL": ["http://gw"],
}
_SPELT_HOSTS = ("gw:8080", "gw.example", "GW", "127.0.0.1", "[::1]", "[::1]:8080", "g_w")
_ELSE = {
    "a handshake of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a greeting of SSH": b"SSH-2.0-evil\r\n",
    "a command of Redis": b"*1\r\n$4\r\nPING\r\n",
    "a line of the PROXY protocol": b"PROXY TCP4 192.0.2.9 192.0.2.1 1 80\r\n" + get(),
    "the PROXY protocol in bytes": b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12) + get(),
    "a whole preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "1000 bytes of 0xff": b"\xff" * 1000,
    "20000 bytes without a line": b"G" * 20_000,
    "lone LFs for lines": get().replace(b"\r\n", b"\n"),
    "lone CRs for lines": get().replace(b"\r\n", b"\r"),
    "one lone LF, after the first line": get().replace(b"\r\n", b"\n", 1),
    "one lone LF, at the end of the head": get()[:-2] + b"\n",
    "CR CR LF": get().replace(b"\r\n", b"\r\r\n", 1),
}
_NEXT = f"/{SERVICE}/next"


def cases() -> list[Case]:
    """All of them."""
    found = [Case("line", name, f"{line}\r\nHost: gw\r\n\r\n".encode("latin-1")) for name, line in _LINES.items()]
    for name, hosts in _HOSTS.items():
        lines = [f"GET {PATH} HTTP/1.1", *(f"Host: {host}" for host in hosts), "", ""]
        found.append(Case("host", name, "\r\n".join(lines).encode("latin-1")))
    for host in _SPELT_HOSTS:
        request = f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        found.append(Case("host", host, request, (Form(),), refused=False, host=host))
    found.append(
        Case("host", "none in HTTP/1.0", f"GET {PATH} HTTP/1.0\r\n\r\n".encode(), (Form(),), False, "", closes=True)
    )
    found += refused("something else", _ELSE)
    found += _one_after_the_other()
    return found


def _one_after_the_other() -> list[Case]:
    """More than one request at once, and what could be taken for more than one."""
    next_one = get(path=f"/api{_NEXT}")
    inside = get(path=f"/api/{SERVICE}/smuggled")
    length = f"Content-Length: {len(inside)}"
    both = (Form(), Form(target=_NEXT))
    return [
        Case("in a row", "one", get(), (Form(),), refused=False),
        Case("in a row", "empty lines before", b"\r\n\r\n" + get(), (Form(),), refused=None),
        Case("in a row", "two", get() + next_one, both, refused=False),
        Case("in a row", "fifty", get() * 50, (Form(),) * 50, refused=False),
        Case(
            "in a row",
            "a body, and another",
            post("Content-Length: 5") + next_one,
            (Form("POST", body=b"hello"), Form(target=_NEXT)),
            refused=False,
        ),
        Case("in a row", "a GET with no body, and another", get("Content-Length: 0") + next_one, both, refused=False),
        Case("in a row", "one in the body of a GET", get(length, body=inside), (Form(body=inside),), refused=None),
        Case(
            "in a row",
            "one in the body of a POST",
            post(length, body=inside),
            (Form("POST", body=inside),),
            refused=False,
        ),
        Case(
            "in a row",
            "one in a chunk",
            post("Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(inside), inside)),
            (Form("POST", body=inside),),
            refused=False,
        ),
        Case(
            "in a row",
            "one behind a body that is too short",
            post("Content-Length: 3"),
            (Form("POST", body=b"hel"),),
            refused=None,
        ),
        Case(
            "in a row",
            "the end in a body that is too long",
            post(f"Content-Length: {len(END) + 5}", "Connection: close"),
            (Form("POST", body=b"hello" + END),),
            refused=None,
        ),
        Case("in a row", "one behind a close", get("Connection: close") + inside, (Form(),), refused=None),
        Case("in a row", "one behind HTTP/1.0", get(version="HTTP/1.0") + inside, (Form(),), refused=None),
        Case(
            "in a row",
            "one behind CONNECT",
            get(method="CONNECT", path="gw:80") + inside,
            (Form(target=f"/{SERVICE}/smuggled"),),
            refused=None,
        ),
        Case(
            "in a row",
            "one behind an upgrade that is not made",
            get("Connection: upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA") + next_one,
            (Form(), Form(target=_NEXT)),
            refused=None,
        ),
        Case(
            "in a row",
            "one behind a handshake that is refused",
            get("Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8") + inside,
            refused=True,
        ),
    ]

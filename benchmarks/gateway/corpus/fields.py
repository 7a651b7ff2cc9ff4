"""The lines of a head: what is none, what is too large, what holds for one connection only (RFC 9110, 5 and 7.6)."""

from __future__ import annotations

from benchmarks.gateway.corpus.case import Case, Form, get, post

_CONTROLS = [*range(0x09), *range(0x0B, 0x0D), *range(0x0E, 0x20), 0x7F]
_NO_LETTERS = '()<>@,;\\"/[]?={} \t\x00\x0b\x7f\x80\xff'
_BROKEN = {
    "a space before the colon": "X-A : evil",
    "a tab before the colon": "X-A\t: evil",
    "no name": ": evil",
    "no colon": "evil",
    "no name, twice": ":: evil",
    "folded": "X-A: b\r\n evil",
    "folded by a tab": "X-A: b\r\n\tevil",
    "folded, and empty": "X-A: b\r\n ",
    "behind a lone LF": "X-A: b\nevil: c",
    "behind a lone CR": "X-A: b\revil: c",
    "behind CR CR LF": "X-A: b\r\r\nevil: c",
    "a value of 9000 bytes": f"X-A: {'e' * 9000}",
    "a value of 100000 bytes": f"X-A: {'e' * 100_000}",
    "a name of 9000 bytes": f"{'E' * 9000}: a",
    "bytes that are no text": "X-A: \xff\xfeevil",
    "an overlong slash": "X-A: \xc0\xafevil",
    "half of a pair": "X-A: \xed\xa0\x80evil",
}
_MANY = (129, 200, 1_000, 10_000)
_HOPS = {
    "Connection": "evil",
    "Keep-Alive": "timeout=5, evil",
    "Proxy-Connection": "keep-alive, evil",
    "Proxy-Authorization": "Basic evil",
    "Proxy-Authenticate": "evil",
    "TE": "trailers, evil",
    "Trailer": "evil",
    "Upgrade": "evil",
}
_NAMED = (
    "x-custom",
    "X-CUSTOM",
    "close, x-custom",
    "x-custom, close",
    "x-custom,x-custom",
    ",,x-custom,,",
    "\tx-custom\t",
    "keep-alive\r\nConnection: x-custom",
)
# What a careless proxy drops when it is told to, though the request needs it.
_NEEDED = (
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "date",
    "via",
    "connection",
    "*",
    "evil stuff",
)


def cases() -> list[Case]:
    """All of them."""
    found = [Case("field", name, get(line)) for name, line in _BROKEN.items()]
    found += [Case("field", f"a value with {code:#04x}", get(f"X-A: b{chr(code)}evil")) for code in _CONTROLS]
    found += [Case("field", f"a name with {letter!r}", get(f"X{letter}A: evil")) for letter in _NO_LETTERS]
    found += [Case("field", f"{many} of them", get(*(f"X-{i}: evil" for i in range(many)))) for many in _MANY]
    # The first line after the request's own: nothing comes before it that it could continue.
    found.append(
        Case("field", "a fold that continues nothing", b" evil: a\r\n".join(get().split(b"Host", 1)[:1]) + b"")
    )
    whole = tuple(sorted((f"x-{i}", "1") for i in range(100)))
    found.append(Case("field", "100 of them", get(*(f"X-{i}: 1" for i in range(100))), (Form(fields=whole),), False))
    spaced = Form(fields=(("x-a", "b \t c"),))
    found.append(Case("field", "spaces around", get("X-A: \t b \t c \t "), (spaced,), refused=None))
    text = Form(fields=(("x-a", "\xc3\xa9"),))
    found.append(Case("field", "letters beyond ASCII", get("X-A: \xc3\xa9"), (text,), refused=None))
    twice = Form(fields=(("x-a", "1"), ("x-a", "2")))
    found.append(Case("field", "one said twice", get("X-A: 1", "x-a: 2"), (twice,), refused=False))
    found.append(Case("field", "an empty one", get("X-A:"), (Form(fields=(("x-a", ""),)),), refused=None))
    return found + _of_one_connection()


def _of_one_connection() -> list[Case]:
    five = Form("POST", body=b"hello")
    found = [Case("hop", name, get(f"{name}: {value}"), (Form(),), refused=None) for name, value in _HOPS.items()]
    found += [
        Case(
            "hop",
            f"named by {option!r}",
            get("X-Custom: evil", f"Connection: {option}"),
            (Form(),),
            refused=False,
            closes="close" in option,
        )
        for option in _NAMED
    ]
    found += [
        Case("hop", f"needed, and named by {name!r}", post("Content-Length: 5", f"Connection: {name}"), (five,), None)
        for name in _NEEDED
    ]
    return [
        *found,
        Case(
            "hop",
            "an upgrade to h2c",
            get("Connection: upgrade, http2-settings", "Upgrade: h2c", "HTTP2-Settings: evil"),
            (Form(),),
            refused=None,
        ),
        Case("hop", "an upgrade that Connection does not name", get("Upgrade: websocket"), (Form(),), refused=None),
        Case("hop", "expected to go on", post("Content-Length: 5", "Expect: 100-continue"), (five,), refused=None),
        Case("hop", "expected to do something else", post("Content-Length: 5", "Expect: evil"), (five,), refused=None),
        Case("hop", "expected twice", post("Content-Length: 5", "Expect: 100-continue, evil"), (five,), refused=None),
    ]

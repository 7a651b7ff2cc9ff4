"""Where a body ends, said twice, wrongly, or in a way that not everybody reads (RFC 9112, 6 and 7)."""

from __future__ import annotations

from benchmarks.gateway.corpus.case import Case, Form, post, refused

_FIVE = Form("POST", body=b"hello")
_HELLO = b"5\r\nhello\r\n0\r\n\r\n"
_CHUNKED = "Transfer-Encoding: chunked"

_BOTH = {
    "length, then chunked": post("Content-Length: 5", _CHUNKED, body=_HELLO),
    "chunked, then length": post(_CHUNKED, "Content-Length: 5", body=_HELLO),
    "length of the whole, and chunked": post("Content-Length: 15", _CHUNKED, body=_HELLO),
    "length 0, and chunked": post("Content-Length: 0", _CHUNKED, body=_HELLO),
    "length, and identity": post("Content-Length: 5", "Transfer-Encoding: identity"),
    "length, and chunked in capitals": post("Content-Length: 5", "TRANSFER-ENCODING: CHUNKED", body=_HELLO),
    "length, and chunked after a fold": post("Content-Length: 5", "Transfer-Encoding:\r\n chunked", body=_HELLO),
    "length, and chunked with a space before the colon": post(
        "Content-Length: 5", "Transfer-Encoding : chunked", body=_HELLO
    ),
    "length, and chunked behind a lone CR": post("Content-Length: 5", "X: y\rTransfer-Encoding: chunked", body=_HELLO),
    "length, and chunked behind a lone LF": post("Content-Length: 5", "X: y\nTransfer-Encoding: chunked", body=_HELLO),
    "length, and a vertical tab before chunked": post(
        "Content-Length: 5", "Transfer-Encoding: \x0bchunked", body=_HELLO
    ),
}
_LENGTHS = {
    "two that differ": ["5", "6"],
    "two that differ, the longer first": ["6", "5"],
    "three": ["5", "5", "6"],
    "a list that differs": ["5, 6"],
    "a list with nothing": ["5,"],
    "with a plus": ["+5"],
    "negative": ["-5"],
    "negative zero": ["-0"],
    "hexadecimal": ["0x5"],
    "octal": ["0o5"],
    "with an underscore": ["0_5"],
    "with a fraction": ["5.0"],
    "with an exponent": ["5e0"],
    "with a space": ["5 5"],
    "with a semicolon": ["5;"],
    "quoted": ['"5"'],
    "empty": [""],
    "only spaces": ["   "],
    "of Arabic digits": ["\xd9\xa5"],
    "superscript": ["\xc2\xb2"],
    "with a NUL": ["5\x00"],
    "beyond 64 bits": ["18446744073709551621"],
    "of 400 digits": ["0" * 10 + "9" * 390],
    "folded": ["\r\n 5"],
    "folded later": ["5\r\n 6"],
    "behind a lone CR": ["5\r"],
}
_SAME = {"twice the same": ["5", "5"], "a list of the same": ["5, 5"], "with zeros before": ["0005"]}
_ENCODINGS = {
    "xchunked": ["xchunked"],
    "chunk": ["chunk"],
    "chunked twice in a list": ["chunked, chunked"],
    "chunked twice": ["chunked", "chunked"],
    "chunked, then identity": ["chunked, identity"],
    "chunked, then gzip": ["chunked, gzip"],
    "identity": ["identity"],
    "identity, then chunked": ["identity, chunked"],
    "gzip, then chunked": ["gzip, chunked"],
    "gzip": ["gzip"],
    "with a parameter": ["chunked;q=1"],
    "quoted": ['"chunked"'],
    "quoted by one": ["'chunked'"],
    "with a vertical tab": ["\x0bchunked"],
    "with a form feed": ["chunked\x0c"],
    "with a NUL": ["chunked\x00"],
    "with a dotted letter": ["chun\xe2\x84\xaaed"],
    "with a no-break space": ["\xc2\xa0chunked"],
    "empty": [""],
    "folded": ["\r\n\tchunked"],
    "behind a lone CR": ["chunked\r"],
    "cow": ["cow"],
}
_TOLERABLE_ENCODINGS = {
    "capitals": "CHUNKED",
    "mixed": "cHuNkEd",
    "tabs around": "\tchunked\t",
    "a comma before": ", chunked",
    "a comma after": "chunked,",
}
_CHUNKS = {
    "size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size with a plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "size with a space before": b" 5\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "size of letters": b"five\r\nhello\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "size behind a lone LF": b"5\nhello\r\n0\r\n\r\n",
    "size behind a lone CR": b"5\rhello\r\n0\r\n\r\n",
    "data behind a lone LF": b"5\r\nhello\n0\r\n\r\n",
    "data longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "data without an end": b"5\r\nhello0\r\n\r\n",
    "an extension with a lone LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "an extension with a lone CR": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "an extension with a NUL": b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    "the last one behind a lone LF": b"5\r\nhello\r\n0\n\n",
    "a NUL for a size": b"\x00\r\nhello\r\n0\r\n\r\n",
    "a trailer that is folded": b"5\r\nhello\r\n0\r\n X: evil\r\n\r\n",
    "a trailer without a colon": b"5\r\nhello\r\n0\r\nevil\r\n\r\n",
}
_TOLERABLE_CHUNKS = {
    "two": b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "a size with zeros": b"0005\r\nhello\r\n000\r\n\r\n",
    "a size with a space after": b"5 \r\nhello\r\n0\r\n\r\n",
    "an extension": b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    "an extension that is quoted": b'5;a="b;c"\r\nhello\r\n0\r\n\r\n',
    "an extension of 10000 bytes": b"5;" + b"a" * 10_000 + b"\r\nhello\r\n0\r\n\r\n",
    "a trailer": b"5\r\nhello\r\n0\r\nX-Trailer: evil\r\n\r\n",
    "a trailer with a length": b"5\r\nhello\r\n0\r\nContent-Length: 100\r\n\r\n",
    "a trailer with an encoding": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a trailer with a host": b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n",
    "a trailer of the gateway's": b"5\r\nhello\r\n0\r\nX-Forwarded-For: evil\r\n\r\n",
    "200 trailers": b"5\r\nhello\r\n0\r\n" + b"X-Trailer: evil\r\n" * 200 + b"\r\n",
    "a trailer of 20000 bytes": b"5\r\nhello\r\n0\r\nX-Trailer: " + b"e" * 20_000 + b"\r\n\r\n",
}
_NAMES = ("Content-Length", "Transfer-Encoding")


def cases() -> list[Case]:
    """All of them."""
    found = refused("length and encoding", _BOTH)
    for name, values in _LENGTHS.items():
        found.append(Case("length", name, post(*(f"Content-Length: {value}" for value in values))))
    for name, values in _SAME.items():
        lengths = [f"Content-Length: {value}" for value in values]
        found.append(Case("length", name, post(*lengths), (_FIVE,), refused=None))
    for name, values in _ENCODINGS.items():
        encodings = [f"Transfer-Encoding: {value}" for value in values]
        found.append(Case("encoding", name, post(*encodings, body=_HELLO)))
    for name, value in _TOLERABLE_ENCODINGS.items():
        request = post(f"Transfer-Encoding: {value}", body=_HELLO)
        found.append(Case("encoding", name, request, (_FIVE,), refused=None))
    old = post(_CHUNKED, body=_HELLO).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    found.append(Case("encoding", "chunked in HTTP/1.0", old, (_FIVE,), refused=None))
    found += [Case("chunk", name, post(_CHUNKED, body=body)) for name, body in _CHUNKS.items()]
    for name, body in _TOLERABLE_CHUNKS.items():
        found.append(Case("chunk", name, post(_CHUNKED, body=body), (_FIVE,), refused=None))
    for name in _NAMES:
        twin, value = name.replace("-", "_"), "5" if name == "Content-Length" else "chunked"
        body = b"GET /api/echo/smuggled HTTP/1.1\r\nHost: gw\r\n\r\n"
        hidden = post(f"{twin}: {value}", f"Content-Length: {len(body)}", body=body)
        found.append(Case("length", f"{twin} beside the true one", hidden, (Form("POST", body=body),), refused=None))
    return found

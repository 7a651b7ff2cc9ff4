"""What strangers call things, hoping that a page takes it for something else."""

from __future__ import annotations

import re
from typing import Final

# By what it tries. Whatever is executed would set a mark that the tests look for.
NAMES: Final = {
    "script": "<script>window.__owned=1</script>",
    "handler": '"><img src=x onerror=window.__owned=2>',
    "link": "javascript:window.__owned=3",
    "drawing": "<svg/onload=window.__owned=4>",
    "template": "{{constructor.constructor('window.__owned=5')()}}",
    "literal": "${window.__owned=6}`<%= 7 %>",
    "quote": "'-(window.__owned=7)-'\" onfocus=window.__owned=8",
    "close": "</title></style></script></textarea><b>bold",
    "comment": "<!--<script>--><plaintext>",
    "entity": "&lt;script&gt;&#60;&amp;",
    "address": "../..//evil?a=1&b=%2F#c",
    "prototype": "__proto__",
    "reversed": "\u202egnp.exe\u2066",
    "nothing": "nul\x00 bell\x07 escape\x1b[31m",
    "lines": "one\ntwo\r\nthree\tfour\u2028five",
    "faces": "🧑🏽‍🚀 é ｆｕｌｌ שלום عربي",
}
LONG: Final = "W" * 10_000
ENDLESS: Final = " ".join(f"word{number}" for number in range(1500))

_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def seen(text: str) -> str:
    """How the console shows *text* where it is not cut: all of it, and what cannot be seen is spelled out."""
    return _INVISIBLE.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)

"""Secrets in text that nobody of us wrote: messages of exceptions, answers of a registry, lines of other libraries.

What is recognised: values that the environment itself calls secret, wherever they turn up; users, passwords and the
values of queries in URLs; and what stands behind the name of a header or field that holds secrets. A secret that
looks like any other word cannot be told from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from discovery.model import NOTHING
from observability.text import REDACTED, redact_url

# Shorter ones are words, and a log without the word "root" is hard to read.
_LEAST = 6

_SECRETIVE = re.compile(
    r"AUTHORIZATION|COOKIE|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|HEADERS|(API|ACCESS|PRIVATE|IDEMPOTENCY)[-_]?KEY"
)

# All repetitions that may begin anywhere are bounded: what strangers make us log must not take long to read.
_VALUE = r"""('[^']*'|"[^"]*"|"""
_IS = r"""(?:\\?['"]?\s{0,9}[:=]\s{0,9}|['"]\s{0,9},\s{0,9})b?"""
_URL = re.compile(r"""[a-z][a-z0-9+.-]{0,20}://[^\s'"<>]+""", re.IGNORECASE)
_PATTERNS = (
    re.compile(r"""([?&][\w.~%\[\]-]{1,100}=)[^\s&#'"<>]+"""),
    re.compile(
        r"((?:proxy-)?authorization|(?:set-)?cookie|x-consul-token|x-api-key|idempotency-key)"
        rf"({_IS}){_VALUE}[^\r\n]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(password|passwd|passphrase|secret|token|credentials?|(?:api|access|private)[-_ ]?key)"
        rf"({_IS}){_VALUE}[^\s,;&'\"]+)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(bearer)(\s{1,9})[\w.~+/=-]+", re.IGNORECASE),
)
# None of these matches without one of them, and most fields have none: a name, a number, a path.
_TELLING = re.compile(r"[\s:=,]")


class Redaction:
    """Takes secrets out of text, those of *environ* included."""

    def __init__(self, environ: Mapping[str, str] = NOTHING) -> None:
        known = sorted({secret for secret in _secrets(environ) if len(secret) >= _LEAST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """*text* without what is recognised as secret."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        if _TELLING.search(text) is None:
            return text
        text = _URL.sub(lambda found: redact_url(found[0]), text)
        for pattern in _PATTERNS:
            text = pattern.sub(_hide, text)
        return text

    def field(self, name: str, text: str) -> str:
        """The value of a field; all of it is hidden where its name says that it is a secret."""
        return REDACTED if _is_secretive(name) else self(text)


@lru_cache(maxsize=1024)
def _is_secretive(name: str) -> bool:
    return _SECRETIVE.search(name.upper()) is not None


def _hide(found: re.Match[str]) -> str:
    # The first group names what is hidden, the second, if there is one, stands between.
    return f"{found[1]}{found[2] if found.re.groups > 1 else ''}{REDACTED}"


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """What the environment holds that its names, or the form of a URL, call secret."""
    for name, value in environ.items():
        if "://" in value:
            yield from _of_url(value)
        if _SECRETIVE.search(name.upper()) and not name.upper().endswith("_FILE"):
            yield value.strip()
            # OpenTelemetry's form of headers: name=value,name=value, with values percent-encoded.
            for pair in value.split(","):
                secret = unquote(pair.partition("=")[2].strip())
                yield secret
                yield secret.rpartition(" ")[2]


def _of_url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for part in (parts.password or "", *(value for _, value in parse_qsl(parts.query))):
        yield part
        yield unquote(part)


redact = Redaction()

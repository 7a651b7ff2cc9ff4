"""Which of aiohttp's two parsers reads what strangers send: the compiled one is the stricter, and ten times as fast."""

from __future__ import annotations

import logging

from aiohttp import http_parser

_log = logging.getLogger(__name__)


def is_compiled() -> bool:
    """Whether it is that one; it is not where aiohttp was built without it, or AIOHTTP_NO_EXTENSIONS is set."""
    return http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def tell() -> None:
    """Warn where it is the other."""
    if not is_compiled():
        _log.warning(
            "requests are read by aiohttp's parser in Python, which the checks of this gateway were not made for: "
            "install a wheel of aiohttp for this Python, and unset AIOHTTP_NO_EXTENSIONS"
        )

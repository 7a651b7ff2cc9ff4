from __future__ import annotations

import pytest
from aiohttp import http_parser

from services.gateway import parser


def test_requests_are_read_by_the_compiled_parser(caplog: pytest.LogCaptureFixture) -> None:
    assert parser.is_compiled()
    parser.tell()
    assert caplog.records == []


def test_a_gateway_with_the_other_one_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy)
    parser.tell()
    assert "AIOHTTP_NO_EXTENSIONS" in caplog.text

from __future__ import annotations

import pytest

import discovery
from services.kit.pages.console import console_url


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", ""),
        ("  ", ""),
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
        ("https://console.example/mesh/", "https://console.example/mesh"),
        ("http://[::1]:4318", "http://[::1]:4318"),
    ],
)
def test_the_console_is_where_the_setting_says(given: str, url: str) -> None:
    assert console_url({"MESH_CONSOLE_URL": given}) == url


def test_without_the_setting_there_is_no_console() -> None:
    assert console_url({}) == ""


@pytest.mark.parametrize(
    "given", ["javascript:alert(1)", "127.0.0.1:4318", "http://", "ftp://a", "http://[", "//a", "http://user:s3cret@a"]
)
def test_what_cannot_be_a_link_is_refused_unsaid(given: str) -> None:
    with pytest.raises(discovery.ConfigError) as refusal:
        console_url({"MESH_CONSOLE_URL": given})

    assert "MESH_CONSOLE_URL" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)

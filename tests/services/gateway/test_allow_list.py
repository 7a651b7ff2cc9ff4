from __future__ import annotations

import pytest

import discovery
from services.gateway.allow_list import DEFAULT, allow_list


def test_without_the_setting_the_sample_system_is_listed() -> None:
    assert (
        allow_list({})
        == DEFAULT
        == ("accounts", "laptops", "notifications", "orders", "payments", "ports", "recommendations")
    )


@pytest.mark.parametrize(
    ("raw", "listed"), [("ports", ("ports",)), (" b , a,", ("b", "a")), ("Ports", ("ports",)), ("", ()), (",", ())]
)
def test_the_order_is_kept_and_blanks_are_not(raw: str, listed: tuple[str, ...]) -> None:
    assert allow_list({"GATEWAY_SERVICES": raw}) == listed


@pytest.mark.parametrize(
    "raw", ["a b", "evil.example", "localhost", "a,a", "marketplace", "health", "api", "static", "-", "x" * 64, "é"]
)
def test_what_can_be_no_api_here_is_told(raw: str) -> None:
    with pytest.raises(discovery.ConfigError, match="GATEWAY_SERVICES"):
        allow_list({"GATEWAY_SERVICES": raw})

from __future__ import annotations

import pytest

import discovery
from services.gateway.edge.rate import Rate
from services.gateway.edge.route_rates import RouteRate, Whom
from services.gateway.edge.settings import EdgeSettings


def test_rates_are_said_in_words() -> None:
    said = EdgeSettings.from_env(
        {
            "GATEWAY_RATE": "100/s",
            "GATEWAY_USER_RATE": "off",
            "GATEWAY_ROUTE_RATES": "POST /api/token=5/m per client, /api/laptops/*=50/h in all, /=1/s",
        }
    )

    assert (said.rate, said.user_rate) == (Rate(100, 1), None)
    assert said.route_rates == (
        RouteRate("POST", ("api", "token"), False, Rate(5, 60), Whom.CLIENT),
        RouteRate("", ("api", "laptops"), True, Rate(50, 3600), Whom.ALL),
        RouteRate("", (), False, Rate(1, 1), Whom.CLIENT),
    )
    assert [each.name for each in said.route_rates] == ["POST /api/token", "/api/laptops/*", "/"]


def test_what_is_not_said_is_as_it_is_without_variables() -> None:
    assert EdgeSettings.from_env({}) == EdgeSettings.from_env({"GATEWAY_RATE": " "}) == EdgeSettings()
    assert EdgeSettings.from_env({"GATEWAY_ROUTE_RATES": "off"}).route_rates == ()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GATEWAY_RATE", "100"),
        ("GATEWAY_RATE", "0/s"),
        ("GATEWAY_RATE", "-1/s"),
        ("GATEWAY_RATE", "1.5/s"),
        ("GATEWAY_RATE", "1/d"),
        ("GATEWAY_RATE", "1e9/s"),
        ("GATEWAY_USER_RATE", "much"),
        ("GATEWAY_ROUTE_RATES", "/api/token"),
        ("GATEWAY_ROUTE_RATES", "/api/token=off"),
        ("GATEWAY_ROUTE_RATES", "api/token=1/s"),
        ("GATEWAY_ROUTE_RATES", "/api//token=1/s"),
        ("GATEWAY_ROUTE_RATES", '/api/"token=1/s'),
        ("GATEWAY_ROUTE_RATES", "post /api/token=1/s"),
        ("GATEWAY_ROUTE_RATES", "/api/token=1/s,"),
        ("GATEWAY_ROUTE_RATES", "/api/token=1/s each"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(variable: str, text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=f"^{variable}: .*got "):
        EdgeSettings.from_env({variable: text})


def test_all_that_makes_no_sense_is_told_at_once() -> None:
    with pytest.raises(discovery.ConfigError) as caught:
        EdgeSettings.from_env({"GATEWAY_RATE": "x", "GATEWAY_USER_RATE": "y"})

    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["GATEWAY_RATE", "GATEWAY_USER_RATE"]

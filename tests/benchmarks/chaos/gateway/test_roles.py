from __future__ import annotations

import pytest

from benchmarks.chaos.gateway.roles import Endpoint, endpoints
from launcher.plan import ROOT

PAGE = """
| service | route | nobody | customer | staff | by the gateway |
| --- | --- | --- | --- | --- | --- |
| accounts | `DELETE /accounts/me` | 401 | yes | yes | yes |
| ports | `PUT /ports/{id}` | 401 | 403 | yes | yes |
| laptops | `GET /laptops/{id}/reservations/{key}` | yes | yes | yes | no |
| payments | `PUT /charges/{key}/refunds/{refund}` | yes | yes | yes | no |
"""


def test_the_table_is_taken_apart_and_who_deletes_himself_comes_last() -> None:
    found = endpoints(PAGE)

    assert [(each.method, each.asked, list(each.answers.values()), each.led) for each in found] == [
        ("PUT", "/ports/999", ["401", "403", "yes"], True),
        ("GET", "/laptops/999/reservations/a", ["yes", "yes", "yes"], False),
        ("PUT", "/charges/a/refunds/a", ["yes", "yes", "yes"], False),
        ("DELETE", "/accounts/me", ["401", "yes", "yes"], True),
    ]


def test_the_page_has_such_a_table() -> None:
    assert endpoints((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("said", "status", "deviates"),
    [
        ("yes", 422, False),
        ("yes", 404, False),
        ("yes", 401, True),
        ("yes", 500, True),
        ("401", 401, False),
        ("401", 403, True),
        ("403", 200, True),
    ],
)
def test_a_cell_is_a_refusal_or_anything_else_but_a_failure(said: str, status: int, deviates: bool) -> None:
    endpoint = Endpoint("ports", "GET", "/ports", {"nobody": said}, led=True)

    assert endpoint.deviates("nobody", status, outside=True) is deviates


def test_what_is_not_led_to_is_nowhere_outside_and_free_within() -> None:
    endpoint = Endpoint("laptops", "GET", "/laptops/1/reservations/a", {"staff": "yes"}, led=False)

    assert endpoint.deviates("staff", 401, outside=True)
    assert not endpoint.deviates("staff", 404, outside=True)
    assert not endpoint.deviates("staff", 200, outside=False)

from __future__ import annotations

import json

import pytest

from discovery.web.problem import FieldError, Problem, shown


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("price_cents", "price_cents"),
        ("a.b-c", "a.b-c"),
        ("<script>", "?script?"),
        ("a\r\nSet-Cookie: b", "a??Set-Cookie??b"),
        ("\ud800", "?"),
        ("x" * 5000, "x" * 64),
    ],
)
def test_a_name_from_outside_is_shown_short_and_plain(name: str, seen: str) -> None:
    assert shown(name) == seen


def test_a_problem_is_an_rfc_9457_document() -> None:
    problem = Problem(409, "taken", errors=[FieldError("name", "is taken")], headers={"X-Why": "test"})
    response = problem.response()
    document = json.loads(response.text or "")

    assert response.status == 409
    assert response.content_type == "application/problem+json"
    assert response.headers["X-Why"] == "test"
    assert document["instance"].startswith("urn:uuid:")
    assert {key: value for key, value in document.items() if key != "instance"} == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "taken",
        "errors": [{"field": "name", "message": "is taken"}],
    }


def test_each_occurrence_has_its_own_name() -> None:
    assert Problem(500, "a").instance != Problem(500, "a").instance


def test_a_thousand_errors_are_not_all_listed() -> None:
    assert len(Problem(422, "", errors=[FieldError("a", "b")] * 1000).errors) == 16

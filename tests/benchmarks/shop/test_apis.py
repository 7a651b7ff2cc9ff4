from __future__ import annotations

import json
from collections import Counter

from benchmarks import shop
from benchmarks.page import replaced
from benchmarks.shop.apis import counted, rows_of


def test_cases_and_failed_checks_are_counted_and_nothing_else_of_a_report() -> None:
    checks = {"a": [{"name": "not_a_server_error", "status": "success"}, {"name": "ignored_auth", "status": "failure"}]}
    lines = [
        json.dumps({"EngineStarted": {}}),
        json.dumps({"ScenarioFinished": {"recorder": {"label": "GET /ports"}}}),
        json.dumps({"ScenarioFinished": {"recorder": {"cases": {"a": {}, "b": {}}, "checks": checks}}}),
    ]

    assert counted(lines) == Counter({"cases": 2, "ignored_auth": 1})


def test_each_kind_of_failure_is_a_row_and_too_few_cases_are_one_too() -> None:
    found = Counter({"cases": 9, "not_a_server_error": 1, "status_code_conformance": 2, "ignored_auth": 3})

    assert [(row.value, row.met) for row in rows_of(found, 10)] == [(9, False), (1, False), (2, False), (3, False)]
    assert all(row.met for row in rows_of(Counter({"cases": 10}), 10))


def test_the_page_says_what_the_published_figures_say() -> None:
    publication = shop.ROOM.publication
    page = publication.page.read_text(encoding="utf-8")

    assert publication.command in page
    assert replaced(page, publication.section(publication.published())) == page

"""Every alert fires when it should and only then, and says where to look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.surroundings.programs import program, said
from tests.observability.surroundings.queries import RULES, rules

ALERTS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def expectations() -> list[dict[str, Any]]:
    """What the tests of promtool expect of alerts."""
    documents = [yaml.safe_load(path.read_text()) for path in ALERTS]
    return [each for document in documents for test in document["tests"] for each in test.get("alert_rule_test", [])]


@pytest.mark.promtool
def test_promtool_accepts_every_file() -> None:
    answer = said(program("promtool"), "check", "rules", "--lint-fatal", *RULES)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.promtool
@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path, tmp_path: Path) -> None:
    # promtool compares all annotations. The summary shows that labels and value are the right ones; a description is
    # prose, and stands in one place.
    (tmp_path / "rules").mkdir()
    for rule_file in RULES:
        document = yaml.safe_load(rule_file.read_text())
        for group in document["groups"]:
            for rule in group["rules"]:
                rule.get("annotations", {}).pop("description", None)
        (tmp_path / "rules" / rule_file.name).write_text(yaml.safe_dump(document))
    (tmp_path / "test.yaml").write_text(path.read_text())
    answer = said(program("promtool"), "test", "rules", tmp_path / "test.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_is_tested_both_ways_and_says_where_to_look(alert: dict[str, Any]) -> None:
    expected = [each for each in expectations() if each["alertname"] == alert["alert"]]
    assert any(each.get("exp_alerts") for each in expected), "no test in which it fires"
    assert any(not each.get("exp_alerts") for each in expected), "no test in which it does not"
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"].keys() == {"summary", "description"}


def test_no_name_is_used_twice() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert sorted(names) == sorted(set(names))


def test_every_group_has_its_place_in_the_order_of_the_tests() -> None:
    groups = [group["name"] for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    for path in ALERTS:
        assert sorted(yaml.safe_load(path.read_text())["group_eval_order"]) == sorted(groups), path.name

"""The dashboards are what Grafana expects of a file: no Grafana is asked, so this is about their form alone."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.observability.surroundings.queries import DASHBOARDS, dashboards, panels

KINDS = {"stat", "table", "timeseries"}
# Of Grafana's units, those that we use.
UNITS = {"bytes", "cps", "ms", "none", "percentunit", "reqps", "s", "short"}


def every_panel() -> list[Any]:
    return [
        pytest.param(panel, id=f"{name}-{panel['id']}")
        for name, dashboard in dashboards().items()
        for panel in panels(dashboard)
    ]


def test_these_are_there() -> None:
    found = {name: dashboard["uid"] for name, dashboard in dashboards().items()}
    assert found == {name: f"proconsul-{name}" for name in ("mesh", "service", "telemetry")}


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_a_dashboard_can_be_provisioned_anywhere(name: str) -> None:
    dashboard = dashboards()[name]
    assert "id" not in dashboard, "that is for the database of one Grafana"
    assert dashboard["title"]
    assert dashboard["description"]
    assert dashboard["schemaVersion"] >= 39
    assert "datasource" in {variable["name"] for variable in dashboard["templating"]["list"]}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", sorted(dashboards()))
def test_no_panel_lies_on_another(name: str) -> None:
    places = [panel["gridPos"] for panel in dashboards()[name]["panels"]]
    for place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("panel", every_panel())
def test_a_panel_is_whole(panel: dict[str, Any]) -> None:
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["type"] in KINDS
    assert panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == source
    targets = panel["targets"]
    assert [target["refId"] for target in targets] == [chr(ord("A") + n) for n in range(len(targets))] != []
    for target in targets:
        assert target["datasource"] == source
        assert target.get("instant", False) != target.get("range", False), "one of the two"
        assert target.get("format", "time_series") == ("table" if panel["type"] == "table" else "time_series")


@pytest.mark.parametrize("panel", [panel for panel in every_panel() if panel.values[0]["type"] == "table"])
def test_a_table_names_the_column_of_every_query(panel: dict[str, Any]) -> None:
    values = [f"Value #{target['refId']}" for target in panel["targets"]]
    names = panel["transformations"][-1]["options"]["renameByName"]
    columns = [names[value] for value in (values if len(values) > 1 else ["Value"])]
    assert columns == [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_file_is_formatted_alike(path: Any) -> None:
    text = path.read_text()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"

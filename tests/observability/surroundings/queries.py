"""Every PromQL expression of the rules and the dashboards, and which metrics and labels it speaks of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from launcher.plan import ROOT

RULES = sorted((ROOT / "observability" / "rules").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "observability" / "grafana" / "dashboards").glob("*.json"))

# What Grafana puts in for its own variables, at a dashboard's usual range and refresh.
_BUILT_IN = {"$__rate_interval": "1m", "$__range": "15m", "$__interval": "15s"}


@dataclass(frozen=True)
class Query:
    """An expression and where it stands. Of an alert, it may be right that nothing is found; of a panel, it is not."""

    where: str
    expr: str
    panel: bool = False


def rules() -> list[dict[str, Any]]:
    """Every rule of every file."""
    documents = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard, by the name of its file."""
    return {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its panels, also those within a row; rows are left out."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panels({"panels": panel.get("panels", [])})
        else:
            yield panel


def queries(variables: Mapping[str, str]) -> list[Query]:
    """All of them. *variables* are the dashboards' own, like ``service``, and what to put in for each."""
    found = [Query(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for name, dashboard in dashboards().items():
        for panel in panels(dashboard):
            found += [
                Query(f"{name}: {panel['title']}", substituted(target["expr"], variables), panel=True)
                for target in panel.get("targets", [])
            ]
        found += [
            Query(f"{name}: ${variable['name']}", f"group by ({label}) ({selector})")
            for variable in dashboard["templating"]["list"]
            if variable["type"] == "query"
            for selector, label in [_label_values(substituted(variable["query"]["query"], variables))]
        ]
    return found


def substituted(expr: str, variables: Mapping[str, str]) -> str:
    """*expr* as Grafana sends it."""
    for name, value in _BUILT_IN.items():
        expr = expr.replace(name, value)
    for name, value in variables.items():
        expr = expr.replace(f"${{{name}}}", value).replace(f"${name}", value)
    assert "$" not in expr.replace('"$1"', ""), f"a variable that nobody knows: {expr}"
    return expr


def _label_values(query: str) -> tuple[str, str]:
    """The selector and the label of Grafana's ``label_values(selector, label)``."""
    selector, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(",")
    return selector.strip(), label.strip()


@dataclass(frozen=True)
class Selector:
    """A metric as an expression selects it, and the labels that it is to have: matched, grouped or joined by."""

    metric: str
    labels: frozenset[str]


def selectors(tree: Any, needed: frozenset[str] = frozenset()) -> Iterator[Selector]:
    """The selectors of an expression, by the tree that Prometheus' ``/api/v1/parse_query`` makes of it."""
    if isinstance(tree, list):
        for each in tree:
            yield from selectors(each, needed)
    if not isinstance(tree, dict):
        return
    kind = tree.get("type")
    if kind in {"vectorSelector", "matrixSelector"}:
        matched = {matcher["name"] for matcher in tree["matchers"]} - {"__name__"}
        yield Selector(tree["name"], needed | matched)
        return
    if kind == "aggregation" and not tree["without"]:
        # What is grouped away here is not there for what stands around it.
        needed = frozenset(tree["grouping"])
    elif kind == "call" and tree["func"]["name"] == "label_replace":
        made, source = tree["args"][1]["val"], tree["args"][3]["val"]
        needed = (needed - {made}) | ({source} - {""})
    elif kind == "binaryExpr" and tree["matching"] and tree["matching"]["on"]:
        needed |= frozenset(tree["matching"]["labels"])
    for key, child in tree.items():
        if key in {"expr", "lhs", "rhs", "args", "param"}:
            yield from selectors(child, needed)

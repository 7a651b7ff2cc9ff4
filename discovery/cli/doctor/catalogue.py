"""The agent and the catalogue: whether what is registered at the one is shown by the other, which everybody reads."""

from __future__ import annotations

import json
from collections.abc import Iterable

from discovery.advice import NOT_IN_CATALOGUE
from discovery.cli.away import Away
from discovery.cli.consul import Reply
from discovery.cli.doctor.finding import Finding, ok, problem, shortened
from discovery.cli.text import clip
from discovery.model import Instance

_ID = "catalogue"


def read_entries(answer: Reply | Away) -> dict[str, str]:
    """The ids that ``/v1/agent/services`` names, each with its service; none where the agent does not say."""
    if isinstance(answer, Away) or answer.status != 200:
        return {}
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    entries = said.items() if isinstance(said, dict) else ()
    return {clip(name): clip(str(each.get("Service", ""))) for name, each in entries if isinstance(each, dict)}


def judge_catalogue(entries: dict[str, str], shown: Iterable[Instance]) -> list[Finding]:
    """Judge what the agent has (*entries*) by what the catalogue has *shown*, which was asked later."""
    missing = sorted(entries.keys() - {clip(each.id) for each in shown})
    if not missing:
        return [ok(_ID, f"the catalogue shows what is registered at this agent ({len(entries)} entries)")]
    return shortened(
        problem(
            "not-in-catalogue",
            f"{each} of {entries[each]} is known to this agent, and not shown by the catalogue: nobody finds it",
            NOT_IN_CATALOGUE,
        )
        for each in missing
    )

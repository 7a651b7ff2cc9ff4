"""Where this library was installed from, for who has to install it once more."""

from __future__ import annotations

import json
from importlib.metadata import distribution


def origin() -> str:
    """The URL of what it was installed from, as pip takes it: a checkout, a wheel, a repository; empty for an index."""
    said = distribution("proconsul").read_text("direct_url.json")
    if said is None:
        return ""
    told = json.loads(said)
    url, repository = told["url"], told.get("vcs_info")
    return f"{repository['vcs']}+{url}@{repository['commit_id']}" if repository else str(url)

"""``consul.base`` without the rest of python-consul2: what builds requests to Consul, and judges answers.

py-consul, which somebody's own code may need, installs itself in the same place: the one that came last is what is
there. Of either so little is used that both will do, and what differs is said here.

The package's own ``__init__`` makes its synchronous client as well, and so brings requests and urllib3, which take
longer to import than all of ours. Whoever imports the whole package later gets a module of their own.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

_NAME = "consul.base"


def _loaded() -> Any:
    if known := sys.modules.get(_NAME):
        return known
    package = find_spec("consul")
    spec = PathFinder.find_spec(_NAME, package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("python-consul2 is not installed, or another `consul` is in its way", name=_NAME)
    # Under no name: the package would take what it finds there for its own, and lack it all the same.
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


base = _loaded()

# What makes requests about this agent; py-consul has it beside the client, not in it.
Agent = getattr(base, "Agent", None) or base.Consul.Agent


def accepted(response: Any) -> bool:
    """Whether Consul did as it was told; the two call this differently."""
    return bool(response.code == 200)

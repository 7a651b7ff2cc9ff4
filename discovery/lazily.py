"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazily(
    package: str, home: Mapping[str, str], extra: str = ""
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of *package*, each of whose names in *home* comes from the module there.

    *extra* names what somebody has to install who finds that something is missing for it.
    """
    namespace = vars(sys.modules[package])

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            value = namespace[name] = getattr(import_module(home[name]), name)
        except ModuleNotFoundError as error:
            if not extra or (error.name or package).partition(".")[0] == package.partition(".")[0]:
                raise
            needs = f"{package}.{name} needs {error.name}, which is not installed"
            raise ModuleNotFoundError(f"{needs}: pip install 'proconsul[{extra}]'", name=error.name) from None
        return value

    def names() -> list[str]:
        return sorted({*namespace, *home})

    return load, names

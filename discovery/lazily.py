"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

_OURS = {"discovery", "observability"}


def lacking(what: str, missing: ModuleNotFoundError, extra: str) -> ModuleNotFoundError:
    """The error that says which *extra* brings what *what* needs; where a part of ours is missing, that error stays."""
    if (missing.name or "").partition(".")[0] in _OURS:
        return missing
    needs = f"{what} needs {missing.name}, which is not installed"
    return ModuleNotFoundError(f"{needs}: pip install 'proconsul[{extra}]'", name=missing.name)


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
            if not extra:
                raise
            raise lacking(f"{package}.{name}", error, extra) from None
        return value

    def names() -> list[str]:
        return sorted({*namespace, *home})

    return load, names

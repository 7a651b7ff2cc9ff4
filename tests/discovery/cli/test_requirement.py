"""A command whose extra is not installed."""

from __future__ import annotations

import click
import pytest

from discovery.cli.requirement import requiring


def test_a_package_that_is_missing_is_told_with_what_brings_it() -> None:
    with pytest.raises(click.ClickException) as caught, requiring("shop[cli]"):
        raise ModuleNotFoundError("No module named 'opentelemetry.sdk'", name="opentelemetry.sdk")

    assert caught.value.message == "opentelemetry.sdk is not installed: pip install 'shop[cli]'"


@pytest.mark.parametrize("name", ["discovery.cli.nothing", "observability.nothing"])
def test_a_missing_part_of_the_library_is_a_defect_and_not_hidden(name: str) -> None:
    with pytest.raises(ModuleNotFoundError), requiring("proconsul[console]"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

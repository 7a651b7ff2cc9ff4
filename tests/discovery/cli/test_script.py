"""The script `mesh` where the library is installed and what its command needs is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from discovery.cli.exits import COULD_NOT_RUN

# As Python behaves where the module is not installed.
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from discovery.cli.script import main
main()
"""


def mesh_without(module: str) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-c", WITHOUT, module)
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_without_click_it_says_what_to_install() -> None:
    said = mesh_without("click")
    assert said.returncode == COULD_NOT_RUN
    assert said.stderr == "mesh: the library is here, the command is not: pip install 'proconsul[cli]'\n"


@pytest.mark.parametrize("module", ["discovery.cli.text", "discovery.cli.main"])
def test_another_module_that_is_missing_is_not_hidden(module: str) -> None:
    said = mesh_without(module)
    assert said.returncode == 1
    assert f"ModuleNotFoundError: No module named '{module}'" in said.stderr

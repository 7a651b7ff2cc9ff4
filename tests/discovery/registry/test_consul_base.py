"""What of python-consul2 is loaded."""

from __future__ import annotations

import subprocess
import sys


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_mesh_brings_no_synchronous_client_along() -> None:
    code = "import sys; from discovery import Mesh; print(*{'requests', 'urllib3', 'consul'} & sys.modules.keys())"
    assert python(code) == "\n"


def test_whoever_wants_the_whole_package_gets_it_before_and_after() -> None:
    whole = "import consul, consul.base; consul.Consul; consul.base.Consul"
    assert python(f"from discovery import Mesh; {whole}; print('whole')") == "whole\n"
    assert python(f"{whole}; from discovery import Mesh; print('whole')") == "whole\n"

"""What compose.yaml and the Dockerfile say: the one as Compose understands it, which takes no engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from launcher.plan import ROOT

PLAIN = (".env",)
CLUSTER = (".env", "consul/cluster/compose.env")
BROKER = (".env", "rabbitmq/compose.env")
BOTH = (*CLUSTER, "rabbitmq/compose.env")
PROFILES = ("cluster", "grafana", "rabbitmq", "setup")

_STAGE = re.compile(r"FROM (?P<base>\S+) AS (?P<name>\S+)")


def compose(
    *words: str, env_files: tuple[str, ...] = PLAIN, profiles: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Compose on our file, as a user does who has set nothing; it is not told of any engine."""
    alone = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    if alone is None and shutil.which("docker") is None:
        pytest.fail("there is no Compose: install the dependency group `dev`", pytrace=False)
    return subprocess.run(
        [
            *([alone] if alone else ["docker", "compose"]),
            *("--project-directory", str(ROOT)),
            *(word for name in env_files for word in ("--env-file", name)),
            *(word for name in profiles for word in ("--profile", name)),
            *words,
        ],
        cwd=ROOT,
        # What a shell says of other compositions, or of our variables, is not what the files say.
        env={name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@cache
def configuration(
    env_files: tuple[str, ...] = PLAIN, profiles: tuple[str, ...] = PROFILES
) -> Mapping[str, Mapping[str, Any]]:
    """All services, by default with those of all profiles, every variable put in."""
    said = compose("config", "--format", "json", env_files=env_files, profiles=profiles)
    assert said.returncode == 0, said.stderr
    services: dict[str, Mapping[str, Any]] = json.loads(said.stdout)["services"]
    return services


def stages() -> dict[str, list[str]]:
    """The instructions of each stage of the Dockerfile, one a line; what comes before the first is ``""``."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[str]] = {"": []}
    current = found[""]
    for line in text.splitlines():
        if stage := _STAGE.fullmatch(line):
            current = found[stage["name"]] = [line]
        elif line and not line.startswith("#"):
            current.append(line)
    return found


def base_of(stage: str) -> str:
    """The stage or image that a stage begins with."""
    begins = _STAGE.fullmatch(stages()[stage][0])
    assert begins is not None
    return begins["base"]

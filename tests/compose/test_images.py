"""The images are small, hold what is theirs and nothing else, and each answers by itself."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from launcher.plan import CONSOLE, ROOT, SYSTEM, module_of
from launcher.stack.engine import Engine
from launcher.stack.stack import Stack
from tests.compose.probes import GRACE_S, container, inspect, read, status
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

SERVICES = sorted(SYSTEM)
# With a database in it, and without.
MEGABYTES = {True: 235, False: 200}
TMP = "/tmp"  # noqa: S108 - a container's own

# What is in an image: the files of ours, the packages, and whatever looks like a secret or has no business there.
LOOK = """
import importlib.metadata, json, os, pathlib, sys
app = pathlib.Path("/app")
files = sorted(str(path.relative_to(app)) for path in app.rglob("*") if path.is_file())
strange = [
    os.path.join(folder, name)
    for top in ("/app", "/data", "/root", "/home", "/run/secrets", "/tmp")
    for folder, folders, names in os.walk(top)
    for name in (*folders, *names)
    if name in {".git", ".env", ".netrc", ".secrets", "launcher", "pip.conf", "tests"}
    or name.endswith((".db", ".hcl", ".key", ".pem", ".token"))
]
packages = sorted(each.metadata["Name"] for each in importlib.metadata.distributions(path=[
    path for path in sys.path if path.startswith("/opt/venv")
]))
print(json.dumps({
    "files": files, "strange": strange, "packages": packages, "uid": os.getuid(), "gid": os.getgid(),
    "writable": [path for path in ("/app", "/opt/venv", "/etc", "/data") if os.access(path, os.W_OK)],
    "pip": [str(path) for path in pathlib.Path("/opt/venv").rglob("pip*") if path.name in {"pip", "pip3"}],
}))
"""

# What they show of their own data, whoever else is away.
SHOWN = {"laptops": "/laptops", "ports": "/ports?laptop=1", "console": "/data/services"}
# As compose.yaml runs them, and as somebody does who tries one.
HARDENED = ("--read-only", "--tmpfs", TMP, "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(engine: Engine, family: str, stack: Stack) -> AsyncIterator[dict[str, str]]:
    """A container of each image, with no Consul anywhere: ``laptops``, and hardened, ``laptops-hardened``."""
    async with AsyncExitStack() as containers:
        started: dict[str, str] = {}
        for service in SERVICES:
            (port,) = (await inspect(engine, f"{service}-service"))["Config"]["ExposedPorts"]
            for name, options in ((service, ()), (f"{service}-hardened", HARDENED)):
                published = ("--publish", f"127.0.0.1::{port.partition('/')[0]}", *options)
                running = container(engine, family, f"{service}-service", options=published)
                started[name] = await containers.enter_async_context(running)
        yield started


async def seen_in(engine: Engine, service: str) -> dict[str, Any]:
    image = f"{service}-service"
    words = ("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", LOOK)
    found: dict[str, Any] = json.loads(await engine.docker(*words))
    return found


def home(service: str) -> str:
    """Where its code stands."""
    return module_of(service).replace(".", "/")


def locked(service: str) -> list[str]:
    """The packages of its lock."""
    lock = (ROOT / home(service) / "requirements.lock").read_text()
    return re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)


def plain(names: list[str]) -> set[str]:
    """Names as the index compares them (PEP 503)."""
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


@pytest.mark.parametrize("service", SERVICES)
async def test_an_image_is_small_runs_without_rights_and_says_how_it_is(
    service: str, engine: Engine, stack: Stack
) -> None:
    image = await inspect(engine, f"{service}-service")
    assert image["Size"] <= MEGABYTES["sqlalchemy" in locked(service)] * 10**6
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Healthcheck"]["Test"][0] == "CMD"
    assert image["Config"]["Cmd"] == ["python", "-m", module_of(service)]
    assert not [word for word in image["Config"]["Env"] if re.search("TOKEN|SECRET|PASSWORD", word)]


@pytest.mark.parametrize("service", SERVICES)
async def test_an_image_holds_its_own_service_and_packages_and_no_other(
    service: str, engine: Engine, stack: Stack
) -> None:
    seen = await seen_in(engine, service)
    rooms = {"/".join(file.split("/")[:2]) for file in seen["files"] if file.count("/") > 1 and "__" not in file}
    beside = {room for room in rooms if room.startswith("services/") or room == "observability/console"}
    assert beside == ({home(service)} if service == CONSOLE else {home(service), "services/kit"})
    assert {file.split("/")[0] for file in seen["files"]} - {"services"} == {"discovery", "observability"}
    assert f"{home(service)}/__main__.py" in seen["files"]
    # The file system is read-only: what is not compiled now is compiled at every start.
    assert any(file.startswith(f"{home(service)}/__pycache__/app.") for file in seen["files"])
    assert plain(seen["packages"]) == plain(locked(service))
    assert (seen["pip"], seen["strange"]) == ([], [])
    assert (seen["uid"], seen["gid"], seen["writable"]) == (10001, 10001, ["/data"])


@pytest.mark.parametrize("how", ["", "-hardened"], ids=["plain", "hardened"])
@pytest.mark.parametrize("service", SERVICES)
async def test_an_image_answers_alone_becomes_healthy_and_leaves_when_asked(
    service: str, how: str, alone: dict[str, str], engine: Engine
) -> None:
    name = alone[f"{service}{how}"]
    url = f"http://127.0.0.1:{await published(engine, name)}"

    async def health() -> str:
        return str((await inspect(engine, name))["State"]["Health"]["Status"])

    async with aiohttp.ClientSession() as session:
        # 429: it serves without something that it can do without.
        await comes(lambda: status(session, f"{url}/health/ready"), lambda said: said in {200, 429})
        await comes(health, lambda said: said == "healthy")
        content = await read(session, f"{url}{SHOWN.get(service, '/health/live')}")
    assert content
    await engine.docker("stop", "--time", str(GRACE_S), name, limit_s=GRACE_S + 30)
    state = (await inspect(engine, name))["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


async def published(engine: Engine, name: str) -> str:
    """The port of this machine that is the container's only one."""
    (ports,) = (await inspect(engine, name))["NetworkSettings"]["Ports"].values()
    return str(ports[0]["HostPort"])

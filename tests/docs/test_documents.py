"""What the documents say is true: their code runs, their links lead somewhere, their tables are the program's."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import click
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.variables import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "services").rglob("README.md"),
        *(ROOT / "observability").rglob("README.md"),
    ]
)


def blocks(language: str) -> list[Any]:
    """Every fenced block of a language, named after its document."""
    found: list[Any] = []
    for path in DOCUMENTS:
        for number, text in enumerate(
            re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL), 1
        ):
            found.append(pytest.param(text, id=f"{path.relative_to(ROOT)}:{number}"))
    return found


@pytest.fixture
async def ports() -> AsyncIterator[str]:
    """A service that every example may ask, whatever it is called there; yields its address."""
    app = web.Application()

    async def listed(request: web.Request) -> web.Response:
        return web.json_response([{"id": 1, "name": "left", "laptop": 7}])

    app.router.add_get("/{path:.*}", listed)
    config = discovery.MeshConfig(name="ports", drain_s=0)
    async with discovery.serving(app, config, registry=discovery.StaticRegistry({})) as server:
        yield server.instance.address


@pytest.mark.parametrize("code", blocks("python"))
async def test_python_in_the_documents_runs(code: str, ports: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_STATIC", f"ports={ports},hello={ports}")
    monkeypatch.setenv("MESH_DRAIN_S", "0")
    served: list[tuple[web.Application, str]] = []
    monkeypatch.setattr(discovery, "run", lambda app, name, **_: served.append((app, name)))
    names: dict[str, Any] = {"discovery": discovery, "aiohttp": aiohttp, "web": web, "__name__": "example"}

    compiled = compile(code, "<document>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    result = eval(compiled, names)
    if inspect.isawaitable(result):
        await result

    for app, name in served:
        async with (
            discovery.serving(app, discovery.MeshConfig.from_env(name)) as server,
            aiohttp.ClientSession() as session,
        ):
            routes = [r.resource.canonical for r in app.router.routes() if r.method == "GET" and r.resource]
            path = next(route for route in routes if not route.startswith("/health")).replace("{laptop}", "7")
            async with session.get(f"http://{server.instance.address}{path}") as response:
                assert response.status == 200


@pytest.mark.parametrize("code", blocks("py"))
def test_python_for_what_is_not_installed_here_can_be_read(code: str) -> None:
    tree = ast.parse(code)
    named = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "discovery"
    }

    assert named <= set(discovery.__all__)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))

    missing = [t for t in targets if not t.startswith("http") and not (path.parent / t).exists()]

    assert missing == []


def test_every_variable_is_in_the_table_of_settings() -> None:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)) == set(VARIABLES)


def test_every_header_is_on_the_page_about_the_wire() -> None:
    text = (ROOT / "docs/wire.md").read_text(encoding="utf-8")
    headers = {value for name, value in vars(wire).items() if name.isupper() and str(value).startswith("Mesh-")}

    assert {header for header in headers - {wire.PREFIX} if f"`{header}`" not in text} == set()


def test_the_commands_of_the_documents_exist() -> None:
    from launcher.main import mesh  # the group as a user meets it

    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"\./mesh ([a-z]+)", text))

    assert named <= set(mesh.list_commands(click.Context(mesh)))

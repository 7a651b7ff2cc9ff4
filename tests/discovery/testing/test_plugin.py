"""The fixtures in a stranger's project, which knows the library as it is installed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]

INI = """
[pytest]
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
STUBBED = """
    async with mesh.get("http://ports/ports") as response:
        assert await response.json() == [1]
"""
WHOLE = """
import discovery
import pytest
from aiohttp import web
from discovery.testing import ClientFactory, MeshAgent, MeshStub, RecordingObserver, ServiceFactory, seen

{mark}

async def test_services(mesh_agent: MeshAgent, mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", {{"/ports": [1]}})
    await seen(mesh, ports.instance)
    with mesh_agent.loses_leader(), ports.resets(times=1):
        async with mesh.get("http://ports/ports") as response:
            assert await response.json() == [1]
    assert len(ports.requests) == 2

async def test_an_application(
    mesh_client: ClientFactory, mesh_stub: MeshStub, mesh_observer: RecordingObserver
) -> None:
    async def count(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://ports/ports") as response:
            return web.json_response(len(await response.json()))

    app = web.Application()
    app.router.add_get("/count", count)
    mesh_stub.get("ports", "/ports").answers(json=[1, 2])
    client = await mesh_client(app)
    async with client.get("/count") as response:
        assert await response.json() == 2
    assert len(mesh_observer.calls) == 1
"""

Project = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    def run(code: str, *words: str, mode: str = "auto", apart: bool = False) -> pytest.RunResult:
        pytester.makeini(INI.format(mode=mode))
        pytester.makepyfile(code)
        if apart:
            return pytester.runpytest_subprocess("-p", "no:cacheprovider", *words)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *words)

    return run


@pytest.mark.parametrize(("mode", "mark"), [("auto", ""), ("strict", "pytestmark = pytest.mark.asyncio")])
def test_it_works_in_either_mode_of_pytest_asyncio(project: Project, mode: str, mark: str) -> None:
    project(WHOLE.format(mark=mark), mode=mode, apart=True).assert_outcomes(passed=2)


def test_it_works_where_one_loop_serves_all_tests(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        INI.format(mode="auto").replace("= function", "= session") + "asyncio_default_test_loop_scope = session"
    )
    pytester.makepyfile(WHOLE.format(mark=""))
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_without_a_plugin_for_asyncio_it_says_what_to_install(project: Project, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(mesh_agent): pass\n\ndef test_other(mesh_config): pass")
    pytester.makeini("[pytest]\nfilterwarnings = error")
    result = pytester.runpytest_subprocess("-p", "no:asyncio")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*the fixture mesh_agent needs pytest-asyncio*pip install 'proconsul?testing?'",
            "*the fixture mesh_config needs pytest-asyncio*",
        ]
    )
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    "code", ['await mesh_service("ports", {})', "await mesh_client(None)", 'await mesh.get("http://ports/")']
)
def test_a_loop_that_is_not_the_tests_own_is_said_at_once(pytester: pytest.Pytester, code: str) -> None:
    pytester.makeini(INI.format(mode="auto") + "asyncio_default_test_loop_scope = session")
    pytester.makepyfile(f"async def test_it(mesh, mesh_service, mesh_client): {code}")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Misused: * belongs to another event loop: *"])


def test_it_can_be_switched_off(project: Project) -> None:
    result = project("def test_it(mesh_agent): pass", "-p", "no:proconsul")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'mesh_agent' not found*"])


def test_to_whoever_does_not_use_it_it_is_not_there(project: Project) -> None:
    code = """
    import sys

    def test_it():
        assert "discovery.testing.fixtures" in sys.modules
        heavy = {"aiohttp", "msgspec", "consul", "yarl", "discovery.runtime", "discovery.devagent"}
        assert heavy & set(sys.modules) == set()
    """
    result = project(code, "-q", apart=True)
    result.assert_outcomes(passed=1)
    assert "mesh" not in result.stdout.str()
    assert result.stderr.str() == ""


def test_a_clock_that_stands_still_does_not_keep_a_server_from_ending(project: Project) -> None:
    code = """
    import asyncio
    import discovery
    from aiohttp import web

    async def test_it(mesh_client, mesh_clock):
        begun = asyncio.Event()

        @discovery.uninterrupted
        async def transfer(request):
            begun.set()
            await asyncio.Event().wait()

        app = web.Application()
        app.router.add_get("/", transfer)
        client = await mesh_client(app)
        calling = asyncio.create_task(client.session.get(client.make_url("/")))
        await begun.wait()
        calling.cancel()
    """
    project(code).assert_outcomes(passed=1)


def test_its_fixtures_are_listed_each_with_what_it_is(project: Project) -> None:
    listed = project("", "--fixtures").stdout.str().partition("fixtures defined from discovery.testing.fixtures")[2]
    for name in ("agent", "client", "clock", "config", "observer", "service", "stub"):
        assert f"mesh_{name} -- " in listed or f"mesh_{name} [session scope] -- " in listed
    assert "no docstring available" not in listed.partition("----")[0]


def test_a_projects_own_fixture_of_the_same_name_wins(project: Project) -> None:
    code = """
    import discovery
    import pytest

    @pytest.fixture
    def mesh_config(mesh_agent):
        return mesh_agent.config("report", max_services=2)

    async def test_it(mesh):
        assert (mesh.config.name, mesh.config.max_services) == ("report", 2)
    """
    project(code).assert_outcomes(passed=1)


def test_a_stub_that_is_not_called_fails_the_test_by_its_name(project: Project) -> None:
    code = f"""
async def test_it(mesh, mesh_stub):
    mesh_stub.get("ports", "/ports").answers(json=[1])
    mesh_stub.post("orders", "/orders", query={{"dry": 1}}).answers(201).answers(409)
    {STUBBED}
"""
    result = project(code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["not called: POST http://orders/orders?dry=1 (2 of 2 calls missing)"])
    assert "plugin.py" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()


def test_a_call_without_a_stub_fails_the_test_though_the_application_bore_it(project: Project) -> None:
    code = f"""
import aiohttp

async def test_it(mesh, mesh_stub):
    mesh_stub.get("ports", "/ports").answers(json=[1])
    {STUBBED}
    await mesh.delete("http://ports/ports/1?sure=1")
    try:
        await mesh.get("http://rats/x")
    except aiohttp.ClientError:
        pass
"""
    result = project(code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "no stub for DELETE http://ports/ports/1?sure=1",
            "no stub for GET http://rats/x: the agent knows no such service",
            "there are stubs for: GET http://ports/ports",
        ]
    )


def test_a_test_that_fails_by_itself_is_told_of_calls_without_a_stub(project: Project) -> None:
    code = """
async def test_it(mesh, mesh_stub):
    mesh_stub.get("ports", "/ports").answers(json=[1])
    async with mesh.get("http://ports/other") as response:
        assert response.status == 200
"""
    result = project(code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 501 == 200*", "*mesh_stub:*", "*GET http://ports/other*"])


def test_stubs_may_be_made_in_a_fixture_and_left_uncalled(project: Project) -> None:
    code = f"""
import pytest

@pytest.fixture
def ports(mesh_stub):
    mesh_stub.assert_all_called = mesh_stub.assert_all_stubbed = False
    mesh_stub.get("ports", "/other")
    return mesh_stub.get("ports", "/ports").answers(json=[1])

async def test_it(mesh, ports):
    {STUBBED}
    await mesh.get("http://ports/unknown")
"""
    project(code).assert_outcomes(passed=1)


def test_a_real_agent_that_is_missing_is_an_error_and_nothing_is_skipped(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CONSUL_BIN", raising=False)
    result = project("async def test_it(mesh_agent): pass", "--mesh-agent=real")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a real agent was asked for, and there is no consul: name the program in CONSUL_BIN*"])

    monkeypatch.setenv("CONSUL_BIN", "/nowhere/consul")
    monkeypatch.setenv("MESH_TEST_AGENT", "real")
    result = project("async def test_it(mesh_agent): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a real agent was asked for, and CONSUL_BIN=/nowhere/consul is not a program"])


def test_an_agent_of_no_known_kind_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_TEST_AGENT", "unreal")
    result = project("async def test_it(mesh_agent): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["mesh_agent (MESH_TEST_AGENT) is memory or real, got 'unreal'"])


@pytest.mark.consul
def test_the_same_tests_pass_with_a_real_agent(project: Project) -> None:
    project(WHOLE.format(mark=""), "--mesh-agent=real").assert_outcomes(passed=2)

"""A running system obeys whoever has its token, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

import aiohttp
import pytest

from discovery.errors import ConfigError
from launcher.local.breakage import NotBroken
from launcher.local.control import Control
from launcher.local.folder import State
from launcher.local.guests import NoGuest
from launcher.local.staff import Staff, StaffRefused
from launcher.local.system import NotReady, Running
from launcher.remote.asking import ControlError, ask

PORT = Running("ports-1", "ports-1", 12, "http://127.0.0.1:5001", "passing")


class FakeAgent:
    url = "http://127.0.0.1:8500"


class FakeBreakage:
    """Remembers what it is told, or does not do it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.problem: Exception | None = None
        self.no_broker = "events go over the mesh"

    async def set(self, key: str, value: str | None) -> None:
        self._tell((key, value))

    async def stop_consul(self) -> None:
        self._tell("stop consul")

    def start_consul(self) -> None:
        self._tell("start consul")

    def cut_broker(self) -> None:
        self._tell("cut broker")

    def join_broker(self) -> None:
        self._tell("join broker")

    def _tell(self, what: object) -> None:
        if self.problem:
            raise self.problem
        self.told.append(what)


class FakeGuests:
    """Knows who is there, or lets nobody in."""

    def __init__(self) -> None:
        self.there: dict[str, Mapping[str, str]] = {}
        self.problem: Exception | None = None

    async def start(self, name: str, environ: Mapping[str, str]) -> str:
        if self.problem:
            raise self.problem
        self.there[name] = environ
        return f"{name}-a1"

    async def stop(self, name: str) -> None:
        self.there.pop(name, None)


class FakeSystem:
    """Does what it is told, or not."""

    def __init__(self) -> None:
        self.agent = FakeAgent()
        self.breakage = FakeBreakage()
        self.guests = FakeGuests()
        self.scaled: list[Mapping[str, int]] = []
        self.problem: Exception | None = None

    async def scale(self, counts: Mapping[str, int]) -> None:
        self.scaled.append(counts)

    async def ready(self, progress: Callable[[int, int], None]) -> tuple[Running, ...]:
        if self.problem:
            raise self.problem
        return (PORT,)

    async def instances(self) -> tuple[Running, ...]:
        return (PORT,)

    async def staff(self, email: str) -> Staff:
        if self.problem:
            raise self.problem
        return Staff(email, "a secret", "http://127.0.0.1:8080")


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def control(system: FakeSystem) -> Control:
    return Control(system, "secret")


@pytest.fixture
async def state(control: Control) -> AsyncIterator[State]:
    async with control.serving() as url:
        yield State("a1", 1, url, "secret")


async def test_it_scales_and_says_what_runs_then(state: State, system: FakeSystem) -> None:
    answer = await ask(state, "/scale", {"ports": 5})
    assert [Running(**each) for each in answer] == [PORT]
    assert system.scaled == [{"ports": 5}]


async def test_it_makes_an_account_and_tells_its_password_to_who_asked(state: State, system: FakeSystem) -> None:
    made = Staff(**await ask(state, "/staff", {"email": "a@example.com"}))
    assert made == Staff("a@example.com", "a secret", "http://127.0.0.1:8080")
    assert "secret" not in repr(made)
    system.problem = StaffRefused("there is such an account")
    with pytest.raises(ControlError, match="system a1: there is such an account"):
        await ask(state, "/staff", {"email": "a@example.com"})
    with pytest.raises(ControlError, match="an e-mail address is missing"):
        await ask(state, "/staff", {})


async def test_it_says_what_runs_where(state: State) -> None:
    said = await ask(state, "/look", {})
    assert (said["consul"], [Running(**each) for each in said["instances"]]) == ("http://127.0.0.1:8500", [PORT])
    assert said["no_broker"] == "events go over the mesh"


async def test_it_breaks_and_mends_what_it_is_told(state: State, system: FakeSystem) -> None:
    await ask(state, "/setting", {"key": "mesh/ports/fault", "value": '{"status": 503}'})
    await ask(state, "/setting", {"key": "mesh/ports/fault", "value": None})
    await ask(state, "/stop_consul", {})
    await ask(state, "/start_consul", {})
    await ask(state, "/cut_broker", {})
    await ask(state, "/join_broker", {})
    assert system.breakage.told == [
        ("mesh/ports/fault", '{"status": 503}'),
        ("mesh/ports/fault", None),
        "stop consul",
        "start consul",
        "cut broker",
        "join broker",
    ]


async def test_what_cannot_be_broken_is_told(state: State, system: FakeSystem) -> None:
    system.breakage.problem = NotBroken("it is not ours")
    setting = {"key": "mesh/ports/fault", "value": None}
    for verb, content in (("/setting", setting), ("/stop_consul", {}), ("/cut_broker", {})):
        with pytest.raises(ControlError, match="system a1: it is not ours"):
            await ask(state, verb, content)


@pytest.mark.parametrize(
    "content",
    [
        {"key": "mesh/ports/fault"},
        {"key": "other/ports/fault", "value": ""},
        {"key": "mesh/ports/fault/../../other", "value": ""},
        {"key": "mesh/ports/fault", "value": 503},
        {"key": ["mesh/ports/fault"], "value": "x"},
    ],
)
async def test_no_other_key_is_set(state: State, system: FakeSystem, content: dict[str, object]) -> None:
    with pytest.raises(ControlError):
        await ask(state, "/setting", content)
    assert system.breakage.told == []


async def test_one_more_instance_comes_and_goes(state: State, system: FakeSystem) -> None:
    assert await ask(state, "/start", {"name": "ports-new", "environ": {"MESH_VERSION": "2"}}) == {"id": "ports-new-a1"}
    assert system.guests.there == {"ports-new": {"MESH_VERSION": "2"}}
    for _ in range(2):
        await ask(state, "/stop", {"name": "ports-new"})
    assert system.guests.there == {}
    for content in ({}, {"name": 1}, {"name": "a", "environ": []}, {"name": "a", "environ": {"A": 1}}):
        with pytest.raises(ControlError, match="an instance cannot be started like that"):
            await ask(state, "/start", content)
    with pytest.raises(ControlError, match="which instance is to end is missing"):
        await ask(state, "/stop", {})
    system.guests.problem = ConfigError("ports-new is there already")
    with pytest.raises(ControlError, match="like that: ports-new is there already"):
        await ask(state, "/start", {"name": "ports-new"})
    system.guests.problem = NoGuest("ports-new is not healthy")
    with pytest.raises(ControlError, match="system a1: ports-new is not healthy"):
        await ask(state, "/start", {"name": "ports-new"})


async def test_it_goes_down(state: State, control: Control) -> None:
    assert not control.down.is_set()
    await ask(state, "/down", {})
    assert control.down.is_set()


@pytest.mark.parametrize("token", ["", "secre", "secret2", "sécret"])
async def test_without_the_token_nothing_happens(
    state: State, system: FakeSystem, control: Control, token: str
) -> None:
    breaking = ("/setting", "/stop_consul", "/start_consul", "/cut_broker", "/join_broker")
    for path in ("/scale", "/start", "/stop", "/staff", "/down", "/look", *breaking):
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as session, session.post(state.control + path, headers=headers) as response:
            assert response.status == 403
    assert (system.scaled, system.breakage.told, control.down.is_set()) == ([], [], False)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b'{"ports": "x"}', b'{"shops": 1}', b"x" * 5000])
async def test_nonsense_is_refused(state: State, system: FakeSystem, content: bytes) -> None:
    headers = {"Authorization": "Bearer secret"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{state.control}/scale", data=content, headers=headers) as response,
    ):
        assert response.status in {400, 413}
    assert system.scaled == []


async def test_what_could_not_be_done_is_told(state: State, system: FakeSystem) -> None:
    system.problem = NotReady("ports-5 is critical")
    with pytest.raises(ControlError, match="system a1: ports-5 is critical"):
        await ask(state, "/scale", {"ports": 5})


async def test_a_system_that_is_away_is_told(state: State) -> None:
    with pytest.raises(ControlError, match="system a1 does not answer"):
        await ask(replace(state, control="http://127.0.0.1:1"), "/down", {})

"""A process that starts while its registry is away, with what the one before it was told."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from discovery.call_errors import NoInstances, StaleView
from discovery.clock import SystemClock
from discovery.config import MeshConfig
from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.model import Health, Source, Target
from discovery.observer import ViewChanged
from discovery.policy import keeping
from discovery.registry.port import Answer
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import other_tasks

AWAY = RegistryUnavailable("away")


class Registry(FakeRegistry):
    """Answers as one that is asked, and not as a list of the settings; *silent* ones never do."""

    silent = False

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        if self.silent:
            await asyncio.Event().wait()
        answer = await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)
        return replace(answer, source=Source.REGISTRY)


class Quick(SystemClock):
    """What takes seconds takes a hundredth of them."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def wall(self) -> float:
        return SystemClock.wall() + self.ahead_s

    async def sleep(self, seconds: float, /) -> None:
        await super().sleep(seconds / 100)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@asynccontextmanager
async def a_process(
    registry: FakeRegistry, observer: RecordingObserver, folder: Path | str, ahead_s: float = 0.0
) -> AsyncIterator[Mesh]:
    clock = Quick()
    clock.ahead_s = ahead_s
    config = MeshConfig(name="shop", snapshot=str(folder), lookup_timeout_s=5.0)
    async with Mesh(config, registry, around=Surroundings(clock, observer=observer)) as mesh:
        yield mesh
    assert not other_tasks()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.view"))


async def kept(folder: Path, count: int = 1) -> None:
    """Wait until so many snapshots are there."""
    async with asyncio.timeout(10):
        while len(files(folder)) != count:
            await SystemClock().sleep(0.01)


async def called(mesh: Mesh) -> str:
    async with mesh.get("http://ports/") as response:
        return await response.text()


async def test_it_serves_its_first_call_and_says_where_from(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    folder = tmp_path / "views"
    async with peer(registry, "ports", id="p1"):
        async with a_process(registry, observer, folder) as mesh:
            assert await called(mesh) == "p1"
            await kept(folder)
        assert observer.told(SnapshotUsed) == []

        registry.fail(AWAY)
        async with a_process(registry, observer, folder, ahead_s=600) as mesh:
            assert await called(mesh) == "p1"
            view = mesh.view("ports")
            assert view is not None
            assert view.source is Source.SNAPSHOT
            assert 600 <= view.age(SystemClock().now()) < 660
            assert mesh.directory("ports").trouble is AWAY
            (used,) = observer.told(SnapshotUsed)
            assert used.view is view
            assert 600 <= used.age_s < 660
            lookup = observer.calls[-1].call.lookup
            assert lookup is not None, "so the span says it"
            assert lookup.view is view

            registry.heal()
            async with asyncio.timeout(10):
                while (known := mesh.view("ports")) is view:
                    await SystemClock().sleep(0.01)
            assert known is not None
            assert known.source.value == "registry"
            assert mesh.directory("ports").trouble is None
            assert await called(mesh) == "p1"
    assert observer.told(SnapshotFailed) == []


async def test_a_registry_that_does_not_even_refuse_the_connection_is_not_waited_for(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    async with peer(registry, "ports", id="p1"):
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            await called(mesh)
            await kept(tmp_path / "views")
        registry.silent = True
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            assert await called(mesh) == "p1"
            trouble = mesh.directory("ports").trouble
            assert str(trouble) == "the registry has not answered yet"


async def test_what_the_registry_says_at_once_is_all_that_is_used(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    async with peer(registry, "ports", id="p1"), a_process(registry, observer, tmp_path / "views") as mesh:
        await called(mesh)
        await kept(tmp_path / "views")
    async with peer(registry, "ports", id="p2"), a_process(registry, observer, tmp_path / "views") as mesh:
        assert await called(mesh) == "p2"
        assert [changed.view.source for changed in observer.told(ViewChanged)] == [Source.REGISTRY] * 2
    assert observer.told(SnapshotUsed) == []


async def test_a_registry_that_refuses_is_not_away(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    async with peer(registry, "ports", id="p1"):
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            await called(mesh)
            await kept(tmp_path / "views")
        registry.fail(RegistryRejected("the token may not read it any more"))
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            with pytest.raises(NoInstances, match="may not read it any more"):
                async with mesh.get("http://ports/", timeout=0.5):
                    pass
        registry.heal()
    assert observer.told(SnapshotUsed) == []


async def test_a_first_answer_is_judged_by_itself_and_not_by_what_was_known_yesterday(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    async with peer(registry, "ports", id="p1") as one, peer(registry, "ports", id="p2") as two:
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            await called(mesh)
            await kept(tmp_path / "views")
        registry.fail(AWAY)
        async with a_process(registry, observer, tmp_path / "views") as mesh:
            await called(mesh)
            ill = [replace(each.instance, health=Health.CRITICAL) for each in (one, two)]
            registry.replace("ports", ill)
            registry.heal()
            async with asyncio.timeout(10):
                while mesh.directory("ports").trouble is not None:
                    await SystemClock().sleep(0.01)
            assert mesh.directory("ports").plan.candidates == (), "nobody saw them fall together"


async def test_who_is_gone_is_forgotten(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_PAUSE_S", 0.1)
    folder = tmp_path / "views"
    async with a_process(registry, observer, folder) as mesh:
        async with peer(registry, "ports", id="p1"):
            await called(mesh)
            await kept(folder)
        registry.replace("ports", [])
        await kept(folder, 0)


async def test_one_that_cannot_be_used_is_told_and_calls_wait_for_the_registry(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    folder = tmp_path / "views"
    async with peer(registry, "ports", id="p1"):
        async with a_process(registry, observer, folder) as mesh:
            await called(mesh)
            await kept(folder)
        (file,) = files(folder)
        file.write_bytes(file.read_bytes()[:-1])
        registry.fail(AWAY)
        async with a_process(registry, observer, folder) as mesh:
            with pytest.raises(NoInstances, match="away"):
                async with mesh.get("http://ports/", timeout=0.5):
                    pass
            registry.heal()
            assert await called(mesh) == "p1"
    (failed,) = observer.told(SnapshotFailed)
    assert failed.path == str(folder)
    assert f"{file}: its checksum does not fit" in failed.reason


@pytest.mark.parametrize("harm", ["no folder", "full"])
async def test_what_cannot_be_written_is_told_once_and_harms_no_call(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    folder = tmp_path / "views"
    if harm == "no folder":
        folder = Path("/dev/null/views")
    else:

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
    async with (
        peer(registry, "ports", id="p1"),
        peer(registry, "laptops", id="l1"),
        a_process(registry, observer, folder) as mesh,
    ):
        mesh.directory("laptops")
        for _ in range(20):
            assert await called(mesh) == "p1"
            await SystemClock().sleep(0.02)
    told = {failed.reason for failed in observer.told(SnapshotFailed)}
    if harm == "full":
        assert told == {"[Errno 28] No space left on device"}
        assert len(observer.told(SnapshotFailed)) == 1
    else:
        assert all("Not a directory" in reason for reason in told)
        assert len(observer.told(SnapshotFailed)) <= 3, "by whoever looked for one, and once by whoever writes"


async def test_without_a_folder_nothing_is_kept(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with peer(registry, "ports", id="p1"), a_process(registry, observer, "") as mesh:
        await called(mesh)
        await SystemClock().sleep(0.05)
    assert files(tmp_path) == []


async def test_neither_a_password_of_consul_nor_a_token_is_written(
    registry: Registry, observer: RecordingObserver, tmp_path: Path
) -> None:
    config = MeshConfig(
        name="shop", snapshot=str(tmp_path), consul_url="http://me:secret@localhost:8500", consul_token="secret"
    )
    async with (
        peer(registry, "ports", id="p1"),
        Mesh(config, registry, around=Surroundings(Quick(), observer=observer)) as mesh,
    ):
        await called(mesh)
        await kept(tmp_path)
    (file,) = files(tmp_path)
    assert b"secret" not in file.read_bytes()
    assert b"http://localhost:8500" in file.read_bytes()


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"consul_namespace": "theirs"},
        {"consul_partition": "theirs"},
        {"consul_datacenter": "theirs"},
        {"consul_url": "unix:///run/consul.sock"},
    ],
)
async def test_what_was_known_in_one_part_of_consul_is_not_used_in_another(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, elsewhere: dict[str, Any]
) -> None:
    async with peer(registry, "ports", id="p1"), a_process(registry, observer, tmp_path) as mesh:
        await called(mesh)
        await kept(tmp_path)
    registry.fail(AWAY)
    config = MeshConfig(name="shop", snapshot=str(tmp_path), lookup_timeout_s=0.2, **elsewhere)
    async with Mesh(config, registry, around=Surroundings(Quick(), observer=observer)) as mesh:
        with pytest.raises(NoInstances):
            await called(mesh)
    assert observer.told(SnapshotUsed) == []


@pytest.mark.parametrize("url", ["unix:///run/consul.sock", "https://consul.internal:8501/consul"])
async def test_wherever_consul_is_what_was_known_is_used_again(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, url: str
) -> None:
    config = MeshConfig(name="shop", snapshot=str(tmp_path), consul_url=url)
    around = Surroundings(Quick(), observer=observer)
    async with peer(registry, "ports", id="p1"):
        async with Mesh(config, registry, around=around) as mesh:
            await called(mesh)
            await kept(tmp_path)
        registry.fail(AWAY)
        async with Mesh(config, registry, around=around) as mesh:
            assert await called(mesh) == "p1"
        registry.heal()
    assert len(observer.told(SnapshotUsed)) == 1


@pytest.mark.parametrize("silent", [False, True])
async def test_a_call_that_allows_less_is_not_sent_by_a_snapshot_that_comes_while_it_waits(
    registry: Registry, observer: RecordingObserver, tmp_path: Path, silent: bool
) -> None:
    async with peer(registry, "ports", id="p1"):
        async with a_process(registry, observer, tmp_path) as mesh:
            await called(mesh)
            await kept(tmp_path)
        registry.silent = silent
        registry.fail(AWAY)
        async with a_process(registry, observer, tmp_path, ahead_s=600) as mesh:
            with pytest.raises(StaleView) as caught:
                async with mesh.get("http://ports/", max_staleness=30):
                    pass
            assert caught.value.age_s >= 600
            assert await called(mesh) == "p1", "who allows it is served"
        registry.heal()

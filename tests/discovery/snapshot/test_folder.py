"""Snapshots on disk: whole or not there, and used only where nobody else could have written them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from discovery.model import Instance, Target
from discovery.snapshot import folder as rooms
from discovery.snapshot.document import Memory, Unusable, encode
from discovery.snapshot.folder import Folder, file_name

DAY_S = 86400.0
NOW = 1_700_000_000.0
PORTS = Target("ports")
ME = "shop at http://127.0.0.1:8500"
MEMORY = Memory(ME, PORTS, 7, NOW, (Instance(id="p1", service="ports", host="10.0.0.1", port=80),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "views"


@pytest.fixture
def folder(path: Path) -> Folder:
    return Folder(str(path), DAY_S)


def the_file(path: Path) -> Path:
    return path / file_name(ME, PORTS)


def test_what_is_written_is_read_for_as_long_as_it_may_be_old(folder: Folder) -> None:
    assert folder.read(ME, PORTS, NOW) is None
    folder.write(MEMORY)
    assert folder.read(ME, PORTS, NOW + DAY_S) == MEMORY
    folder.forget(ME, PORTS)
    folder.forget(ME, PORTS)
    assert folder.read(ME, PORTS, NOW) is None


def test_it_is_for_our_own_user_alone(folder: Folder, path: Path) -> None:
    before = os.umask(0)
    try:
        folder.write(MEMORY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(path).stat().st_mode) == 0o600
    assert [each.name for each in path.iterdir()] == [file_name(ME, PORTS)], "and no part is left"


def test_what_differs_in_anything_is_kept_apart_and_every_name_is_one_of_a_file() -> None:
    targets = [
        PORTS,
        Target("ports", "dc2"),
        Target("ports", "", '"v2" in Service.Tags'),
        Target("ports", secure=True),
        Target("../../etc/passwd"),
        Target("a/b"),
        Target(".hidden"),
        Target("a_b"),
        Target("x" * 255),
        Target("ü"),
    ]
    names = [file_name(origin, target) for origin in (ME, "other") for target in targets]
    assert len(set(names)) == len(names)
    assert all("/" not in name and not name.startswith(".") and len(name) < 128 for name in names)


Harm = Callable[[Path], object]


def link_to_itself_elsewhere(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def grow(file: Path) -> None:
    os.truncate(file, rooms.SIZE_MAX + 1)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-10] ^= 1
    file.write_bytes(content)


def make_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        pytest.param(lambda file: os.truncate(file, 100), "its checksum does not fit", id="truncated"),
        pytest.param(lambda file: file.write_bytes(b""), "it is no snapshot of a view", id="empty"),
        pytest.param(flip, "its checksum does not fit", id="bit flipped"),
        pytest.param(grow, f"it has {rooms.SIZE_MAX + 1} bytes, more than {rooms.SIZE_MAX}", id="huge"),
        pytest.param(link_to_itself_elsewhere, "it is a symbolic link", id="symbolic link"),
        pytest.param(make_pipe, "it is no file", id="pipe"),
        pytest.param(lambda file: file.chmod(0o644), r"it is open to others \(mode 0644\)", id="readable by others"),
        pytest.param(lambda file: file.chmod(0o620), r"it is open to others \(mode 0620\)", id="writable by others"),
        pytest.param(
            lambda file: file.write_bytes(encode(MEMORY).replace(b" 1 ", b" 9 ", 1)), "it has version 9", id="version"
        ),
        pytest.param(
            lambda file: file.write_bytes(encode(replace(MEMORY, origin="other"))),
            "it is about something else",
            id="origin",
        ),
        pytest.param(
            lambda file: file.write_bytes(encode(replace(MEMORY, target=Target("laptops")))),
            "it is about something else",
            id="name",
        ),
        pytest.param(
            lambda file: file.write_bytes(encode(replace(MEMORY, confirmed_at=NOW - DAY_S - 1))),
            "it is 86401 s old, and may be 86400",
            id="too old",
        ),
        pytest.param(
            lambda file: file.write_bytes(encode(replace(MEMORY, confirmed_at=NOW + 3600))),
            "it is 3600 s ahead of this clock, so its age is unknown",
            id="the clock went back",
        ),
        pytest.param(
            lambda file: file.write_bytes(encode(replace(MEMORY, confirmed_at=float("nan")))),
            "it is nan s old",
            id="nan",
        ),
    ],
)
def test_what_must_not_be_used_is_set_aside_and_never_used(folder: Folder, path: Path, harm: Harm, reason: str) -> None:
    folder.write(MEMORY)
    harm(the_file(path))
    with pytest.raises(Unusable, match=rf"{the_file(path)}: {reason}.*; it is set aside as \*\.aside"):
        folder.read(ME, PORTS, NOW)
    assert the_file(path).name.replace(".view", ".aside") in {each.name for each in path.iterdir()}
    assert folder.read(ME, PORTS, NOW) is None, "nobody stumbles twice"
    folder.write(MEMORY)
    assert folder.read(ME, PORTS, NOW) == MEMORY


def test_a_clock_that_was_corrected_by_a_little_is_no_reason(folder: Folder) -> None:
    folder.write(MEMORY)
    assert folder.read(ME, PORTS, NOW - 30) == MEMORY


@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_what_belongs_to_somebody_else_is_not_used(
    folder: Folder, path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder.write(MEMORY)
    asked = os.fstat

    def foreign(file: int) -> os.stat_result:
        status = asked(file)
        if stat.S_ISDIR(status.st_mode) != (what == "the folder"):
            return status
        return os.stat_result((*status[:4], os.geteuid() + 1, *status[5:]))

    monkeypatch.setattr(os, "fstat", foreign)
    with pytest.raises(Unusable, match=f"belongs to user {os.geteuid() + 1}, and we are {os.geteuid()}"):
        folder.read(ME, PORTS, NOW)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_into_which_others_may_write_is_neither_read_nor_written(
    folder: Folder, path: Path, mode: int
) -> None:
    folder.write(MEMORY)
    path.chmod(mode)
    reason = rf"is open to others \(mode {mode:04o}\), .* give it mode 0700"
    with pytest.raises(Unusable, match=reason):
        folder.read(ME, PORTS, NOW)
    with pytest.raises(Unusable, match=reason):
        folder.write(MEMORY)
    path.chmod(0o700)
    assert folder.read(ME, PORTS, NOW) == MEMORY, "it was not touched"


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = Folder(str(tmp_path / "file" / "below"), DAY_S)
    with pytest.raises(NotADirectoryError):
        folder.write(MEMORY)
    with pytest.raises(NotADirectoryError):
        folder.read(ME, PORTS, NOW)


def test_on_a_full_disk_the_one_before_stays_and_no_part_is_left(
    folder: Folder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(MEMORY)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.write(replace(MEMORY, index=8))
    assert [each.name for each in path.iterdir()] == [file_name(ME, PORTS)]
    assert folder.read(ME, PORTS, NOW) == MEMORY


def test_neither_the_size_nor_the_number_of_them_grows_without_end(
    folder: Folder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "FILES_MAX", 2)
    folder.write(MEMORY)
    folder.write(replace(MEMORY, target=Target("laptops")))
    with pytest.raises(Unusable, match="has 2 snapshots"):
        folder.write(replace(MEMORY, target=Target("printers")))
    folder.write(replace(MEMORY, index=9))
    monkeypatch.setattr(rooms, "SIZE_MAX", 100)
    with pytest.raises(Unusable, match="bytes, more than 100"):
        folder.write(MEMORY)
    assert len(list(path.iterdir())) == 2


def test_what_nobody_will_use_is_swept_out_and_what_is_not_ours_stays(folder: Folder, path: Path) -> None:
    folder.sweep(NOW)
    folder.write(MEMORY)
    names = ["old~1.view", "old~1.aside", "old~1.view.ab.part", "somebody's.view", "notes.txt"]
    for name in names:
        (path / name).touch()
        os.utime(path / name, (NOW, NOW))
    folder.sweep(NOW + 3601)
    assert {each.name for each in path.iterdir()} == {file_name(ME, PORTS), *names} - {"old~1.view.ab.part"}
    folder.sweep(NOW + DAY_S + 1)
    assert {each.name for each in path.iterdir()} == {file_name(ME, PORTS), "somebody's.view", "notes.txt"}

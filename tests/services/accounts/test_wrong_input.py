"""Everything that is not what a route asks for: always a 4xx that names the field, never an echo, nothing done."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.accounts.hashing import Hashing
from services.accounts.password import FEWEST, MOST
from services.kit.data.database import file_url
from tests.services.accounts.instance import EMAIL, PASSWORD, Accounts, instance
from tests.services.test_bad_input import BAD, JSON, MARK

GOOD: Mapping[str, dict[str, str]] = {
    "POST /accounts": {"email": EMAIL, "password": PASSWORD},
    "POST /token": {"email": EMAIL, "password": PASSWORD},
    "POST /token/refresh": {"refresh_token": "x" * 64},
    "POST /logout": {"refresh_token": "x" * 64},
    "PUT /accounts/me/password": {"old": PASSWORD, "new": PASSWORD},
}
ANY: list[Any] = [None, 7, 1.5, True, "", [MARK], {MARK: 1}, "\ud800"]
WRONG: Mapping[str, list[Any]] = {
    "email": [*ANY, MARK, f"{MARK}@", "@x", f"{MARK}@x@y", f"{MARK} @x", f"{MARK}@x\n", "ä@x", "x" * 300 + "@x"],
    "password": [*ANY, MARK * MOST, "x" * (MOST + 1)],
    "old": [*ANY, MARK * MOST],
    "new": [*ANY, "x" * (FEWEST - 1), MARK * MOST, f"{MARK}\u0000{MARK}", f"{MARK}\n{MARK}"],
    "refresh_token": [*ANY, MARK * 100],
}


@pytest.fixture
async def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Accounts]:
    """An instance at which nothing may be hashed, since nothing that comes deserves it."""

    def place(_: Hashing) -> None:
        raise AssertionError("something was about to be hashed")

    async with instance(file_url(tmp_path / "accounts.db")) as accounts:
        assert (await accounts.sign_up()).status == 201
        monkeypatch.setattr(Hashing, "place", place)
        yield accounts


@pytest.mark.parametrize("route", GOOD)
async def test_bad_bodies_are_refused(alone: Accounts, route: str) -> None:
    method, path = route.split()
    wrong: dict[str, object] = {}
    for what, (status, body, sent) in BAD.items():
        answer = await alone.client(method, path, data=body, headers=sent, skip_auto_headers=["Content-Type"])
        # Without a token nobody is asked for more.
        expected = 401 if path.startswith("/accounts/me") else status
        # The names of fields are told, shortened.
        if answer.status != expected or (MARK in answer.text and MARK not in "".join(answer.fields)):
            wrong[what] = (answer.status, answer.text)
    assert wrong == {}


@pytest.mark.parametrize("route", [route for route in GOOD if "me" not in route])
async def test_a_wrong_member_is_named(alone: Accounts, route: str) -> None:
    method, path = route.split()
    wrong: dict[str, object] = {}
    for member in GOOD[route]:
        for value in WRONG[member]:
            body = json.dumps(GOOD[route] | {member: value}).encode()
            answer = await alone.client(method, path, data=body, headers=JSON)
            named = [field.partition(".")[0] for field in answer.fields]
            if answer.status != 422 or named != [member] or MARK in answer.text:
                wrong[f"{member}: {value!r}"] = (answer.status, answer.text)
        left = {name: value for name, value in GOOD[route].items() if name != member}
        answer = await alone.client(method, path, json=left)
        assert (answer.status, answer.fields) == (422, [member])
    assert wrong == {}


async def test_a_wrong_member_of_a_new_password_is_named(tmp_path: Path) -> None:
    async with instance(file_url(tmp_path / "accounts.db")) as accounts:
        await accounts.sign_up()
        token = (await accounts.log_in()).json["access_token"]
        good = GOOD["PUT /accounts/me/password"]
        for member in good:
            for value in WRONG[member]:
                body = json.dumps(good | {member: value}).encode()
                answer = await accounts.client(
                    *("PUT", "/accounts/me/password"),
                    data=body,
                    headers={**JSON, "Authorization": f"Bearer {token}"},
                )
                assert (answer.status, answer.fields) == (422, [member]), value
                assert MARK not in answer.text


async def test_a_password_of_a_megabyte_is_refused_before_it_is_read_or_hashed(alone: Accounts) -> None:
    for path in ("/accounts", "/token"):
        answer = await alone.client("POST", path, json={"email": EMAIL, "password": "x" * 1_000_000})
        assert answer.status == 413
        answer = await alone.client("POST", path, json={"email": EMAIL, "password": "x" * 60_000})
        assert (answer.status, answer.fields) == (422, ["password"])
        assert f"at most {MOST} characters" in answer.text


@pytest.mark.parametrize("role", ["staff", "scope", "id", "admin"])
async def test_nobody_gives_himself_more_than_he_is_asked_for(alone: Accounts, role: str) -> None:
    answer = await alone.client("POST", "/accounts", json={"email": "eve@x", "password": PASSWORD, role: "staff"})
    assert (answer.status, answer.fields) == (422, [role])

"""The key-value store."""

from __future__ import annotations

import pytest

from tests.contract.api import LONG, Api


async def put(api: Api, key: str, value: str, **options: str) -> bool:
    return bool((await api.done(f"/v1/kv/{key}", value, **options)).json)


async def delete(api: Api, key: str, **options: str) -> bool:
    answer = await api.ask("DELETE", f"/v1/kv/{key}", **options)
    assert answer.status == 200, answer.text
    return bool(answer.json)


async def test_a_value_comes_out_as_it_went_in(api: Api, prefix: str) -> None:
    assert await put(api, f"{prefix}a b/é", "välue", flags="42")
    answer = await api.get(f"/v1/kv/{prefix}a b/é")
    (pair,) = answer.json
    assert pair == {
        "LockIndex": 0,
        "Key": f"{prefix}a b/é",
        "Flags": 42,
        "Value": "dsOkbHVl",
        "CreateIndex": answer.index,
        "ModifyIndex": answer.index,
    }
    raw = await api.get(f"/v1/kv/{prefix}a b/é", raw="")
    assert (raw.text, raw.header("Content-Type")) == ("välue", "text/plain")
    assert (raw.header("X-Content-Type-Options"), raw.header("Content-Security-Policy")) == ("nosniff", "sandbox")


async def test_an_empty_value_is_null(api: Api, prefix: str) -> None:
    await put(api, f"{prefix}empty", "")
    assert (await api.get(f"/v1/kv/{prefix}empty")).json[0]["Value"] is None
    assert (await api.get(f"/v1/kv/{prefix}empty", raw="")).body == b""


@pytest.mark.parametrize("option", ["none", "recurse", "raw", "keys"])
async def test_what_is_not_there_is_a_404_with_an_index(api: Api, prefix: str, option: str) -> None:
    answer = await api.get(f"/v1/kv/{prefix}missing", **({} if option == "none" else {option: ""}))
    assert answer.index >= 1
    assert answer.header("X-Consul-KnownLeader") == "true"
    assert (answer.status, answer.body) == (404, b"")


async def test_a_prefix_is_listed_in_order(api: Api, prefix: str) -> None:
    for key in ("b", "a/2", "a/1", "ab"):
        await put(api, prefix + key, key)
    pairs = (await api.get(f"/v1/kv/{prefix}a", recurse="")).json
    assert [pair["Key"] for pair in pairs] == [f"{prefix}a/1", f"{prefix}a/2", f"{prefix}ab"]
    assert (await api.get(f"/v1/kv/{prefix}a", keys="")).json == [f"{prefix}a/1", f"{prefix}a/2", f"{prefix}ab"]
    assert (await api.get(f"/v1/kv/{prefix}", keys="", separator="/")).json == [
        f"{prefix}a/",
        f"{prefix}ab",
        f"{prefix}b",
    ]


async def test_compare_and_set(api: Api, prefix: str) -> None:
    key = f"{prefix}lock"
    assert await put(api, key, "first", cas="0")
    assert not await put(api, key, "second", cas="0")
    index = (await api.get(f"/v1/kv/{key}")).json[0]["ModifyIndex"]
    assert not await put(api, key, "second", cas=str(index + 1))
    assert await put(api, key, "second", cas=str(index))
    assert (await api.get(f"/v1/kv/{key}", raw="")).text == "second"
    assert not await put(api, f"{prefix}none", "x", cas="5")


async def test_compare_and_delete(api: Api, prefix: str) -> None:
    key = f"{prefix}lock"
    await put(api, key, "x")
    assert not await delete(api, key, cas="0")
    assert not await delete(api, key, cas="1")
    index = (await api.get(f"/v1/kv/{key}")).json[0]["ModifyIndex"]
    assert await delete(api, key, cas=str(index))
    assert (await api.get(f"/v1/kv/{key}")).status == 404


async def test_deleting_is_done_when_it_is_gone(api: Api, prefix: str) -> None:
    for key in ("a/1", "a/2", "b"):
        await put(api, prefix + key, "x")
    assert await delete(api, f"{prefix}none")
    assert await delete(api, f"{prefix}b")
    assert await delete(api, f"{prefix}a", recurse="")
    assert (await api.get(f"/v1/kv/{prefix}", recurse="")).status == 404


async def test_a_key_keeps_the_index_of_its_birth_and_its_own_last_change(api: Api, prefix: str) -> None:
    await put(api, f"{prefix}a", "1")
    first = await api.get(f"/v1/kv/{prefix}a")
    await put(api, f"{prefix}a", "1")
    await put(api, f"{prefix}b", "1")
    assert (await api.get(f"/v1/kv/{prefix}a")).index == first.index
    await put(api, f"{prefix}a", "2")
    (pair,) = (await api.get(f"/v1/kv/{prefix}a")).json
    assert pair["CreateIndex"] == first.index < pair["ModifyIndex"]


async def test_a_write_wakes_who_reads_the_key_or_its_prefix(api: Api, prefix: str) -> None:
    key = f"{prefix}a"
    _, after = await api.woken(f"/v1/kv/{key}", put(api, key, "1"))
    assert after.status == 200
    _, after = await api.woken(f"/v1/kv/{key}", put(api, key, "2"))
    assert after.json[0]["Value"] == "Mg=="
    _, after = await api.woken(f"/v1/kv/{prefix}", put(api, f"{prefix}b", "1"), recurse="")
    assert len(after.json) == 2
    _, after = await api.woken(f"/v1/kv/{prefix}", delete(api, f"{prefix}b"), keys="")
    assert after.json == [key]
    before, after = await api.woken(f"/v1/kv/{key}", delete(api, key))
    assert (after.status, after.index > before.index) == (404, True)


@pytest.mark.parametrize(("read", "options"), [("mine/a", {}), ("mine/none", {}), ("mine/", {"recurse": ""})])
async def test_other_keys_wake_nobody(api: Api, prefix: str, read: str, options: dict[str, str]) -> None:
    await put(api, f"{prefix}mine/a", "1")
    other = put(api, f"{prefix}other/b", "1")
    before, after = await api.undisturbed(f"/v1/kv/{prefix}{read}", other, **options)
    assert (after.status, after.body) == (before.status, before.body)


async def test_all_keys_are_a_list_even_when_there_are_none(api: Api) -> None:
    answer = await api.get("/v1/kv/", keys="")
    assert (answer.status, isinstance(answer.json, list)) == (200, True)


async def test_a_reader_of_a_missing_prefix_may_be_woken_but_learns_nothing(api: Api, prefix: str) -> None:
    path = f"/v1/kv/{prefix}none/"
    _, after = await api.woken(path, put(api, f"{prefix}none/a", "1"), recurse="")
    assert len(after.json) == 1
    assert (await api.get(path, recurse="", index="1", wait=LONG)).json == after.json


async def test_a_value_may_be_half_a_mebibyte_and_no_more(api: Api, prefix: str) -> None:
    assert await put(api, f"{prefix}big", "x" * 512 * 1024)
    answer = await api.put(f"/v1/kv/{prefix}big", "x" * (512 * 1024 + 1))
    assert answer.status == 413
    assert answer.text.startswith("Request body(524289 bytes) too large, max size: 524288 bytes.")


async def test_what_makes_no_sense_is_refused_in_words(api: Api, prefix: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = await api.ask(method, "/v1/kv/")
        assert (answer.status, answer.text) == (400, "Missing key name")
    for option in ("cas", "flags"):
        answer = await api.put(f"/v1/kv/{prefix}a", "x", **{option: "bogus"})
        assert (answer.status, answer.text) == (500, 'strconv.ParseUint: parsing "bogus": invalid syntax')

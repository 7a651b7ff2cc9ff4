from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import file_url
from services.kit.web.schema import CHOSEN_MAX
from services.ports.table import SEED
from tests.services.support import build_ports as build
from tests.services.support import locked, served

PORT = {"name": "Left HDMI", "laptop": 77}
ANY = {"If-Match": "*"}
WHOLE = {"name": "Left HDMI", "laptop": 77, "connector": None, "watts": None}


async def test_the_first_ports_are_there_and_say_what_they_are(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        answer = await client("GET", "/ports")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert len(answer.json) == len(SEED)
    assert answer.json[0] == {
        "id": 1,
        "name": "Left rear USB-C",
        "laptop": 1,
        "connector": "usb-c",
        "watts": 65,
    }
    assert all(2 <= sum(port["laptop"] == laptop for port in answer.json) <= 4 for laptop in range(1, 11))


@pytest.mark.parametrize("path", ["/ports", "/port"])
async def test_a_port_is_added_read_replaced_and_deleted_under_both_names(ports_url: URL, path: str) -> None:
    async with served(build(ports_url), "ports") as client:
        added = await client("POST", path, json=PORT)
        assert added.status == 201
        one = f"{path}/{added.json['id']}"
        assert added.headers["Location"] == f"/ports/{added.json['id']}"
        assert added.json == {"id": added.json["id"], **WHOLE}

        read = await client("GET", one)
        assert (read.status, read.json) == (200, added.json)

        replaced = await client(
            "PUT", one, json=PORT | {"name": "Right HDMI", "connector": "barrel", "watts": 90}, headers=ANY
        )
        assert replaced.status == 200
        assert replaced.json == {**added.json, "name": "Right HDMI", "connector": "barrel", "watts": 90}
        whole = await client("PUT", one, json=PORT, headers=ANY)
        assert whole.json == added.json, "what a PUT leaves out is gone"

        for _ in range(2):
            deleted = await client("DELETE", one)
            assert (deleted.status, deleted.text) == (204, "")
        assert (await client("GET", one)).status == 404
        assert (await client("PUT", one, json=PORT, headers=ANY)).status == 404


async def test_the_id_of_a_deleted_port_is_not_given_again(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        first = (await client("POST", "/ports", json=PORT)).json["id"]
        await client("DELETE", f"/ports/{first}")
        assert (await client("POST", "/ports", json=PORT)).json["id"] > first


async def test_the_largest_id_that_may_be_chosen_leaves_room_for_others(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        chosen = await client("POST", "/port", json={"id": CHOSEN_MAX, "name": "USB-C"})
        given = await client("POST", "/port", json={"name": "USB-C", "laptop": CHOSEN_MAX + 1})
        assert (chosen.status, chosen.json["id"]) == (201, CHOSEN_MAX)
        assert (given.status, given.json["id"], given.json["laptop"]) == (201, CHOSEN_MAX + 1, CHOSEN_MAX + 1)
        for one in (chosen, given):
            path = one.headers["Location"]
            assert (await client("GET", path)).json == one.json
            again = await client("PUT", path, json=one.json, headers={"If-Match": one.headers["ETag"]})
            assert (again.status, again.json) == (200, one.json), "a record is taken as it was told"


@pytest.mark.parametrize("id", [CHOSEN_MAX + 1, 2**31 - 1, 2**31, 2**32 + 1, 2**53 + 1, 2**63 - 1, 2**63])
async def test_an_id_that_is_too_large_is_refused_and_changes_nothing(ports_url: URL, id: int) -> None:
    async with served(build(ports_url), "ports") as client:
        refused = await client("POST", "/port", json={"id": id, "name": "USB-C"})
        assert (refused.status, refused.fields) == (422, ["id"])
        assert len(refused.json["errors"][0]["message"]) < 100
        given = await client("POST", "/port", json={"name": "USB-C"})
        assert (given.status, given.json["id"]) == (201, max(port["id"] for port in SEED) + 1)


async def test_an_id_may_be_chosen_once(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        chosen = await client("POST", "/ports", json=PORT | {"id": 1000})
        assert (chosen.status, chosen.headers["Location"]) == (201, "/ports/1000")
        again = await client("POST", "/ports", json={"id": 1000, "name": "Other", "laptop": 78})
        assert (again.status, again.fields) == (409, ["id"])
        assert (await client("PUT", "/ports/1000", json=chosen.json, headers=ANY)).status == 200
        elsewhere = await client("PUT", "/ports/1", json=chosen.json, headers=ANY)
        assert (elsewhere.status, elsewhere.fields) == (422, ["id"])


async def test_a_name_is_taken_once_on_one_laptop(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        assert (await client("POST", "/ports", json=PORT)).status == 201
        again = await client("POST", "/ports", json=PORT)
        assert (again.status, again.fields) == (409, ["laptop", "name"])
        assert (await client("POST", "/ports", json=PORT | {"name": f" {PORT['name']} "})).status == 409
        assert (await client("POST", "/ports", json=PORT | {"laptop": 78})).status == 201
        other = (await client("POST", "/ports", json=PORT | {"name": "Right HDMI"})).json["id"]
        assert (await client("PUT", f"/ports/{other}", json=PORT, headers=ANY)).status == 409


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("laptop=3", [8, 9]),
        ("laptop=3&connector=barrel", [8]),
        ("name=MagLatch", [7, 17]),
        ("laptop=999999999999999999", []),
        ("laptops=3,2", [5, 6, 7, 8, 9]),
        ("laptops=3,2&connector=usb-c", [5, 6, 9]),
        ("laptops=999999999999999999,4", [10, 11]),
        ("name=%27%20OR%201%3D1", []),
        ("after=25", [26, 27]),
    ],
)
async def test_a_list_can_be_narrowed(ports_url: URL, query: str, ids: list[int]) -> None:
    async with served(build(ports_url), "ports") as client:
        answer = await client("GET", f"/ports?{query}")

    assert (answer.status, [port["id"] for port in answer.json]) == (200, ids)


@pytest.mark.parametrize("path", ["/ports", "/port"])
async def test_the_pages_lead_through_the_whole_list(ports_url: URL, path: str) -> None:
    async with served(build(ports_url), "ports") as client:
        following, seen = f"{path}?limit=4&connector=usb-c", []
        while following:
            page = await client("GET", following)
            assert len(page.json) <= 4
            seen += [port["id"] for port in page.json]
            link = page.headers.get("Link", "")
            assert not link or (link.startswith(f"<{path}?") and link.endswith('>; rel="next"'))
            following = link.partition("<")[2].partition(">")[0]

    assert seen == [port["id"] for port in SEED if port["connector"] == "usb-c"]


async def test_a_page_that_is_the_last_names_no_other(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        assert "Link" not in (await client("GET", f"/ports?limit={len(SEED)}")).headers
        assert "Link" in (await client("GET", f"/ports?limit={len(SEED) - 1}")).headers


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("laptops=1,,2", ["laptops"]),
        ("laptops=x", ["laptops"]),
        ("laptops=" + ",".join("1" * 101), ["laptops"]),
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=-1", ["limit"]),
        ("limit=%201", ["limit"]),
        ("limit=1_0", ["limit"]),
        ("limit=%D9%A3", ["limit"]),
        ("limit=", ["limit"]),
        ("after=1.0", ["after"]),
        ("after=9999999999999999999", ["after"]),
        ("laptop=first", ["laptop"]),
        ("name=", ["name"]),
        ("name=%00", ["name"]),
        ("name=" + "x" * 121, ["name"]),
        ("connector=hdmi", ["connector"]),
        ("colour=red", ["colour"]),
        ("laptop=1&laptop=2", ["laptop"]),
        ("a=1&limit=x", ["limit", "a"]),
        ("%3Cscript%3E=1", ["?script?"]),
    ],
)
async def test_a_query_that_makes_no_sense_is_a_400_that_names_the_parameter(
    ports_url: URL, query: str, fields: list[str]
) -> None:
    async with served(build(ports_url), "ports") as client:
        answer = await client("GET", f"/ports?{query}")

    assert (answer.status, answer.fields) == (400, fields)


@pytest.mark.parametrize(
    "path", ["/ports/0", "/ports/-1", "/ports/01", "/ports/x", "/ports/1.0", "/ports/9999999999999999999", "/ports/1/"]
)
async def test_an_id_that_is_none_is_a_404(ports_url: URL, path: str) -> None:
    async with served(build(ports_url), "ports") as client:
        for method in ("GET", "PUT", "DELETE"):
            answer = await client(method, path)
            assert (answer.status, answer.fields) == (404, [])


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/ports", "GET, HEAD, OPTIONS, POST"), ("/port/1", "DELETE, GET, HEAD, OPTIONS, PUT")],
)
async def test_other_methods_are_told_which_there_are(ports_url: URL, path: str, allow: str) -> None:
    async with served(build(ports_url), "ports") as client:
        for method in ("PATCH", "TRACE"):
            refused = await client(method, path)
            assert (refused.status, refused.headers["Allow"], refused.fields) == (405, allow, [])
        options = await client("OPTIONS", path)
        assert (options.status, options.headers["Allow"]) == (204, allow)
        head = await client("HEAD", path)
        whole = await client("GET", path)
        assert (head.status, head.text) == (200, "")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]


async def test_a_restart_keeps_the_data(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as client:
        added = (await client("POST", "/ports", json=PORT)).json
        await client("DELETE", "/ports/1")
    async with served(build(ports_url), "ports") as client:
        assert (await client("GET", f"/ports/{added['id']}")).json == added
        assert (await client("GET", "/ports/1")).status == 404


async def test_two_instances_agree(ports_url: URL) -> None:
    async with served(build(ports_url), "ports") as one, served(build(ports_url), "ports") as other:
        added = (await one("POST", "/ports", json=PORT)).json
        assert (await other("GET", f"/ports/{added['id']}")).json == added
        assert (await other("POST", "/ports", json=PORT)).status == 409
        assert (await other("DELETE", f"/ports/{added['id']}")).status == 204
        assert (await one("GET", f"/ports/{added['id']}")).status == 404


async def test_a_locked_database_makes_writes_a_503_and_is_no_reason_to_send_nobody(tmp_path: Path) -> None:
    file = file_url(tmp_path / "ports.db")
    async with served(build(file), "ports") as client:
        assert (await client("GET", "/health/ready")).status == 200
        async with locked(file):
            refused = await client("POST", "/ports", json=PORT)
            assert (refused.status, refused.fields, refused.headers["Retry-After"]) == (503, [], "1")
            assert (await client("GET", "/ports/1")).status == 200
            assert (await client("GET", "/health/ready")).status == 429, "a warning, to whom one sends nevertheless"
        assert (await client("POST", "/ports", json=PORT)).status == 201

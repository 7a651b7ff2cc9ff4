"""What all endpoints have in common: methods, headers, options, and answers to what is not there."""

from __future__ import annotations

import aiohttp
import pytest
from yarl import URL

from tests.contract.api import Api

READS = [
    "/v1/health/service/x",
    "/v1/health/checks/x",
    "/v1/health/node/x",
    "/v1/health/state/any",
    "/v1/catalog/services",
    "/v1/catalog/service/x",
    "/v1/catalog/nodes",
    "/v1/catalog/node/x",
]
AGENT_READS = [
    "/v1/agent/services",
    "/v1/agent/checks",
    "/v1/agent/members",
    "/v1/agent/self",
    "/v1/status/leader",
    "/v1/status/peers",
    "/v1/catalog/datacenters",
]
ONLY_READ = [*READS, *AGENT_READS, "/v1/agent/service/x", "/v1/event/list"]
ONLY_WRITTEN = [
    "/v1/agent/service/register",
    "/v1/agent/service/deregister/x",
    "/v1/agent/service/maintenance/x",
    "/v1/agent/maintenance",
    "/v1/agent/check/register",
    "/v1/agent/check/deregister/x",
    "/v1/agent/check/pass/x",
    "/v1/agent/check/update/x",
    "/v1/catalog/register",
    "/v1/catalog/deregister",
    "/v1/event/fire/x",
]


@pytest.mark.parametrize("path", READS)
async def test_a_read_of_the_catalog_tells_how_it_came_about(api: Api, path: str) -> None:
    for option, consistency in (("", "leader"), ("stale", "stale"), ("consistent", "consistent")):
        answer = await api.get(path, **({option: ""} if option else {}))
        assert answer.status == 200
        assert answer.index >= 1
        assert answer.header("X-Consul-KnownLeader") == "true"
        assert answer.header("X-Consul-LastContact") == "0"
        assert answer.header("X-Consul-Effective-Consistency") == consistency
        assert answer.header("X-Consul-Query-Backend") == "blocking-query"
        assert answer.header("X-Consul-Default-Acl-Policy") == "allow"
        assert (answer.header("Content-Type"), answer.header("Vary")) == ("application/json", "Accept-Encoding")


@pytest.mark.parametrize("path", AGENT_READS)
async def test_a_read_of_the_agent_has_no_index(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.header("X-Consul-Index")) == (200, "")
    assert answer.header("X-Consul-Default-Acl-Policy") == "allow"
    assert answer.header("Content-Type") == "application/json"


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("options", "status", "problem"),
    [
        ({"index": "x"}, 400, "Invalid index"),
        ({"index": "-1"}, 400, "Invalid index"),
        ({"wait": "x"}, 400, "Invalid wait time"),
        ({"wait": "5"}, 400, "Invalid wait time"),
        ({"stale": "", "consistent": ""}, 400, "Cannot specify ?stale with ?consistent, conflicting semantics."),
        ({"dc": "dc2"}, 500, "No path to datacenter"),
    ],
)
async def test_an_option_that_makes_no_sense_is_refused(
    api: Api, path: str, options: dict[str, str], status: int, problem: str
) -> None:
    answer = await api.get(path, **options)
    assert (answer.status, answer.text) == (status, problem)
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", [*READS, "/v1/kv/?keys"])
async def test_the_own_datacenter_may_be_named(api: Api, path: str) -> None:
    assert (await api.get(path + ("&" if "?" in path else "?") + "dc=dc1")).status == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *((path, "OPTIONS,GET") for path in ONLY_READ),
        *((path, "OPTIONS,PUT") for path in ONLY_WRITTEN),
        ("/v1/kv/x", "OPTIONS,GET,PUT,DELETE"),
    ],
)
async def test_another_method_is_refused_with_those_allowed(api: Api, path: str, allowed: str) -> None:
    for method in {"GET", "PUT", "POST", "DELETE"} - set(allowed.split(",")):
        answer = await api.ask(method, path)
        assert (answer.status, answer.text) == (405, f"method {method} not allowed")
        assert answer.header("Allow") == allowed
    asked = await api.ask("OPTIONS", path)
    assert (asked.status, asked.header("Allow")) == (200, allowed)


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/v1/health/service/", 400, "Missing service name"),
        ("/v1/health/checks/", 400, "Missing service name"),
        ("/v1/health/node/", 400, "Missing node name"),
        ("/v1/health/state/", 400, "Missing check state"),
        ("/v1/catalog/service/", 400, "Missing service name"),
        ("/v1/catalog/node/", 400, "Missing node name"),
        ("/v1/agent/service/", 404, "unknown service ID: "),
        ("/v1/bogus", 404, "Invalid URL path: not a recognized HTTP API endpoint\n"),
    ],
)
async def test_a_path_without_a_name_is_refused(api: Api, path: str, status: int, problem: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.text) == (status, problem)


async def test_a_name_may_be_anything(api: Api) -> None:
    for path in ("/v1/health/service/a/b", "/v1/health/service/a%20b%2Fc", "/v1/catalog/service/ü"):
        answer = await api.get(path)
        assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize("path", ["/v1/kv/a//b", "/v1//kv/a/b", "/v1/kv/a//b?recurse=", "/v1/kv/a//b/"])
async def test_a_path_with_an_empty_segment_leads_to_one_without(agent_url: str, path: str) -> None:
    async with aiohttp.ClientSession() as session:
        url = URL(f"{agent_url}{path}", encoded=True)
        async with session.get(url, allow_redirects=False) as answer:
            assert answer.status in {301, 307}, "it depends on the Go with which Consul was built"
            assert answer.headers["Location"] == path.replace("//", "/")


async def test_pretty_is_the_same_in_lines(api: Api) -> None:
    answer = await api.get("/v1/catalog/nodes", pretty="")
    assert answer.text.startswith('[\n    {\n        "ID": "')


async def test_the_root_leads_to_the_page(api: Api) -> None:
    answer = await api.get("/")
    assert (answer.status, answer.header("Location")) == (301, "/ui/")
    page = await api.get("/ui/")
    assert (page.status, page.header("Content-Type")) == (200, "text/html; charset=utf-8")


async def test_an_agent_tells_about_itself(api: Api) -> None:
    itself = (await api.get("/v1/agent/self")).json
    assert set(itself) == {"Config", "DebugConfig", "Coord", "Member", "Stats", "Meta"}
    assert set(itself["Config"]) == {
        "Datacenter", "PrimaryDatacenter", "NodeName", "NodeID", "Revision", "Server", "Version", "BuildDate",
    }  # fmt: skip
    assert (itself["Config"]["Datacenter"], itself["Config"]["Version"]) == ("dc1", "1.19.2")
    (member,) = (await api.get("/v1/agent/members")).json
    assert set(member) == {
        "Name", "Addr", "Port", "Tags", "Status", "ProtocolMin", "ProtocolMax", "ProtocolCur", "DelegateMin",
        "DelegateMax", "DelegateCur",
    }  # fmt: skip
    assert (member["Name"], member["Status"], member["Tags"]["role"]) == (await api.node(), 1, "consul")
    assert itself["Member"] == member
    assert itself["Stats"]["agent"]["services"] == str(len((await api.get("/v1/agent/services")).json))


async def test_there_is_a_leader_and_it_is_the_only_peer(api: Api) -> None:
    leader = (await api.get("/v1/status/leader")).json
    assert leader.startswith("127.0.0.1:")
    assert (await api.get("/v1/status/peers")).json == [leader]

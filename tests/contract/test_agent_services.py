"""Registering with an agent: what it takes, what it shows, what it refuses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from discovery.policy.registrable import id_problem, pair_problem
from tests.contract.api import Api

PAIR = "Invalid Service Meta: Couldn't load metadata pair"

SERVICE_KEYS = {
    "ID", "Service", "Tags", "Meta", "Port", "Address", "Weights", "EnableTagOverride", "Datacenter",
}  # fmt: skip


async def test_an_instance_is_shown_as_it_was_registered(api: Api, name: str) -> None:
    await api.done(
        "/v1/agent/service/register",
        {
            "ID": f"{name}-1",
            "Name": name,
            "Tags": ["blue", "green"],
            "Address": "127.0.0.1",
            "Port": 5001,
            "Meta": {"version": "1"},
            "Weights": {"Passing": 10, "Warning": 2},
        },
    )
    shown = (await api.get("/v1/agent/services")).json[f"{name}-1"]
    address = {"Address": "127.0.0.1", "Port": 5001}
    assert shown == {
        "ID": f"{name}-1",
        "Service": name,
        "Tags": ["blue", "green"],
        "Meta": {"version": "1"},
        "Port": 5001,
        "Address": "127.0.0.1",
        "TaggedAddresses": {"lan_ipv4": address, "wan_ipv4": address},
        "Weights": {"Passing": 10, "Warning": 2},
        "EnableTagOverride": False,
        "Datacenter": "dc1",
    }
    one = await api.get(f"/v1/agent/service/{name}-1")
    assert one.json == {**shown, "ContentHash": one.header("X-Consul-ContentHash")}


async def test_what_is_left_out_has_a_default(api: Api, name: str) -> None:
    await api.done("/v1/agent/service/register", {"Name": name})
    shown = (await api.get("/v1/agent/services")).json[name]
    assert set(shown) == SERVICE_KEYS
    assert (shown["Tags"], shown["Meta"], shown["Port"], shown["Address"]) == ([], {}, 0, "")
    assert shown["Weights"] == {"Passing": 1, "Warning": 1}


@pytest.mark.parametrize(
    ("address", "networks"),
    [("::1", {"lan_ipv6", "wan_ipv6", "wan"}), ("127.0.0.1", {"lan_ipv4", "wan_ipv4", "wan"}), ("localhost", {"wan"})],
)
async def test_an_ip_address_is_tagged_by_its_version(api: Api, name: str, address: str, networks: set[str]) -> None:
    await api.register(name, Address=address, Port=1, TaggedAddresses={"wan": {"Address": "203.0.113.1", "Port": 80}})
    tagged = (await api.get(f"/v1/agent/service/{name}")).json["TaggedAddresses"]
    assert set(tagged) == networks
    assert tagged["wan"] == {"Address": "203.0.113.1", "Port": 80}


async def test_names_of_fields_match_whatever_their_case(api: Api, name: str) -> None:
    await api.done(
        "/v1/agent/service/register",
        {
            "id": f"{name}-1",
            "name": name,
            "PORT": 7,
            "tagged_addresses": {},
            "enable_tag_override": True,
            "Check": None,
        },
    )
    shown = (await api.get(f"/v1/agent/service/{name}-1")).json
    assert (shown["Port"], shown["EnableTagOverride"]) == (7, True)


async def test_registering_again_replaces_the_definition(api: Api, name: str) -> None:
    await api.register(name, Port=1, Tags=["old"], Meta={"a": "1"})
    await api.register(name, Port=2)
    shown = (await api.get(f"/v1/agent/service/{name}")).json
    assert (shown["Port"], shown["Tags"], shown["Meta"]) == (2, [], {})


async def test_an_id_that_changes_its_service_leaves_the_old_one(api: Api, name: str) -> None:
    await api.register(name, ID=f"{name}-1", Check={"TTL": "1h"})
    await api.register(f"{name}-new", ID=f"{name}-1", Check={"TTL": "1h"})
    await api.until_catalogued(f"{name}-new")
    await api.until_catalogued(name, 0)
    assert set(await api.checks(f"{name}-new")) == {f"service:{name}-1"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Name": ""}, "Missing service name"),
        ({"Address": "0.0.0.0"}, "Invalid service address"),
        ({"Address": "::"}, "Invalid service address"),
        ({"Weights": {"Passing": 0}}, "Invalid Weights: Passing must be greater than 0"),
        ({"Weights": {"Warning": 1}}, "Invalid Weights: Passing must be greater than 0"),
        ({"Weights": {"Passing": 1, "Warning": -1}}, "Invalid Weights: Warning must be greater or equal than 0"),
        ({"Weights": {"Passing": 65536}}, "Invalid Weights: DNS Weight must be between 0 and 65535"),
        (
            {"Meta": {"a b": "x"}},
            f"{PAIR} ('a b', 'x'): Key contains invalid characters",
        ),
        (
            {"Meta": {"": "x"}},
            f"{PAIR} ('', 'x'): Key cannot be blank",
        ),
        (
            {"Meta": {"consul-x": "x"}},
            f"{PAIR} ('consul-x', 'x'): Key prefix 'consul-' is reserved for internal use",
        ),
        (
            {"Meta": {"k": "x" * 513}},
            f"{PAIR} ('k', '{'x' * 513}'): Value is too long (limit: 512 characters)",
        ),
        (
            {"Meta": {"k" * 129: "x"}},
            f"{PAIR} ('{'k' * 129}', 'x'): Key is too long (limit: 128 characters)",
        ),
        (
            {"Meta": {f"k{number}": "" for number in range(65)}},
            "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs",
        ),
    ],
)
async def test_nonsense_is_refused_in_words(api: Api, name: str, fields: dict[str, Any], problem: str) -> None:
    answer = await api.put("/v1/agent/service/register", {"ID": name, "Name": name, **fields})
    assert (answer.status, answer.text) == (400, problem)
    assert (await api.get(f"/v1/agent/service/{name}")).status == 404


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "Request decode failed: EOF"),
        ('{"Name": "x"', "Request decode failed: unexpected EOF"),
        ("nope", "Request decode failed: invalid"),
        ("[]", "Request decode failed: json: cannot unmarshal array into Go value of type struct"),
        ('"x"', "Request decode failed: json: cannot unmarshal string into Go value of type struct"),
        ("null", "Missing service name"),
        ('{"Name": "x", "Bogus": 1}', 'Request decode failed: json: unknown field "Bogus"'),
        ('{"Name": "x", "Port": "5"}', "Request decode failed: json: cannot unmarshal string into Go struct field "),
        ('{"Name": "x", "Tags": "5"}', "Request decode failed: json: cannot unmarshal string into Go struct field "),
        ('{"Name": 5}', "Request decode failed: json: cannot unmarshal number into Go struct field "),
        (
            '{"Name": "x", "Meta": {"a": 1}}',
            "Request decode failed: json: cannot unmarshal number into Go struct field ",
        ),
    ],
)
async def test_a_body_that_is_no_registration_is_refused_in_words(api: Api, body: str, problem: str) -> None:
    answer = await api.put("/v1/agent/service/register", body)
    assert answer.status == 400
    assert answer.text.startswith(problem)


async def test_an_unknown_id_is_refused_in_words(api: Api, name: str) -> None:
    hint = f'Unknown service ID "{name}". Ensure that the service ID is passed, not the service name.'
    shown = await api.get(f"/v1/agent/service/{name}")
    assert (shown.status, shown.text) == (404, f"unknown service ID: {name}")
    for path in (f"/v1/agent/service/deregister/{name}", f"/v1/agent/service/maintenance/{name}?enable=true"):
        answer = await api.put(path)
        assert (answer.status, answer.text) == (404, hint)


async def test_deregistering_takes_the_checks_along(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.until_catalogued(name)
    await api.done(f"/v1/agent/service/deregister/{name}")
    await api.until_catalogued(name, 0)
    assert name not in (await api.get("/v1/agent/services")).json
    assert f"service:{name}" not in (await api.get("/v1/agent/checks")).json
    assert await api.checks(name) == {}


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, {"first", "second"}),
        ({"replace-existing-checks": "true"}, {"second"}),
        ({"replace-existing-checks": ""}, {"second"}),
        ({"replace-existing-checks": "false"}, {"first", "second"}),
    ],
)
async def test_checks_that_are_not_named_again_stay_unless_told(
    api: Api, name: str, options: dict[str, str], kept: set[str]
) -> None:
    first, second = f"{name}-first", f"{name}-second"
    await api.register(name, Check={"CheckID": first, "TTL": "1h"})
    body = {"ID": name, "Name": name, "Check": {"CheckID": second, "TTL": "1h"}}
    await api.done("/v1/agent/service/register", body, **options)
    checks = (await api.get("/v1/agent/checks")).json
    assert {check_id for check_id in checks if check_id.startswith(name)} == {f"{name}-{one}" for one in kept}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a_b-9", ""),
        ("k" * 128, "v" * 512),
        ("k" * 129, ""),
        ("k", "v" * 513),
        ("k", "ü" * 256),
        ("k", "ü" * 257),
        ("", "x"),
        ("a b", "x"),
        ("a.b", "x"),
        ("schlüssel", "x"),
        ("consul", "x"),
        ("consul-x", "x"),
    ],
)
async def test_a_pair_of_metadata_is_taken_or_refused_as_it_is_judged_beforehand(
    api: Api, name: str, key: str, value: str
) -> None:
    answer = await api.put("/v1/agent/service/register", {"Name": name, "Meta": {key: value}})
    assert (answer.status == 200) is (pair_problem(key, value) == ""), answer.text


@pytest.mark.parametrize("end", ["-1", "/b", "/b/", ".b", "/..b", "//b", "/./b", "/../b", "/..", "/."])
async def test_an_id_is_found_again_or_not_as_it_is_judged_beforehand(api: Api, name: str, end: str) -> None:
    service_id = await api.register(name, ID=f"{name}{end}")
    answer = await api.put(f"/v1/agent/service/deregister/{quote(service_id)}")
    found = answer.status == 200 and service_id not in (await api.get("/v1/agent/services")).json
    assert found is (id_problem(service_id) == "")

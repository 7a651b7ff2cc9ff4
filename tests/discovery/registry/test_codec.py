"""Consul's JSON and our nouns."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discovery.model import Check, Health, Instance
from discovery.registry import codec
from discovery.registry.codec import Garbled
from discovery.registry.port import HttpCheck, Registration, TtlCheck
from discovery.registry.roster import Roster

PREFIX = "mesh/ports/"


def service(**fields: Any) -> dict[str, Any]:
    return {"ID": "p1", "Service": "ports", "Address": "10.0.0.1", "Port": 5001, **fields}


def row(checks: Any = (), node: Any = None, **fields: Any) -> dict[str, Any]:
    return {
        "Node": node or {"Node": "n1", "Address": "10.0.0.9", "Datacenter": "dc1"},
        "Service": service(**fields),
        "Checks": checks,
    }


def check(status: str, check_id: str = "service:p1") -> dict[str, Any]:
    return {"CheckID": check_id, "Status": status, "Name": "a name", "Output": "words"}


def decoded(*rows: Any) -> tuple[Instance, ...]:
    return Roster().decode(json.dumps(rows).encode())


def test_an_instance_has_all_that_consul_knows() -> None:
    fields = {"Tags": ["a", "b"], "Meta": {"version": "1"}, "Weights": {"Passing": 10, "Warning": 2}}
    (instance,) = decoded(row([check("warning")], **fields))
    assert instance == Instance(
        id="p1",
        service="ports",
        host="10.0.0.1",
        port=5001,
        health=Health.WARNING,
        tags=("a", "b"),
        meta={"version": "1"},
        weight=10,
        warning_weight=2,
        node="n1",
        datacenter="dc1",
        checks=(Check("service:p1", Health.WARNING),),
    )
    assert (instance.checks[0].name, instance.checks[0].output) == ("a name", "words")


def test_without_an_own_address_an_instance_is_at_its_node() -> None:
    assert decoded(row(Address=""))[0].host == "10.0.0.9"


def test_instances_are_ordered_by_id() -> None:
    assert [each.id for each in decoded(row(ID="b"), row(ID="c"), row(ID="a"))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("statuses", "health"),
    [
        ([], Health.PASSING),
        (["passing", "passing"], Health.PASSING),
        (["passing", "warning"], Health.WARNING),
        (["warning", "critical", "passing"], Health.CRITICAL),
        (["passing", "a new word"], Health.CRITICAL),
    ],
)
def test_the_worst_check_is_the_health(statuses: list[str], health: Health) -> None:
    assert decoded(row([check(status) for status in statuses]))[0].health is health


def test_what_go_leaves_null_or_out_has_a_default() -> None:
    (instance,) = decoded(row(None, Tags=None, Meta=None, Weights=None))
    assert (instance.tags, dict(instance.meta), instance.checks) == ((), {}, ())
    assert (instance.weight, instance.warning_weight) == (1, 1)


def test_weights_that_consul_would_refuse_are_bounded() -> None:
    (instance,) = decoded(row(Weights={"Passing": 0, "Warning": -1}))
    assert (instance.weight, instance.warning_weight) == (1, 0)


@pytest.mark.parametrize(
    "bad",
    [
        row(Port="5001"),
        row(ID=None),
        row(Tags=[1]),
        row(Meta={"a": None}),
        row([check("passing") | {"Status": None}]),
        {"Service": None},
        None,
        [],
        7,
    ],
)
def test_one_bad_entry_does_not_hide_the_others(bad: Any) -> None:
    assert [each.id for each in decoded(row(ID="a"), bad, row(ID="b"))] == ["a", "b"]


@pytest.mark.parametrize(
    "odd",
    [
        row(Port=0),
        row(Port=65536),
        row(Port=-1),
        row(Port=10**30),
        row(Address="", node={"Address": ""}),
        row(Address="no where"),
    ],
)
def test_who_cannot_be_called_is_known_all_the_same(odd: Any) -> None:
    assert [each.id for each in decoded(row(ID="a"), odd)] == ["a", "p1"]


@pytest.mark.parametrize("content", [b"", b"null", b"{}", b"[", b"<html>", b"[" * 100_000, b"\xff", b'[{"Service":'])
def test_an_answer_that_is_no_list_is_garbled(content: bytes) -> None:
    with pytest.raises(Garbled):
        Roster().decode(content)
    with pytest.raises(Garbled):
        codec.decode_values(content, PREFIX)


def test_an_entry_carries_its_hash() -> None:
    entry = codec.decode_entry(json.dumps(service(ContentHash="abc", Datacenter="dc1", Tags=["a"])).encode())
    assert (entry.hash, entry.instance.id, entry.instance.tags) == ("abc", "p1", ("a",))
    assert entry.instance.datacenter == "dc1"


def test_an_entry_without_a_hash_cannot_be_followed() -> None:
    with pytest.raises(Garbled):
        codec.decode_entry(json.dumps(service()).encode())


def test_names_come_with_their_tags() -> None:
    assert codec.decode_names(b'{"consul": null, "ports": ["a", "b"]}') == {"consul": (), "ports": ("a", "b")}


def test_values_lose_their_prefix_and_what_is_no_text_is_left_out() -> None:
    def pair(key: str, value: bytes | None) -> dict[str, Any]:
        return {"Key": key, "Value": None if value is None else b64encode(value).decode()}

    pairs = [
        pair("mesh/ports/", None),
        pair("mesh/ports/timeout_s", "2 µs".encode()),
        pair("mesh/ports/empty", None),
        pair("mesh/ports/binary", b"\xff\xfe"),
        pair("mesh/other", b"1"),
        {"Key": "mesh/ports/broken", "Value": "!"},
        {"Key": 1},
    ]
    assert codec.decode_values(json.dumps(pairs).encode(), PREFIX) == {"timeout_s": "2 µs", "empty": ""}


@pytest.mark.parametrize("raw", ["", "x", "-1", "1.0", "1_0", "١", "9" * 5000])
def test_an_index_that_is_no_number_is_garbled(raw: str) -> None:
    with pytest.raises(Garbled, match="X-Consul-Index"):
        codec.index_of({"X-Consul-Index": raw})
    assert codec.index_of({"X-Consul-Index": str(2**64 - 1)}) == 2**64 - 1


@pytest.mark.parametrize(
    ("headers", "blocking", "anonymous", "doubted"),
    [
        ({}, False, True, False),
        ({"X-Consul-KnownLeader": "true"}, False, False, False),
        ({"X-Consul-KnownLeader": "false"}, False, False, True),
        ({"X-Consul-KnownLeader": "false"}, True, False, False),
        ({"X-Consul-Results-Filtered-By-ACLs": "true"}, True, False, True),
        ({"X-Consul-Default-ACL-Policy": "deny"}, False, True, True),
        ({"X-Consul-Default-ACL-Policy": "deny"}, False, False, False),
        ({"X-Consul-Default-ACL-Policy": "allow"}, False, True, False),
    ],
)
def test_an_answer_is_doubted_when_the_registry_does(
    headers: dict[str, str], blocking: bool, anonymous: bool, doubted: bool
) -> None:
    assert bool(codec.doubt_of(headers, blocking=blocking, anonymous=anonymous)) is doubted


def registered(check: HttpCheck | TtlCheck) -> Any:
    instance = Instance(
        id="p1", service="ports", host="::1", port=5001, tags=("a",), meta={"v": "1"}, weight=10, warning_weight=0
    )
    return json.loads(codec.encode_registration(Registration(instance, check)))


@pytest.mark.parametrize(("passing", "status"), [(True, "passing"), (False, "critical")])
def test_a_registration_says_how_it_is_asked(passing: bool, status: str) -> None:
    url = "http://127.0.0.1:5001/health/ready?instance=p1"
    check = HttpCheck(url=url, interval_s=2.5, timeout_s=2, deregister_after_s=60, passing=passing)
    assert registered(check) == {
        "ID": "p1",
        "Name": "ports",
        "Address": "::1",
        "Port": 5001,
        "Tags": ["a"],
        "Meta": {"v": "1"},
        "Weights": {"Passing": 10, "Warning": 0},
        "Check": {
            "CheckID": "service:p1",
            "Name": "ports is ready",
            "HTTP": url,
            "Interval": "2500ms",
            "Timeout": "2000ms",
            "DeregisterCriticalServiceAfter": "60000ms",
            "Status": status,
        },
    }


def test_who_signs_a_certificate_is_not_the_agents_business() -> None:
    check = HttpCheck(url="https://127.0.0.1:5001/", interval_s=1, timeout_s=2, deregister_after_s=60)
    assert registered(check)["Check"]["TLSSkipVerify"] is True


def test_registering_counts_as_the_first_beat() -> None:
    check = registered(TtlCheck(ttl_s=20, deregister_after_s=60))["Check"]
    assert (check["TTL"], check["Status"]) == ("20000ms", "passing")
    assert "HTTP" not in check


@pytest.mark.parametrize(("seconds", "written"), [(55.0, "55000ms"), (1e-9, "1ms"), (1e7, "10000000000ms")])
def test_a_duration_has_no_exponent(seconds: float, written: str) -> None:
    assert codec.duration(seconds) == written


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_FIELDS = ["ID", "Service", "Address", "Port", "Tags", "Meta", "Weights", "CheckID", "Status", "Key", "Value"]
_OBJECT = st.dictionaries(st.sampled_from([*_FIELDS, "ContentHash", "Node", "Checks", "Output"]), _JSON)
_ROWS = st.lists(st.fixed_dictionaries({"Service": _OBJECT, "Node": _OBJECT, "Checks": st.lists(_OBJECT)}) | _OBJECT)


@given(st.binary() | (_JSON | _OBJECT | _ROWS).map(lambda value: json.dumps(value).encode()))
@example(b'["\xff"]')
def test_whatever_comes_in_only_our_error_comes_out(content: bytes) -> None:
    for decode in (
        Roster().decode,
        codec.decode_entry,
        codec.decode_names,
        lambda raw: codec.decode_values(raw, PREFIX),
    ):
        try:
            decode(content)
        except Garbled:
            continue


@given(st.dictionaries(st.text(), st.text()), st.lists(st.text()), st.integers(1, 65535), st.integers(1, 2**31))
def test_what_is_registered_is_what_is_read(meta: dict[str, str], tags: list[str], port: int, weight: int) -> None:
    instance = Instance(id="p1", service="ports", host="h", port=port, tags=tuple(tags), meta=meta, weight=weight)
    body = json.loads(codec.encode_registration(Registration(instance, TtlCheck(ttl_s=1, deregister_after_s=60))))
    body |= {"Service": body["Name"], "ContentHash": "x"}
    assert codec.decode_entry(json.dumps(body).encode()).instance == instance

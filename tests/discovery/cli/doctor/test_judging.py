"""Each judgement of `mesh doctor`, from facts alone: what is amiss, how bad it is, and what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from discovery.cli.away import Away
from discovery.cli.consul import Reply
from discovery.cli.doctor.catalogue import judge_catalogue, read_entries
from discovery.cli.doctor.collector import endpoint_of, judge_collector
from discovery.cli.doctor.finding import Finding, Status
from discovery.cli.doctor.instances import judge_connections, judge_instances
from discovery.cli.doctor.registry import judge_clock, judge_reach, judge_right, read_self
from discovery.cli.doctor.settings import judge_settings
from discovery.model import Check, Health, Instance

WHO = "Consul at http://127.0.0.1:8500"
RULE = 'service_prefix "" { policy = "read" }'


def kinds(findings: list[Finding]) -> list[tuple[str, str]]:
    assert all(each.advice for each in findings if each.status is not Status.OK)
    return [(each.id, each.status.value) for each in findings]


def instance(number: int = 1, **fields: Any) -> Instance:
    return replace(Instance(id=f"ports-{number}", service="ports", host="10.0.0.1", port=80, node="n1"), **fields)


def ailing(output: str, **fields: Any) -> Instance:
    check = Check("service:ports-1", Health.CRITICAL, "ready", output)
    return instance(health=Health.CRITICAL, checks=(check,), **fields)


@pytest.mark.parametrize("kind", ["refused", "name", "silent", "tls", "broken"])
def test_whatever_keeps_consul_from_answering_is_a_problem_of_its_own(kind: str) -> None:
    assert kinds(judge_reach(WHO, Away(kind, f"{WHO} is away", "start it"))) == [(f"consul-{kind}", "problem")]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, {}, b'"127.0.0.1:8300"'), ("consul", "ok")),
        (Reply(200, {}, b'""'), ("consul-leader", "problem")),
        (Reply(500, {}, b"No cluster leader"), ("consul-leader", "problem")),
        (Reply(200, {}, b"<html>hello"), ("consul-other", "problem")),
        (Reply(404, {}, b"\x1b[31mnothing"), ("consul-other", "problem")),
        (Reply(200, {}, b"[" * 100_000), ("consul-other", "problem")),
        (Reply(429, {}, b""), ("consul-connections", "problem")),
    ],
    ids=["well", "no leader", "unwell", "a page", "hostile", "deep", "too many"],
)
def test_an_answer_shows_whether_that_is_consul_and_has_a_leader(reply: Reply, kind: tuple[str, str]) -> None:
    findings = judge_reach(WHO, reply)

    assert kinds(findings) == [kind]
    assert "\x1b" not in findings[0].text


def right(reply: Reply, *, anonymous: bool = False, vital: bool = True) -> Finding:
    [finding] = judge_right("acl-services", "services", RULE, reply, anonymous=anonymous, vital=vital)
    return finding


def test_a_refusal_names_the_line_of_the_policy_that_is_missing() -> None:
    words = b"Permission denied: token with AccessorID '1' lacks permission 'service:read'"

    assert right(Reply(403, {}, words)).advice == f"add to a policy of the token: {RULE}"
    assert right(Reply(403, {}, words)).status is Status.PROBLEM
    assert right(Reply(403, {}, words), vital=False).status is Status.WARNING
    assert "CONSUL_HTTP_TOKEN" in right(Reply(403, {}, words), anonymous=True).advice


def test_an_unknown_token_is_told_as_such() -> None:
    assert right(Reply(403, {}, b"ACL not found")).id == "acl-token"


def test_an_anonymous_reader_under_a_policy_of_denial_is_told_that_empty_means_nothing() -> None:
    denied = {"X-Consul-Default-ACL-Policy": "deny"}

    assert right(Reply(200, denied, b"{}"), anonymous=True).status is Status.PROBLEM
    assert right(Reply(200, denied, b'{"ports": []}'), anonymous=True).status is Status.WARNING
    assert right(Reply(200, denied, b"{}")).status is Status.OK
    assert right(Reply(200, {"X-Consul-Results-Filtered-By-ACLs": "true"}, b"{}")).status is Status.PROBLEM
    assert right(Reply(404, denied, b""), anonymous=True, vital=False).status is Status.WARNING
    assert right(Reply(404, {}, b""), vital=False).status is Status.OK
    assert right(Reply(500, {}, b"\x1b[2J")).status is Status.PROBLEM


def test_what_an_agent_says_of_itself_is_taken_only_where_it_makes_sense() -> None:
    said = {"Config": {"NodeName": "n1", "Version": "1.19.2"}, "DebugConfig": {"HTTPMaxConnsPerClient": 200}}
    itself = read_self(Reply(200, {"Date": "x"}, json.dumps(said).encode()))

    assert (itself.node, itself.version, itself.connections, itself.headers) == ("n1", "1.19.2", 200, {"Date": "x"})
    for odd in (b"", b"[]", b'{"Config": 1, "DebugConfig": {"HTTPMaxConnsPerClient": "many"}}'):
        assert read_self(Reply(200, {}, odd)).node == ""
    assert read_self(Reply(403, {}, b"")).connections == 0
    assert read_self(Away("broken", "gone")).node == ""


# Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
DATE, AT = "Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0


@pytest.mark.parametrize(
    ("now", "status"), [(AT, "ok"), (AT + 2.4, "ok"), (AT - 1.4, "ok"), (AT + 3, "warning"), (AT - 60, "warning")]
)
def test_clocks_that_differ_by_more_than_two_seconds_are_a_warning(now: float, status: str) -> None:
    assert kinds(judge_clock({"Date": DATE}, now)) == [("clock", status)]


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 06 Nov 1994"])
def test_an_agent_that_tells_no_time_is_a_warning(date: str) -> None:
    assert kinds(judge_clock({"Date": date}, AT)) == [("clock", "warning")]


def test_instances_that_are_well_and_reached_are_counted() -> None:
    [finding] = judge_instances([instance(1), instance(2)], {"10.0.0.1:80": ""}, "n1")

    assert finding.text == "2 instances of 1 services are well, and can be reached"


@pytest.mark.parametrize(
    ("one", "probe", "kind"),
    [
        (instance(host="http://10.0.0.1"), "", ("address-nonsense", "problem")),
        (instance(host="0.0.0.0"), "", ("address-unspecified", "problem")),
        (instance(host="::"), "", ("address-unspecified", "problem")),
        (instance(host="127.0.0.1", node="n2"), "", ("address-loopback", "problem")),
        (instance(host="172.17.0.3"), "no answer within 1 s", ("address-unreachable", "problem")),
        (ailing("dial tcp 10.0.0.1:80: connect: connection refused"), "", ("check-unreachable", "problem")),
        (ailing("context deadline exceeded"), "Connection refused", ("instance-gone", "problem")),
        (ailing("HTTP GET http://10.0.0.1/: 503 Service Unavailable"), "", ("instance-critical", "problem")),
        (instance(health=Health.WARNING), "", ("instance-warning", "warning")),
        (
            instance(checks=(Check("_node_maintenance", Health.CRITICAL),), health=Health.CRITICAL),
            "",
            ("maintenance", "warning"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_an_instance_that_cannot_be_called_has_a_reason(one: Instance, probe: str, kind: tuple[str, str]) -> None:
    assert kinds(judge_instances([one], {one.address: probe}, "n1")) == [kind]


def test_an_instance_on_loopback_of_our_own_node_is_well() -> None:
    one = instance(host="127.0.0.1")

    assert kinds(judge_instances([one], {one.address: ""}, "n1")) == [("instances", "ok")]
    assert kinds(judge_instances([one], {one.address: ""}, "")) == [("instances", "ok")]


def test_an_address_of_docker_s_own_is_recognised() -> None:
    one = instance(host="172.17.0.3")

    assert "Docker" in judge_instances([one], {one.address: "no answer"}, "n1")[0].advice


def test_a_hundred_of_a_kind_are_a_few_and_a_number() -> None:
    findings = judge_instances([instance(number, host="0.0.0.0") for number in range(100)], {}, "n1")

    assert len(findings) == 6
    assert findings[-1].text == "and 95 more like that"


def test_the_connections_of_all_processes_on_a_host_are_compared_with_the_limit() -> None:
    many = [instance(number, service=f"s{number % 20}") for number in range(20)]

    assert kinds(judge_connections(200, many)) == [("connections", "warning")]
    assert kinds(judge_connections(0, many)) == [("connections", "warning")]
    assert kinds(judge_connections(500, many)) == [("connections", "ok")]
    assert kinds(judge_connections(200, [])) == [("connections", "ok")]
    assert "http_max_conns_per_client = 960" in judge_connections(200, many)[0].advice


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, [("settings", "ok")]),
        ({"MESH_PORT": "x", "MESH_TIMEOUT_S": "-1"}, [("settings", "problem")] * 2),
        ({"MESH_ATEMPTS": "2"}, [("settings", "warning")]),
        ({"MESH_LOG": "json", "MESH_PYTHON": "python3"}, [("settings", "ok")]),
        ({"CONSUL_HTTP_AUTH": "me:geheim"}, [("settings", "warning")]),
        ({"CONSUL_HTTP_TOKEN": "a", "CONSUL_HTTP_TOKEN_FILE": "/dev/null"}, [("settings", "warning")]),
        ({"MESH_STATIC": "ports=127.0.0.1:1"}, [("settings", "warning")]),
        ({"CONSUL_TLS_SERVER_NAME": "server.dc1.consul"}, [("settings", "warning")]),
        ({"CONSUL_TLS_SERVER_NAME": "server.dc1.consul", "CONSUL_HTTP_SSL": "1"}, [("settings", "ok")]),
        ({"CONSUL_HTTP_SSL_VERIFY": "0", "CONSUL_HTTP_SSL": "1"}, [("settings", "warning")]),
        ({"CONSUL_CACERT": "/nowhere", "CONSUL_HTTP_SSL": "1"}, [("settings", "problem")]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_variables_that_make_no_sense_or_are_not_read_are_found(
    environ: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert kinds(judge_settings(environ, {})) == found


def entries(content: object) -> dict[str, str]:
    return read_entries(Reply(200, {}, json.dumps(content).encode()))


def test_what_the_agent_has_and_the_catalogue_does_not_show_is_a_problem() -> None:
    both = entries({"ports-1": {"Service": "ports"}, "ports-2": {"Service": "ports"}})
    assert kinds(judge_catalogue(both, [instance(1), instance(2)])) == [("catalogue", "ok")]
    [finding] = judge_catalogue(both, [instance(1)])
    assert (finding.id, finding.status) == ("not-in-catalogue", Status.PROBLEM)
    assert "ports-2 of ports is known to this agent" in finding.text
    assert "node_name" in finding.advice


@pytest.mark.parametrize(
    "answer",
    [
        Away("broken", "gone"),
        Reply(403, {}, b"no"),
        Reply(200, {}, b"<html>"),
        Reply(200, {}, b"[1]"),
        Reply(200, {}, b'{"a": 1}'),
    ],
)
def test_an_agent_that_does_not_say_what_it_has_has_nothing_to_compare(answer: Reply | Away) -> None:
    assert read_entries(answer) == {}


def test_a_misspelt_variable_is_answered_with_the_right_one() -> None:
    assert judge_settings({"MESH_ATEMPTS": "2"}, {})[0].advice == "did you mean MESH_ATTEMPTS?"


@pytest.mark.parametrize(
    ("answer", "status"),
    [(200, "ok"), (401, "ok"), (404, "problem"), (415, "problem"), ("Connection refused", "problem")],
)
def test_a_collector_is_judged_by_what_it_answers_to_an_empty_export(answer: int | str, status: str) -> None:
    findings = judge_collector("http://user:geheim@127.0.0.1:4318/v1/traces", answer)

    assert kinds(findings) == [("collector", status)]
    assert "geheim" not in str(findings)


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/t", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://d"}, "http://c/t"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, ""),
    ],
)
def test_the_collector_is_the_one_that_traces_go_to(environ: dict[str, str], endpoint: str) -> None:
    assert endpoint_of(environ) == endpoint

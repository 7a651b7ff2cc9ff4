"""What is to run, from words on the command line and in the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from launcher.local.consul_choice import Choice, agent_command, choose, free_ports, with_program
from launcher.local.processes import Processes
from launcher.plan import CONSOLE, SYSTEM, check_places, make_plan, parse_scale, version_of


def test_the_plain_plan_is_the_whole_system_the_console_first() -> None:
    plan = make_plan()
    assert plan == SYSTEM
    assert next(iter(plan)) == "console"
    assert (plan["laptops"], plan["ports"]) == (2, 3)


def test_scale_changes_a_count_and_only_leaves_services_out() -> None:
    assert make_plan(["ports=5"]) == {**SYSTEM, "ports": 5}
    assert make_plan(["ports=0"], ["laptops, ports"]) == {"laptops": 2, "ports": 0}
    assert make_plan(only=["ports", "laptops"]) == {"laptops": 2, "ports": 3}


@pytest.mark.parametrize("word", ["ports", "ports=", "ports=-1", "ports=five", "ports=21", "ports=²"])
def test_a_count_that_makes_no_sense_is_quoted(word: str) -> None:
    with pytest.raises(ConfigError, match="expected ports=N with N from 0 to 20") as caught:
        parse_scale([word])
    assert repr(word) in str(caught.value)


def test_everything_that_is_wrong_is_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        make_plan(["shops=2", "ports=x"], ["shop"])
    assert len(caught.value.problems) == 3
    assert caught.value.problems[0] == f"there is no service 'shop'; there are {', '.join(SYSTEM)}"


def test_a_service_cannot_be_scaled_and_left_out() -> None:
    with pytest.raises(ConfigError, match="ports: left out by --only"):
        make_plan(["ports=2"], ["laptops"])


def test_two_gateways_cannot_share_a_port_and_one_console_is_enough() -> None:
    check_places({"gateway": 2, "console": 1}, {"gateway": 0, "console": 4318})
    check_places({"gateway": 1}, {"gateway": 8080})
    with pytest.raises(ConfigError, match="--console-port 4318: console does not run"):
        check_places({"gateway": 1}, {"console": 4318})
    with pytest.raises(ConfigError, match="8080 is for one gateway, not for 2"):
        check_places({"gateway": 2}, {"gateway": 8080})
    with pytest.raises(ConfigError, match="console: one is enough"):
        check_places({"console": 2}, {})


@pytest.fixture
def consul(tmp_path: Path) -> Path:
    return program(tmp_path / "bin" / "consul")


def program(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_a_word_the_consul_of_the_environment_is_used(consul: Path) -> None:
    environ = {"CONSUL_HTTP_ADDR": "10.0.0.1:8500", "CONSUL_HTTP_TOKEN": "secret", "CONSUL_BIN": str(consul)}
    choice = choose("", environ)
    assert (choice.url, choice.config and choice.config.consul_token, choice.ours) == (
        "http://10.0.0.1:8500",
        "secret",
        False,
    )
    assert "secret" not in str(choice)


def test_else_a_program_that_is_found_and_else_the_embedded_agent(consul: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    fetched = program(tmp_path / "fetched" / "consul")
    assert choose("", {"PATH": str(consul.parent)}, nowhere).program == consul
    assert choose("", {"PATH": ""}, fetched.parent).program == fetched
    assert choose("", {"PATH": ""}, nowhere).embedded


def test_a_word_beats_the_environment(consul: Path, tmp_path: Path) -> None:
    environ = {"CONSUL_HTTP_ADDR": "10.0.0.1:8500", "CONSUL_BIN": str(consul), "PATH": ""}
    assert choose("embedded", environ).embedded
    assert choose("real", environ).program == consul
    assert choose("http://10.0.0.2:1", environ).url == "http://10.0.0.2:1"
    assert choose("real", {"PATH": ""}, tmp_path).to_be_fetched


def test_a_wrong_address_or_program_is_told() -> None:
    with pytest.raises(ConfigError, match="CONSUL_HTTP_ADDR"):
        choose("not a url:x", {})
    with pytest.raises(ConfigError, match="CONSUL_BIN=/nowhere is not a program"):
        choose("real", {"CONSUL_BIN": "/nowhere"})


def test_a_consul_that_cannot_be_fetched_is_told_with_what_else_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONSUL_RELEASES", "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="Consul could not be fetched"):
        with_program(Choice(), tmp_path / "fetched")
    assert "--consul embedded" in capfd.readouterr().err
    assert with_program(embedded := Choice(embedded=True)) is embedded


def test_agents_of_our_own_listen_on_loopback_and_where_they_are_told() -> None:
    assert agent_command(Choice(embedded=True), (1, 2, 3, 4))[-2:] == ("--port", "1")
    argv = agent_command(Choice(program=Path("/bin/consul")), (1, 2, 3, 4))
    assert argv[:5] == ("/bin/consul", "agent", "-dev", "-client", "127.0.0.1")
    told = dict(zip(argv[7::2], argv[8::2], strict=True))
    assert (told["-http-port"], told["-server-port"], told["-serf-lan-port"], told["-serf-wan-port"]) == (*"1234",)
    assert (told["-grpc-port"], told["-dns-port"]) == ("-1", "-1")


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def processes(choice: Choice, *, with_console: bool = False, with_accounts: bool = False, **environ: str) -> Processes:
    return Processes(
        folder=Path("/mesh/a1"),
        choice=choice,
        environ=environ,
        consul_ports=(8500,),
        with_console=with_console,
        with_accounts=with_accounts,
        wanted_ports={"gateway": 8080, "console": 0},
        free_ports={"gateway": 5, "console": 6},
        extra={"OTEL_BSP_SCHEDULE_DELAY": "200"},
    )


def test_an_instance_is_told_who_it_is_and_where_consul_is() -> None:
    mine = processes(Choice(embedded=True), PATH=os.defpath, MESH_PORT="5", MESH_TIMEOUT_S="3", CONSUL_HTTP_TOKEN="x")
    command = mine.service("ports-2")
    assert command.argv == (sys.executable, "-m", "services.ports")
    told = command.environ
    assert (told["MESH_INSTANCE_ID"], told["MESH_PORT"], told["MESH_VERSION"]) == ("ports-2", "0", version_of("ports"))
    assert (told["CONSUL_HTTP_ADDR"], told["MESH_DATA"]) == ("http://127.0.0.1:8500", "/mesh/a1")
    assert (told["MESH_TIMEOUT_S"], told["OTEL_BSP_SCHEDULE_DELAY"]) == ("3", "200")
    assert "CONSUL_HTTP_TOKEN" not in told
    assert mine.service("gateway-1").environ["MESH_PORT"] == "8080"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in told


def test_an_account_may_ask_of_a_gateway_that_shares_its_machine_with_all_others_what_that_bears() -> None:
    assert processes(Choice(embedded=True)).service("gateway-1").environ["GATEWAY_USER_RATE"] == "50/s"
    theirs = processes(Choice(embedded=True), GATEWAY_USER_RATE="off")
    assert theirs.service("gateway-1").environ["GATEWAY_USER_RATE"] == "off"
    assert "GATEWAY_USER_RATE" not in processes(Choice(embedded=True)).service("ports-1").environ


def test_a_database_that_the_shell_names_is_nobodys_since_each_has_its_own() -> None:
    assert (
        "DATABASE_URL" not in processes(Choice(embedded=True), DATABASE_URL="sqlite:////x").service("ports-1").environ
    )


def test_tokens_are_those_of_accounts_where_it_runs_and_else_those_that_the_shell_names() -> None:
    ours = processes(Choice(embedded=True), with_accounts=True, AUTH_ISSUER="http://elsewhere")
    assert {ours.service(name).environ["AUTH_ISSUER"] for name in ("accounts-1", "ports-1")} == {"http://accounts"}
    theirs = processes(Choice(embedded=True), AUTH_ISSUER="http://elsewhere")
    assert theirs.service("ports-1").environ["AUTH_ISSUER"] == "http://elsewhere"
    assert "AUTH_ISSUER" not in processes(Choice(embedded=True)).service("ports-1").environ


def test_a_staff_account_is_made_where_accounts_keeps_its_own_and_no_word_of_it_is_a_password() -> None:
    mine = processes(Choice(embedded=True), with_accounts=True)
    command = mine.staff("a@example.com")
    assert command.argv == (sys.executable, "-m", "services.accounts", "staff", "a@example.com")
    assert command.environ == mine.service("accounts-1").environ


def test_a_service_has_the_version_of_its_own_project(tmp_path: Path) -> None:
    for place, version in ((tmp_path, "1.0"), (tmp_path / "services/ports", "2.0")):
        place.mkdir(parents=True, exist_ok=True)
        (place / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    assert (version_of("ports", tmp_path), version_of(CONSOLE, tmp_path)) == ("2.0", "1.0")


def test_everybody_reports_to_the_console_but_itself_and_whom_somebody_told_otherwise() -> None:
    mine = processes(Choice(embedded=True), with_console=True)
    console, ports = mine.service("console-1").environ, mine.service("ports-2").environ
    assert mine.console_url == "http://127.0.0.1:6"
    assert console["MESH_PORT"] == "6"
    assert ports["OTEL_EXPORTER_OTLP_ENDPOINT"] == ports["MESH_CONSOLE_URL"] == mine.console_url
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in console
    assert not mine.traces_elsewhere

    elsewhere = processes(Choice(embedded=True), with_console=True, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
    told = elsewhere.service("ports-2").environ
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert elsewhere.traces_elsewhere
    assert "MESH_CONSOLE_URL" not in told, "no page leads to traces that are not there"


def test_in_a_consul_of_others_ids_name_the_system_and_the_token_is_kept() -> None:
    theirs = processes(
        Choice(config=MeshConfig(name="mesh", consul_url="http://consul:1")),
        CONSUL_HTTP_TOKEN="x",
        MESH_STATIC="ports=127.0.0.1:1",
    )
    told = theirs.service("ports-2").environ
    assert (told["MESH_INSTANCE_ID"], told["CONSUL_HTTP_TOKEN"]) == ("ports-2-a1", "x")
    assert told["CONSUL_HTTP_ADDR"] == "http://consul:1"
    assert "MESH_STATIC" not in told


def test_services_are_told_the_way_to_the_broker_that_can_be_cut() -> None:
    told = replace(
        processes(Choice(embedded=True), BROKER_URL="amqp://mesh:s%2Fcret@localhost:5673/shop"), relay_port=7
    )
    assert told.service("ports-1").environ["BROKER_URL"] == "amqp://mesh:s%2Fcret@127.0.0.1:7/shop"


@pytest.mark.parametrize(
    "url", ["", "amqps://localhost/shop?cafile=/ca.pem", "amqp://mesh:secret@broker/shop", "broker"]
)
def test_the_way_to_any_other_is_left_alone(url: str) -> None:
    told = replace(processes(Choice(embedded=True), BROKER_URL=url), relay_port=7)
    assert told.service("ports-1").environ["BROKER_URL"] == url

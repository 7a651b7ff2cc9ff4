"""compose.yaml is what Compose understands, and says of every container what keeps the others safe from it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from discovery.config import MeshConfig
from launcher.plan import ROOT, SYSTEM
from tests.containers.files import BOTH, BROKER, CLUSTER, PLAIN, PROFILES, compose, configuration

# Those that send events or take them.
BY_EVENTS = {"laptops", "notifications", "orders", "ports", "recommendations"}
# As it stands, before Compose puts anything in.
DOCUMENT = yaml.safe_load((ROOT / "compose.yaml").read_text())
EVERYBODY = sorted(DOCUMENT["services"])


def limits(service: str) -> dict[str, Any]:
    found: dict[str, Any] = configuration()[service]["deploy"]["resources"]["limits"]
    return found


def in_seconds(duration: str) -> float:
    """Of Compose's own way to say it, like ``1m30s``."""
    parts = re.findall(r"(\d+)(h|m|s)", duration)
    assert "".join(number + unit for number, unit in parts) == duration
    return float(sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in parts))


@pytest.mark.parametrize("env_files", [PLAIN, CLUSTER, BROKER, BOTH], ids=["plain", "cluster", "broker", "both"])
@pytest.mark.parametrize("profiles", [(), *((name,) for name in PROFILES), PROFILES], ids="-".join)
def test_compose_has_nothing_to_complain_about(env_files: tuple[str, ...], profiles: tuple[str, ...]) -> None:
    said = compose("config", "--quiet", env_files=env_files, profiles=profiles)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_the_cluster_is_one_more_file_of_variables() -> None:
    plain, cluster = configuration(profiles=()), configuration(CLUSTER, profiles=())
    assert cluster.keys() - plain.keys() == {"consul-server-2", "consul-server-3", "consul-setup"}
    assert plain.keys() >= SYSTEM.keys()
    assert {name: plain[name]["image"] for name in plain} == {name: cluster[name]["image"] for name in plain}


def test_a_broker_is_one_more_file_of_variables_in_either_mode() -> None:
    for without, with_it in ((PLAIN, BROKER), (CLUSTER, BOTH)):
        before, after = configuration(without, profiles=()), configuration(with_it, profiles=())
        assert after.keys() - before.keys() == {"rabbitmq"}
        assert before.keys() <= after.keys()
        told = {name for name in SYSTEM if after[name]["environment"].get("BROKER_URL")}
        assert told == BY_EVENTS == {name for name in SYSTEM if "BROKER_URL" in before[name]["environment"]}
        assert {before[name]["environment"]["BROKER_URL"] for name in BY_EVENTS} == {""}


def test_each_service_of_the_system_runs_as_often_as_the_plan_says() -> None:
    config = configuration()
    assert {name: config[name]["deploy"].get("replicas", 1) for name in SYSTEM} == SYSTEM


@pytest.mark.parametrize("service", EVERYBODY)
def test_only_this_machine_reaches_what_is_published(service: str) -> None:
    assert {port["host_ip"] for port in configuration()[service].get("ports", ())} <= {"127.0.0.1"}
    assert configuration()[service].get("network_mode", "none") == "none"


def test_what_is_published_is_what_people_look_at() -> None:
    published = {(name, port["target"]) for name in EVERYBODY for port in configuration()[name].get("ports", ())}
    assert published == {
        ("gateway", 8080),
        ("console", 4318),
        ("consul-server", 8500),
        ("jaeger", 16686),
        ("prometheus", 9090),
        ("grafana", 3000),
    }


@pytest.mark.parametrize("service", EVERYBODY)
def test_an_image_is_one_of_ours_or_pinned_in_the_one_file(service: str) -> None:
    config = configuration()[service]
    if service in SYSTEM:
        assert config["image"] == f"{service}-service"
        assert config["build"]["target"] == f"{service}-service"
        return
    assert "build" not in config
    assert config["image"] in pinned()


def pinned() -> list[str]:
    lines = (ROOT / ".env").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.partition("=")[0].endswith("_IMAGE")]


@pytest.mark.parametrize("image", pinned())
def test_a_pinned_image_names_a_version(image: str) -> None:
    assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+[\w.-]*", image)


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_gives_itself_the_version_of_the_project(service: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert configuration()[service]["environment"]["MESH_VERSION"] == version


def test_every_pinned_image_is_used() -> None:
    config = configuration()
    used = {service["image"] for service in config.values()}
    bases = {service["build"]["args"]["BASE"] for service in config.values() if "build" in service}
    assert set(pinned()) == (used | bases) - {f"{name}-service" for name in SYSTEM}


@pytest.mark.parametrize("service", EVERYBODY)
def test_nobody_gains_rights_and_nobody_takes_the_whole_machine(service: str) -> None:
    config = configuration()[service]
    # One that enters what is to be and ends has no time to misbehave.
    if config.get("restart"):
        assert config["security_opt"] == ["no-new-privileges:true"]
        assert config["restart"] == "unless-stopped"
    assert not config.get("privileged")
    assert not config.get("cap_add")
    assert not config.get("devices")
    assert limits(service)["cpus"] <= 1
    assert int(limits(service)["memory"]) <= 512 * 2**20
    assert "/var/run/docker.sock" not in str(config)


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_of_ours_may_do_nothing_but_serve(service: str) -> None:
    config = configuration()[service]
    assert config["read_only"] is True
    assert config["cap_drop"] == ["ALL"]
    assert config["tmpfs"] == ["/tmp"]  # noqa: S108 - a container's own
    assert limits(service)["pids"] <= 64
    assert config.get("user") is None, "the image says who it is"
    assert [(mount["type"], mount["target"]) for mount in config.get("volumes", ())] in ([], [("volume", "/data")])


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_has_time_to_leave(service: str) -> None:
    config = configuration()[service]
    stop_s = float(config["environment"].get("MESH_STOP_S", MeshConfig.__dataclass_fields__["stop_s"].default))
    assert in_seconds(config["stop_grace_period"]) > stop_s


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_waits_for_its_registry_and_others_for_its_health(service: str) -> None:
    config = configuration()[service]
    assert config["depends_on"]["consul-agent"]["condition"] == "service_healthy"
    # How it is asked is the image's.
    assert config["healthcheck"].keys() >= {"interval", "timeout", "start_period"}
    assert not config["healthcheck"].keys() & {"test", "disable"}


def test_an_agent_is_healthy_only_where_its_token_is_known() -> None:
    setup = configuration()["consul-agent"]["depends_on"]["consul-setup"]
    assert (setup["condition"], setup["required"]) == ("service_completed_successfully", False)


@pytest.mark.parametrize("service", [name for name in EVERYBODY if "network_mode" not in DOCUMENT["services"][name]])
def test_all_meet_on_one_network(service: str) -> None:
    assert configuration()[service]["networks"].keys() == {"microservices"}


@pytest.mark.parametrize("service", EVERYBODY)
def test_a_file_of_ours_is_there_and_cannot_be_changed_from_within(service: str) -> None:
    mounts = [mount for mount in configuration()[service].get("volumes", ()) if mount["type"] == "bind"]
    ours = [mount for mount in mounts if Path(mount["source"]) != ROOT / ".secrets"]
    assert [mount["source"] for mount in ours if not mount.get("read_only")] == []
    assert [mount["source"] for mount in ours if not Path(mount["source"]).exists()] == []
    # Whoever makes secrets writes them, and speaks to nobody.
    assert mounts == ours or configuration()[service]["network_mode"] == "none"


def test_a_secret_is_a_file_and_its_folder_is_for_each_mode_another() -> None:
    secrets = DOCUMENT["secrets"]
    assert {name: source.keys() for name, source in secrets.items()} == {name: {"file"} for name in secrets}
    assert {source["file"] for source in secrets.values()} == {
        f"${{SECRETS:-./consul/plain/secrets}}/{name}" for name in secrets
    }
    folder = ROOT / "consul" / "plain" / "secrets"
    assert {path.name for path in folder.iterdir()} >= secrets.keys()
    # Without access control there is nothing to keep.
    assert {path.read_text().strip() for path in folder.iterdir()} == {"", "{}"}


def test_each_service_is_given_its_own_token_and_no_other() -> None:
    for name in SYSTEM:
        given = [(secret["source"], secret["target"]) for secret in configuration()[name]["secrets"]]
        password = [("broker.password", "broker-password")] if name in BY_EVENTS else []
        assert given == [(f"{name}.token", "consul-token"), *password]
        assert configuration()[name]["environment"]["CONSUL_HTTP_TOKEN_FILE"] == "/run/secrets/consul-token"


@pytest.mark.parametrize("service", EVERYBODY)
def test_no_secret_stands_in_an_environment_or_a_command(service: str) -> None:
    config = configuration()[service]
    secretive = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_KEY", re.IGNORECASE)
    named = [name for name in config.get("environment") or {} if secretive.search(name)]
    assert [name for name in named if not name.endswith("_FILE")] == []
    words = " ".join((*(config.get("command") or ()), *(config.get("entrypoint") or ())))
    # In the form that Consul asks of a token, or that of its gossip key.
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|[A-Za-z0-9+/]{43}=", words + str(config.get("environment")))

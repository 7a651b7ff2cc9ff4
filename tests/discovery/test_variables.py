"""How the environment is read: what makes no sense is refused at the start, by the name of its variable."""

from __future__ import annotations

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "ports-1",
        "ports_1.example:80",
        "localhost:0",
        "10.9.8.7",
        "10.9.8.7:65535",
        "[2001:db8::1]",
        "[2001:db8::1]:80",
        "[fe80::1%eth0]:80",
    ],
)
def test_others_can_be_told_a_host_with_or_without_a_port(address: str) -> None:
    assert MeshConfig.from_env("ports", {"MESH_ADVERTISE": address}).advertise == address


@pytest.mark.parametrize(
    "address",
    [
        # Consul itself answers 400 to some of the wildcards, and takes nearly all of the rest.
        *("0.0.0.0", "0.0.0.0:80", "0", "0:80", "[::]", "[::]:80", "[::ffff:0.0.0.0]", "[::%eth0]", "::", "*"),
        *("a b", "a b:80", "a\tb", "a\nb", "a\rb", "a\0b", "a\x1bb", "a\x7fb", "a\N{NO-BREAK SPACE}b"),
        *(":80", "ports:", "ports:x", "ports:65536", "ports:-1", "ports:80:80", "2001:db8::1", "[::1", "[::1]x", "[x]"),
        *("http://ports", "ports/x", "ports?x", "ports#x", "me@ports", "a,b"),
    ],
)
def test_an_address_at_which_nobody_can_be_reached_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^MESH_ADVERTISE="):
        MeshConfig.from_env("ports", {"MESH_ADVERTISE": address})


def test_what_an_instance_says_of_itself_and_what_a_server_takes_in_are_variables() -> None:
    environ = {
        "MESH_TAGS": "api, v2,",
        "MESH_VERSION": "1.2",
        "MESH_ZONE": "a",
        "MESH_WEIGHT": "10",
        "MESH_WARNING_WEIGHT": "0",
        "MESH_CLIENT_MAX_SIZE": "0",
        "MESH_MAX_LINE_SIZE": "100",
        "MESH_MAX_FIELD_SIZE": "200",
        "MESH_BACKLOG": "7",
    }
    config = MeshConfig.from_env("ports", environ)
    assert (config.tags, config.version, config.zone) == (("api", "v2"), "1.2", "a")
    assert (config.weight, config.warning_weight) == (10, 0)
    assert (config.client_max_size, config.max_line_size, config.max_field_size, config.backlog) == (0, 100, 200, 7)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("MESH_WEIGHT", "heavy", "MESH_WEIGHT='heavy': expected a whole number"),
        ("MESH_WEIGHT", "-1", "weight must be a whole number from 1 to 65535, got -1"),
        ("MESH_CLIENT_MAX_SIZE", "-1", "client_max_size must be a whole number of bytes, or 0 for any number, got -1"),
        ("MESH_CLIENT_MAX_SIZE", "1MB", "MESH_CLIENT_MAX_SIZE='1MB': expected a whole number"),
        ("MESH_MAX_LINE_SIZE", "0", "max_line_size must be a positive whole number, got 0"),
        ("MESH_MAX_FIELD_SIZE", "-8", "max_field_size must be a positive whole number, got -8"),
        ("MESH_BACKLOG", "0", "backlog must be a positive whole number, got 0"),
    ],
)
def test_sizes_and_shares_that_make_no_sense_are_refused(variable: str, value: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MeshConfig.from_env("ports", {variable: value})
    assert caught.value.problems == (problem,)


def test_an_argument_is_judged_like_the_variable() -> None:
    with pytest.raises(ConfigError, match=r"^advertise '0\.0\.0\.0': .*nobody is reached there"):
        MeshConfig(name="ports", advertise="0.0.0.0")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MESH_TIMEOUT", "MESH_TIMEOUT_S"),
        ("MESH_TIMOUT_S", "MESH_TIMEOUT_S"),
        ("MESH_ATTEMPT", "MESH_ATTEMPTS"),
        ("MESH_DRAIN", "MESH_DRAIN_S"),
        ("MESH_ZONES", "MESH_ZONE"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_one_that_is_meant(
    name: str, meant: str, caplog: pytest.LogCaptureFixture
) -> None:
    MeshConfig.from_env("ports", {name: "7"})
    assert caplog.messages == [f"{name} means nothing here: is {meant} meant?"]


@pytest.mark.parametrize(
    "name",
    [
        *("MESH_TIMEOUT_S", "CONSUL_HTTP_ADDRESS", "PATH"),
        # Of others: our telemetry, our console, the commands of the repository, somebody's own.
        *("MESH_LOG", "MESH_LOG_LEVEL", "MESH_METRICS", "MESH_DATA", "MESH_STACK", "MESH_CONSOLE_URL", "MESH_OWN"),
    ],
)
def test_what_is_somebody_elses_is_not_told(name: str, caplog: pytest.LogCaptureFixture) -> None:
    MeshConfig.from_env("ports", {name: "7"})
    assert caplog.messages == []

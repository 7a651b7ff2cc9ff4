"""How the environment is read: what makes no sense is refused at the start, by the name of its variable."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
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
        "MESH_MAX_CONNECTIONS": "9",
        "MESH_BACKLOG": "7",
    }
    config = MeshConfig.from_env("ports", environ)
    assert (config.tags, config.version, config.zone) == (("api", "v2"), "1.2", "a")
    assert (config.weight, config.warning_weight) == (10, 0)
    assert config.max_connections == 9
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
        ("MESH_MAX_CONNECTIONS", "0", "max_connections must be a positive whole number, got 0"),
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


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8500"),
        ({"CONSUL_HTTP_SSL": "true"}, "https://127.0.0.1:8500"),
        ({"CONSUL_HTTP_SSL": "0"}, "http://127.0.0.1:8500"),
        ({"CONSUL_HTTP_SSL": "T", "CONSUL_HTTP_ADDR": "consul:8501"}, "https://consul:8501"),
        # Nothing goes in the clear where TLS was asked for, be it twice.
        ({"CONSUL_HTTP_SSL": "1", "CONSUL_HTTP_ADDR": "http://consul:8501"}, "https://consul:8501"),
        ({"CONSUL_HTTP_SSL": "false", "CONSUL_HTTP_ADDR": "https://consul:8501"}, "https://consul:8501"),
        ({"CONSUL_HTTP_ADDR": "unix:///run/consul.sock"}, "unix:///run/consul.sock"),
    ],
)
def test_consul_is_where_its_own_command_would_look_for_it(environ: dict[str, str], url: str) -> None:
    assert MeshConfig.from_env("ports", environ).consul_url == url


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"CONSUL_HTTP_SSL": "yes"}, "^CONSUL_HTTP_SSL='yes': expected on or off$"),
        ({"CONSUL_HTTP_SSL_VERIFY": "perhaps"}, "^CONSUL_HTTP_SSL_VERIFY='perhaps': expected on or off$"),
        ({"CONSUL_HTTP_ADDR": "unix://run/consul.sock"}, "unix:///path"),
        ({"CONSUL_HTTP_ADDR": "unix:///"}, "unix:///path"),
        ({"CONSUL_HTTP_ADDR": "unix:///c.sock", "CONSUL_HTTP_SSL": "1"}, "a unix socket is not encrypted"),
        ({"CONSUL_TLS_SERVER_NAME": "a b:x"}, "^CONSUL_TLS_SERVER_NAME='a b:x': "),
        ({"CONSUL_HTTP_TOKEN": "two words"}, "^CONSUL_HTTP_TOKEN: that is no token"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/nowhere/token"}, "^CONSUL_HTTP_TOKEN_FILE: No such file or directory$"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/"}, "^CONSUL_HTTP_TOKEN_FILE: Is a directory$"),
    ],
)
def test_what_makes_no_sense_of_consul_is_refused(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        MeshConfig.from_env("ports", environ)


def test_what_is_said_of_consul_is_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file\n")
    environ = {
        "CONSUL_HTTP_SSL_VERIFY": "false",
        "CONSUL_TLS_SERVER_NAME": "server.dc1.consul:8501",
        "CONSUL_NAMESPACE": "team",
        "CONSUL_PARTITION": "part",
        "CONSUL_DATACENTER": "dc2",
    }
    config = MeshConfig.from_env("ports", environ)
    assert config.consul_tls == ConsulTls(verify=False, server_name="server.dc1.consul")
    assert (config.consul_namespace, config.consul_partition, config.consul_datacenter) == ("team", "part", "dc2")
    assert MeshConfig.from_env("ports", environ, consul_tls=ConsulTls()).consul_tls == ConsulTls()


def test_of_two_tokens_an_argument_is_nearer_than_a_file_and_a_file_than_the_environment(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file\n")
    file = str(tmp_path / "token")
    environ = {"CONSUL_HTTP_TOKEN": "of-the-environment", "CONSUL_HTTP_TOKEN_FILE": file}

    def tokens(**arguments: str) -> tuple[str, str]:
        config = MeshConfig.from_env("ports", environ, **arguments)  # type: ignore[arg-type]  # texts, all of them
        return config.consul_token, config.consul_token_file

    assert tokens() == ("", file)
    assert tokens(consul_token="mine") == ("mine", "")
    del environ["CONSUL_HTTP_TOKEN_FILE"]
    assert tokens() == ("of-the-environment", "")
    assert tokens(consul_token_file=file) == ("", file)


def test_a_token_is_not_shown_even_where_a_files_name_was_meant(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "two").write_text("geheim and\nmore")
    for said in ({"CONSUL_HTTP_TOKEN_FILE": "geheim"}, {"CONSUL_HTTP_TOKEN": "geheim\x00"}):
        with pytest.raises(ConfigError) as caught:
            MeshConfig.from_env("ports", said)
        assert "geheim" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"^consul_token_file: that is a pipe"):
        MeshConfig(name="ports", consul_token_file=str(tmp_path / "pipe"))
    with pytest.raises(ConfigError, match=r"^consul_token_file: that is no token"):
        MeshConfig(name="ports", consul_token_file=str(tmp_path / "two"))
    assert "geheim" not in repr(MeshConfig(name="ports", consul_token="geheim"))


@pytest.mark.parametrize("url", ["https://me:geheim@consul:8501", "https://me:geh/geheim@consul:8501", "me:geheim@:0"])
def test_a_password_in_the_address_is_not_shown(url: str) -> None:
    with suppress(ConfigError):
        assert "geheim" not in repr(MeshConfig(name="ports", consul_url=url))
    for refused in (url, f"{url}:", "https://me:geheim@"):
        with pytest.raises(ConfigError) as caught:
            MeshConfig(name="ports", consul_url=refused.replace("8501", "x"))
        assert "geheim" not in str(caught.value)
        with pytest.raises(ConfigError) as caught:
            MeshConfig.from_env("ports", {"CONSUL_HTTP_ADDR": refused.replace("8501", "x")})
        assert "geheim" not in str(caught.value)

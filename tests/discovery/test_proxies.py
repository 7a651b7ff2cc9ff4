"""Which proxy an address is asked by way of: the same as Consul's own command would take."""

from __future__ import annotations

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.proxies import proxy_for

PROXY = {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://secure:3128"}


@pytest.mark.parametrize(
    ("url", "no_proxy", "proxy"),
    [
        ("http://consul:8500", "", "http://proxy:3128"),
        ("https://consul:8501", "", "http://secure:3128"),
        ("http://127.0.0.1:8500", "", ""),
        ("http://127.0.0.2:8500", "", ""),
        ("http://[::1]:8500", "", ""),
        ("http://localhost:8500", "", ""),
        ("http://consul:8500", "*", ""),
        ("http://consul:8500", "consul", ""),
        ("http://Consul.:8500", "CONSUL", ""),
        ("http://consul:8500", "other, consul ,third", ""),
        ("http://consul:8500", "consul:8500", ""),
        ("http://consul:8500", "consul:8501", "http://proxy:3128"),
        ("http://consul", "consul:80", ""),
        ("https://consul", "consul:443", ""),
        ("http://a.consul:8500", "consul", ""),
        ("http://a.consul:8500", ".consul", ""),
        ("http://a.consul:8500", "*.consul", ""),
        ("http://consul:8500", ".consul", "http://proxy:3128"),
        ("http://myconsul:8500", "consul", "http://proxy:3128"),
        ("http://10.1.2.3:8500", "10.1.0.0/16", ""),
        ("http://10.2.2.3:8500", "10.1.0.0/16", "http://proxy:3128"),
        ("http://10.1.2.3:8500", "10.1.2.3", ""),
        ("http://10.1.2.3:8500", "10.1.2.3:8500", ""),
        ("http://10.1.2.3:8500", "10.1.2.3:1", "http://proxy:3128"),
        ("http://10.1.2.3:8500", "1.2.3, nonsense/x, ,", "http://proxy:3128"),
        ("http://[2001:db8::1]:8500", "2001:db8::1", ""),
        ("http://[2001:db8::1]:8500", "2001:db8::/32", ""),
        ("http://[2001:db8::1]:8500", "[2001:db8::1]:8500", ""),
    ],
)
def test_a_proxy_is_used_but_for_what_is_spared_and_for_this_host(url: str, no_proxy: str, proxy: str) -> None:
    assert proxy_for(url, {**PROXY, "NO_PROXY": no_proxy}) == proxy
    lower = {name.lower(): value for name, value in PROXY.items()}
    assert proxy_for(url, {**lower, "no_proxy": no_proxy}) == proxy


def test_a_proxy_needs_no_scheme() -> None:
    assert proxy_for("http://consul", {"HTTP_PROXY": "proxy:3128"}) == "http://proxy:3128"


def test_where_a_web_server_runs_us_a_stranger_may_have_named_the_proxy() -> None:
    assert proxy_for("http://consul", {**PROXY, "REQUEST_METHOD": "GET"}) == ""
    assert proxy_for("https://consul", {**PROXY, "REQUEST_METHOD": "GET"}) == "http://secure:3128"


@pytest.mark.parametrize(
    "proxy", ["socks5://proxy:1080", "https://proxy:443", "http://:1", "http://proxy:x", "http://["]
)
def test_a_proxy_that_cannot_be_used_is_refused_with_what_to_do_and_without_its_password(proxy: str) -> None:
    environ = {"HTTP_PROXY": proxy.replace("proxy", "me:geheim@proxy"), "CONSUL_HTTP_ADDR": "consul:8500"}
    with pytest.raises(ConfigError, match=r"^HTTP_PROXY: .*or name Consul's host in NO_PROXY$") as caught:
        MeshConfig.from_env("ports", environ)
    assert "geheim" not in str(caught.value)
    assert MeshConfig.from_env("ports", {**environ, "NO_PROXY": "consul"}).consul_proxy == ""


def test_an_argument_beats_the_environment_and_is_judged_alike() -> None:
    environ = {**PROXY, "CONSUL_HTTP_ADDR": "consul:8500"}
    assert MeshConfig.from_env("ports", environ, consul_proxy="").consul_proxy == ""
    with pytest.raises(ConfigError, match=r"^consul_proxy: expected http://host:port"):
        MeshConfig(name="ports", consul_proxy="socks5://proxy")
    assert "geheim" not in repr(MeshConfig(name="ports", consul_proxy="http://me:geheim@proxy:1"))

"""Consul over TLS, by the library's client and by that of the commands: both say what is wrong, and what to set."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
from discovery.errors import RegistryError, RegistryUnavailable
from discovery.registry.handshake import misgiving
from tests.discovery.registry.conftest import Ask
from tests.discovery.registry.secured import CA, LONG_AGO, STRANGER, Secured, replaced, secured, server_context, written

HERE = CA.issue_cert("127.0.0.1")


@pytest.fixture
def ca(tmp_path: Path) -> str:
    CA.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def settings(consul: Secured, **tls: str | bool) -> MeshConfig:
    return MeshConfig(name="tests", consul_url=consul.url, consul_tls=ConsulTls(**tls))  # type: ignore[arg-type]  # as they come


async def test_an_agent_whose_ca_is_named_is_asked(ask: Ask, ca: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    replaced(tmp_path / "folder" / "ca.pem", CA.cert_pem.bytes())
    with secured(server_context(HERE)) as consul:
        assert await ask(settings(consul, ca_file=ca)) == {}
        assert await ask(settings(consul, ca_path=str(tmp_path / "folder"))) == {}
        assert await ask(settings(consul, verify=False)) == {}


@pytest.mark.parametrize(
    ("certificate", "names_ca", "words"),
    [
        (HERE, False, r"not trusted .*: name the CA that signed it in CONSUL_CACERT"),
        (STRANGER.issue_cert("127.0.0.1"), True, r"not trusted .*: is the CA that signed it in CONSUL_CACERT"),
        (
            CA.issue_cert("server.dc1.consul"),
            True,
            r"another name .*CONSUL_TLS_SERVER_NAME, such as server\.dc1\.consul",
        ),
        (
            CA.issue_cert("127.0.0.1", not_before=LONG_AGO[0], not_after=LONG_AGO[1]),
            True,
            r"not valid any more \(certificate has expired\): renew that of the agent",
        ),
        (
            CA.issue_cert("127.0.0.1", not_before=datetime(2900, 1, 1), not_after=datetime(2901, 1, 1)),  # noqa: DTZ001
            True,
            r"not valid yet .*: is the clock of this host right",
        ),
    ],
    ids=["no authority", "another authority", "another name", "expired", "not yet"],
)
async def test_a_certificate_of_the_agent_that_will_not_do_is_told_with_what_to_set(
    ask: Ask, ca: str, certificate: trustme.LeafCert, names_ca: bool, words: str
) -> None:
    with secured(server_context(certificate)) as consul, pytest.raises(RegistryUnavailable, match=words) as caught:
        await ask(settings(consul, **({"ca_file": ca} if names_ca else {})))
    assert f"Consul at {consul.url} has a certificate" in str(caught.value)


async def test_the_name_in_the_certificate_may_be_another_than_that_in_the_address(ask: Ask, ca: str) -> None:
    with secured(server_context(CA.issue_cert("server.dc1.consul"))) as consul:
        assert await ask(settings(consul, ca_file=ca, server_name="server.dc1.consul")) == {}
        with pytest.raises(RegistryUnavailable, match="another name"):
            await ask(settings(consul, ca_file=ca, server_name="server.dc2.consul"))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_an_agent_that_asks_who_we_are_is_shown_our_certificate_or_it_is_said_why_not(
    ask: Ask, ca: str, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    context = server_context(HERE, asks=True)
    context.maximum_version = newest
    mine = written(tmp_path, "mine", CA.issue_cert("mine"))
    theirs = written(tmp_path, "theirs", STRANGER.issue_cert("theirs"))
    expired = CA.issue_cert("old", not_before=LONG_AGO[0], not_after=LONG_AGO[1])
    with secured(context) as consul:
        assert await ask(settings(consul, ca_file=ca, **mine)) == {}
        with pytest.raises(RegistryUnavailable, match="wants a certificate of ours: set CONSUL_CLIENT_CERT"):
            await ask(settings(consul, ca_file=ca))
        with pytest.raises(RegistryUnavailable, match=r"refuses our certificate \(it does not know the authority"):
            await ask(settings(consul, ca_file=ca, **theirs))
        with pytest.raises(RegistryUnavailable, match=r"refuses our certificate \(it has expired\): "):
            await ask(settings(consul, ca_file=ca, **written(tmp_path, "old", expired)))


async def test_plain_http_to_a_port_that_speaks_tls_is_no_answer(ask: Ask) -> None:
    with secured(server_context(HERE)) as consul, pytest.raises(RegistryError, match="is that a Consul agent"):
        await ask(MeshConfig(name="tests", consul_url=consul.url.replace("https", "http")))


def test_what_openssl_says_without_a_known_word_is_told_as_it_is() -> None:
    error = ssl.SSLError(1, "[SSL: SOMETHING_NEW] something new")
    assert "does not speak TLS as we do" in str(misgiving(error, ConsulTls()))

"""The files of TLS towards Consul: each that cannot be used is refused at the start, by the variable that names it."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
from discovery.errors import ConfigError

CA = trustme.CA()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CA, two clients of it, and files that are none of that."""
    CA.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("mine", "other"):
        client = CA.issue_cert(name, key_type=trustme.KeyType.RSA if name == "other" else trustme.KeyType.ECDSA)
        client.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))
        client.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
    CA.issue_cert("third").private_key_pem.write_to_path(str(tmp_path / "third.key"))
    (tmp_path / "text").write_text("this is no PEM")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "one.pem").write_bytes(CA.cert_pem.bytes())
    (tmp_path / "many" / ".hidden").write_text("a generation of a volume of secrets")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "readme").write_text("nothing to trust here")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"CONSUL_CACERT": "nowhere"}, r"ca_file \(CONSUL_CACERT\) '.*nowhere': No such file"),
        ({"CONSUL_CACERT": "text"}, r"ca_file \(CONSUL_CACERT\) '.*text': it holds no certificate as PEM"),
        ({"CONSUL_CACERT": "broken.pem"}, r"ca_file \(CONSUL_CACERT\) '.*': its certificate cannot be read"),
        ({"CONSUL_CACERT": "many"}, r"ca_file \(CONSUL_CACERT\) '.*many': Is a directory"),
        ({"CONSUL_CAPATH": "nowhere"}, r"ca_path \(CONSUL_CAPATH\) '.*nowhere': No such file"),
        ({"CONSUL_CAPATH": "ca.pem"}, r"ca_path \(CONSUL_CAPATH\) '.*ca.pem': Not a directory"),
        ({"CONSUL_CAPATH": "empty"}, r"ca_path \(CONSUL_CAPATH\) '.*empty': there is no file in it"),
        ({"CONSUL_CAPATH": "mixed"}, r"ca_path \(CONSUL_CAPATH\) '.*mixed/readme': it holds no certificate"),
        ({"CONSUL_CLIENT_CERT": "mine.pem"}, "needs its key: set CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY"),
        ({"CONSUL_CLIENT_KEY": "mine.key"}, "needs its key: set CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY"),
        (
            {"CONSUL_CLIENT_CERT": "mine.key", "CONSUL_CLIENT_KEY": "mine.pem"},
            r"\(CONSUL_CLIENT_CERT\) .* no certificate .*\(CONSUL_CLIENT_KEY\) .* no private key",
        ),
        ({"CONSUL_CLIENT_CERT": "mine.pem", "CONSUL_CLIENT_KEY": "other.key"}, "the key does not fit the certificate"),
        ({"CONSUL_CLIENT_CERT": "mine.pem", "CONSUL_CLIENT_KEY": "third.key"}, "the key does not fit the certificate"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_variable(folder: Path, said: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        MeshConfig.from_env("ports", {name: str(folder / file) for name, file in said.items()})


@pytest.mark.parametrize(
    "variable",
    [
        "CONSUL_CACERT",
        "CONSUL_CAPATH",
        "CONSUL_CLIENT_CERT",
        "CONSUL_CLIENT_KEY",
        "MESH_TLS_CERT",
        "MESH_TLS_KEY",
        "MESH_TLS_CA",
    ],
)
def test_a_key_that_was_put_where_its_files_name_is_meant_is_not_shown(variable: str) -> None:
    key = "-----BEGIN PRIVATE KEY-----\ngeheim\n-----END PRIVATE KEY-----"
    with pytest.raises(ConfigError, match="that is the content of a file, and its name is meant") as caught:
        MeshConfig.from_env("ports", {variable: key})
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_key_that_wants_a_password_is_refused_and_nobody_is_asked(folder: Path) -> None:
    encrypted = folder / "encrypted.key"
    command: list[str | Path] = [
        "openssl",
        "ec",
        "-aes128",
        "-passout",
        "pass:geheim",
        "-in",
        folder / "mine.key",
        "-out",
        encrypted,
    ]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(ConfigError, match="the key is encrypted"):
        ConsulTls(client_cert=str(folder / "mine.pem"), client_key=str(encrypted)).context()


def test_without_a_word_nothing_is_read_and_the_systems_authorities_hold() -> None:
    tls = ConsulTls()
    assert (tls.files(), tls.problems()) == ([], [])
    assert tls.context().verify_mode is ssl.CERT_REQUIRED


def trusted(tls: ConsulTls) -> int:
    return int(tls.context().cert_store_stats()["x509"])


@pytest.mark.parametrize(
    "tls",
    [
        lambda folder: ConsulTls(ca_file=f"{folder}/ca.pem"),
        lambda folder: ConsulTls(ca_path=f"{folder}/many"),
        # As with Consul's own client, the folder is not looked into beside the file.
        lambda folder: ConsulTls(ca_file=f"{folder}/ca.pem", ca_path=f"{folder}/mixed"),
    ],
)
def test_who_is_named_is_trusted_and_nobody_else(folder: Path, tls: Callable[[Path], ConsulTls]) -> None:
    assert trusted(tls(folder)) == 1


def test_without_verification_everybody_is_believed(folder: Path) -> None:
    context = ConsulTls(verify=False, ca_file=str(folder / "ca.pem")).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)

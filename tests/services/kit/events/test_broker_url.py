"""What BROKER_URL and BROKER_PASSWORD_FILE may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from yarl import URL

import discovery
from services.kit.events.broker import broker_url


@pytest.mark.parametrize("raw", ["amqp://mesh:s3cret@broker/shop", "amqps://broker:5673", "amqp://[::1]/%2Fown"])
def test_an_address_is_taken_as_it_is(raw: str) -> None:
    assert broker_url({"BROKER_URL": f" {raw} "}) == URL(raw)


@pytest.mark.parametrize("environ", [{}, {"BROKER_URL": ""}, {"BROKER_URL": " "}])
def test_without_one_there_is_no_broker(environ: dict[str, str]) -> None:
    assert broker_url(environ) is None


@pytest.mark.parametrize(
    "raw", ["http://s3cret@broker", "amqp:///s3cret", "s3cret", "amqp://u:s3cret@broker:x/", "amqp://u:s3cret@[::1"]
)
def test_nonsense_is_refused_without_repeating_it(raw: str) -> None:
    with pytest.raises(discovery.ConfigError, match="BROKER_URL is not the address of a broker") as refused:
        broker_url({"BROKER_URL": raw})
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    environ = {"BROKER_URL": "amqp://shop:open@broker/own", "BROKER_PASSWORD_FILE": str(file)}
    file.write_text(" s3c:r/t@\n")
    found = broker_url(environ)
    assert found is not None
    assert (found.user, found.password, found.host, found.path) == ("shop", "s3c:r/t@", "broker", "/own")
    file.write_text("\n")
    assert broker_url(environ) == URL("amqp://shop:open@broker/own")
    # Where events go over the mesh, nobody looks for it.
    file.unlink()
    assert broker_url({**environ, "BROKER_URL": ""}) is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe s3cret"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    environ = {"BROKER_URL": "amqp://broker", "BROKER_PASSWORD_FILE": str(file)}
    with pytest.raises(discovery.ConfigError, match=f"BROKER_PASSWORD_FILE={file} cannot be read: ") as refused:
        broker_url(environ)
    assert "s3cret" not in str(refused.value)

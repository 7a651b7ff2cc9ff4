"""What BROKER_URL may be."""

from __future__ import annotations

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

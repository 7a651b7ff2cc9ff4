"""The environment of the whole system is judged before anything starts."""

from __future__ import annotations

import pytest

from discovery.errors import ConfigError
from launcher.local.settings import check_environment


def test_all_that_makes_no_sense_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        check_environment({"MESH_STOP_S": "x", "MESH_TIMEOUT_S": "0", "MESH_LOG": "loud", "CONSUL_HTTP_ADDR": "::"})

    assert len(caught.value.problems) == 3
    assert all(word in str(caught.value) for word in ("MESH_STOP_S", "timeout_s", "MESH_LOG"))


def test_an_ordinary_environment_is_fine() -> None:
    check_environment({"PATH": "/bin", "MESH_TIMEOUT_S": "3"})

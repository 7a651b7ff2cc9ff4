"""What Consul would refuse is refused at the start; that Consul does refuse it, the contract's tests see."""

from __future__ import annotations

from typing import Any

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.policy.registrable import id_problem, meta_problems

MOST = 59


@pytest.mark.parametrize(
    "meta",
    [{}, {"a_b-9": ""}, {"k" * 128: "v" * 512}, {"consul": "x"}, {f"k{number}": "" for number in range(MOST)}],
)
def test_what_consul_takes_is_no_problem(meta: dict[str, str]) -> None:
    assert [*meta_problems(meta)] == []


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        ({"": "x"}, "meta '': Key cannot be blank"),
        ({"a b": "x"}, "meta 'a b': Key contains invalid characters"),
        ({"schlüssel": "x"}, "meta 'schlüssel': Key contains invalid characters"),
        ({"consul-x": "x"}, "meta 'consul-x': Key prefix 'consul-' is reserved for internal use"),
        ({"k": "ü" * 257}, "meta 'k': Value is too long (limit: 512 characters)"),
        ({"boot": "x"}, "meta 'boot' is the mesh's own"),
        (
            {f"k{number}": "" for number in range(MOST + 1)},
            "meta has 60 pairs, and may have 59: Consul takes 64 with those of the mesh",
        ),
    ],
)
def test_what_consul_refuses_is_said_at_the_start(meta: dict[str, str], problem: str) -> None:
    assert [*meta_problems(meta)] == [problem]
    with pytest.raises(ConfigError) as caught:
        MeshConfig(name="ports", meta=meta)
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"version": "1" * 513}, "Value is too long (limit: 512 characters)"),
        ({"zone": "z" * 513}, "Value is too long (limit: 512 characters)"),
        ({"tags": "api"}, "tags must be a tuple of words, got 'api'"),
        ({"tags": ("a", 1)}, "tags must be a tuple of words, got ('a', 1)"),
        ({"tags": None}, "tags must be a tuple of words, got None"),
        ({"weight": 0}, "weight must be a whole number from 1 to 65535, got 0"),
        ({"weight": 65536}, "weight must be a whole number from 1 to 65535, got 65536"),
        ({"weight": 1.5}, "weight must be a whole number from 1 to 65535, got 1.5"),
        ({"warning_weight": -1}, "warning_weight must be a whole number from 0 to 65535, got -1"),
        ({"meta": {"shards": 3}}, "meta 'shards': Value must be a string, got 3"),
    ],
)
def test_what_an_entry_cannot_say_of_itself_is_refused_at_the_start(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MeshConfig(name="ports", **said)
    (told,) = caught.value.problems
    assert told.endswith(problem)
    assert len(told) < 120


@pytest.mark.parametrize("id", ["a", "a/b", "a/", "a.b", "..a", "a b", "ä"])
def test_an_id_may_look_like_a_path(id: str) -> None:
    assert id_problem(id) == ""


@pytest.mark.parametrize("id", ["a//b", "/a", "a/./b", "a/..", "..", ".", "//"])
def test_an_id_that_a_path_loses_is_refused(id: str) -> None:
    with pytest.raises(ConfigError, match="an agent does not find it any more"):
        MeshConfig.from_env("ports", {"MESH_INSTANCE_ID": id})

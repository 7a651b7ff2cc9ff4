"""What a status and Consul's words come to."""

from __future__ import annotations

import pytest

from discovery.errors import FilterRejected, RegistryError, RegistryRejected, RegistryUnavailable
from discovery.registry.verdict import is_absent, verdict


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None),
        (204, None),
        (301, RegistryRejected),
        (400, RegistryRejected),
        (401, RegistryRejected),
        (403, RegistryRejected),
        (404, RegistryRejected),
        (429, RegistryUnavailable),
        (500, RegistryUnavailable),
        (503, RegistryUnavailable),
    ],
)
def test_asking_again_makes_sense_only_where_it_can_help(status: int, kind: type[RegistryError] | None) -> None:
    error = verdict("Consul", status, "words")
    assert (error if kind is None else type(error)) is kind
    assert error is None or f"{status} words" in str(error)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (
            "Permission denied: token with AccessorID 'b87' lacks permission 'service:write' on \"ports\"",
            'the token needs service "ports" { policy = "write" }',
        ),
        ("Permission denied: anonymous token lacks permission 'key:read' on \"mesh/\".", 'key "mesh/" { policy'),
        ("ACL not found", "check CONSUL_HTTP_TOKEN"),
        ("Permission denied", "check CONSUL_HTTP_TOKEN"),
    ],
)
def test_a_refusal_says_which_policy_is_missing(words: str, remedy: str) -> None:
    error = str(verdict("Consul at http://c:8500", 403, words))
    assert error.startswith("Consul at http://c:8500 refused (403 ")
    assert remedy in error


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("words", ['Selector "Foo" is not valid', "1:8 (7): no match found, expected: [ \\t\\r\\n]"])
def test_a_filter_that_cannot_be_read_is_the_readers_fault(status: int, words: str) -> None:
    error = verdict("Consul", status, f"Failed to create boolean expression evaluator: {words}\n")
    assert type(error) is FilterRejected
    assert str(error) == f"Consul cannot read the filter: {words}"


def test_the_words_of_a_stranger_are_cut_and_kept_on_one_line() -> None:
    error = str(verdict("Consul", 500, "a\nb\r\n" + "x" * 10_000))
    assert "500 a b x" in error
    assert len(error) < 500


@pytest.mark.parametrize(
    ("status", "headers", "words", "absent"),
    [
        (404, {}, "unknown service ID: p1", True),
        (404, {}, 'Unknown check ID "service:p1". Ensure that the check ID is passed, not the check name.', True),
        (404, {"X-Consul-Index": "1"}, "", True),
        (500, {}, 'Unknown service "p1"', True),
        (500, {}, 'CheckID "service:p1" does not have associated TTL', True),
        (500, {}, "No cluster leader", False),
        (404, {}, "404 page not found", False),
        (200, {}, "unknown service", False),
    ],
)
def test_only_consul_can_say_that_something_is_not_there(
    status: int, headers: dict[str, str], words: str, absent: bool
) -> None:
    assert is_absent(status, headers, words) is absent

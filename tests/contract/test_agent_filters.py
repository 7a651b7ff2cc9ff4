"""The filter language: what it chooses, and what it refuses."""

from __future__ import annotations

import pytest

from tests.contract.api import Api

# What a filter chooses of two instances: `1` has tags, an address and a version, and is critical; `2` has nothing.
CHOSEN = [
    ("Service.ID == {name}_n1", "1"),
    ('Service.ID != "{name}_n1"', "2"),
    ("Service.Meta.version == 1", "1"),
    ("Service.Meta.version == `1`", "1"),
    ('Service.Meta["version"] == "1"', "1"),
    ("Service.Meta.version != 1", "2"),
    ('Service.Meta.version matches "^[0-9]$"', "12"),
    ('Service.ID matches "1$"', "1"),
    ("Service.ID not matches `1$`", "2"),
    ("blue in Service.Tags", "1"),
    ('"blue" not in Service.Tags', "2"),
    ("Service.Tags contains blue", "1"),
    ("Service.Tags not contains blue", "2"),
    ("Service.Tags is empty", "2"),
    ("Service.Tags is not empty", "1"),
    ("version in Service.Meta", "1"),
    ("Service.Meta is empty", "2"),
    ("none in Service.Meta.none", ""),
    ("none not in Service.Meta.none", "12"),
    ("_n1 in Service.ID", None),
    ('"_n1" in Service.ID', "1"),
    ("Service.Port == 5001", "1"),
    ("Service.Port != 5001", "2"),
    ("Service.Weights.Passing == 1", "12"),
    ("Service.EnableTagOverride == false", "12"),
    ("Service.TaggedAddresses.lan_ipv4.Port == 5001", "1"),
    ("Checks.Status == critical", "1"),
    ("Checks.Status != critical", "12"),
    ("not Checks.Status == critical", "2"),
    ("critical in Checks.Status", "1"),
    ("blue in Checks.ServiceTags", "1"),
    ("Checks is not empty", "12"),
    ("Node.Datacenter == dc1", "12"),
    ("Node.Datacenter == dc2", ""),
    ("Service.Port == 5001 and Service.Meta.version == 2", ""),
    ("Service.Port == 5001 or Service.Port == 0", "12"),
    ("Service.Port == 5001 or Service.Port == 0 and Service.Port == 5001", "1"),
    ("(Service.Port == 5001 or Service.Port == 0) and Service.Port != 5001", "2"),
    ("not (Service.Port == 5001)", "2"),
    ("not not Service.Port == 5001", "1"),
    ("  Service.Port==5001  ", "1"),
    ("", "12"),
]


@pytest.mark.parametrize(("text", "chosen"), CHOSEN)
async def test_a_filter_chooses_instances(api: Api, name: str, text: str, chosen: str | None) -> None:
    # A dash ends an unquoted word.
    word = name.replace("-", "_")
    fields = {"Tags": ["blue", "small"], "Address": "127.0.0.1", "Port": 5001, "Meta": {"version": "1"}}
    await api.register(name, ID=f"{word}_n1", **fields, Check={"TTL": "1h"})
    await api.register(name, ID=f"{word}_n2", Check={"TTL": "1h", "Status": "passing"})
    await api.until_catalogued(name, 2)
    answer = await api.get(f"/v1/health/service/{name}", filter=text.format(name=word))
    if chosen is None:
        assert answer.status == 500
    else:
        assert "".join(entry["Service"]["ID"][-1] for entry in answer.json) == chosen


PREFIX = "Failed to create boolean expression evaluator: "


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('Bogus == "x"', 'Selector "Bogus" is not valid'),
        ("Service.Bogus == x", 'Selector "Service.Bogus" is not valid'),
        ("Service.ModifyIndex == 1", 'Selector "Service.ModifyIndex" is not valid'),
        ("Service.ID is empty", 'Invalid match operator "Is Empty" for selector "Service.ID"'),
        (
            "Service.Meta.version is not empty",
            'Invalid match operator "Is Not Empty" for selector "Service.Meta.version"',
        ),
        ("Service.Tags == x", 'Invalid match operator "Equal" for selector "Service.Tags"'),
        ("Service.Tags not matches x", 'Invalid match operator "Not Matches" for selector "Service.Tags"'),
        ("Service == x", 'Invalid match operator "Equal" for selector "Service"'),
        ("5 in Service.Port", 'Invalid match operator "In" for selector "Service.Port"'),
        (
            "Service.Port == abc",
            'Failed to coerce value "abc" for selector "Service.Port": strconv.ParseInt: parsing "abc": invalid syntax',
        ),
        ('Service.Address matches "("', 'Failed to compile regular expression "(": '),
        ("Service.ID", "1:11 (10): no match found, expected: "),
        ("Service.ID ==", "1:14 (13): no match found, expected: "),
        ("Service.ID == 'x'", "1:15 (14): no match found, expected: "),
        ("Service.ID == x AND Service.ID == y", "1:17 (16): no match found, expected: "),
        ("(Service.ID == x", '1:17 (16): rule "grouping": Unmatched parentheses'),
        ("Service.ID == a-b", "1:16 (15): no match found, expected: "),
        ("Node.Meta.`x` == 1", "1:11 (10): no match found, expected: "),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused_in_words(api: Api, name: str, text: str, problem: str) -> None:
    answer = await api.get(f"/v1/health/service/{name}", filter=text)
    assert answer.status == 500
    assert answer.text.startswith(PREFIX + problem)


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/v1/agent/services", "Service == {name}", 1),
        ("/v1/agent/services", "Meta.version == 2", 0),
        ("/v1/agent/checks", "ServiceName == {name}", 1),
        ("/v1/catalog/services", "ServiceName == {name}", 1),
        ("/v1/catalog/service/{name}", "ServiceMeta.version == 1", 1),
        ("/v1/catalog/service/{name}", "ServicePort == 1", 0),
        ("/v1/catalog/nodes", "Node == {name}", 0),
        ("/v1/health/checks/{name}", "Status == critical", 1),
        ("/v1/health/state/any", "ServiceName == {name} and Type == ttl", 1),
        ("/v1/health/state/any", "CheckID == serfHealth", 1),
    ],
)
async def test_every_list_can_be_filtered(api: Api, name: str, path: str, text: str, found: int) -> None:
    word = name.replace("-", "_")
    await api.register(word, Meta={"version": "1"}, Check={"TTL": "1h"})
    try:
        await api.until_catalogued(word)
        answer = await api.get(path.format(name=word), filter=text.format(name=word))
        assert len(answer.json) == found
        refused = await api.get(path.format(name=word), filter="Nope == 1")
        assert (refused.status, refused.text.removeprefix(PREFIX)) == (500, 'Selector "Nope" is not valid')
    finally:
        await api.done(f"/v1/agent/service/deregister/{word}")

"""Tags as a filter, in words that the registry takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.devagent import filters
from discovery.devagent.shapes import ENDPOINT
from discovery.model import Target
from discovery.policy.tags import tagged

PORTS = Target("ports", "dc2")


@pytest.mark.parametrize(
    ("tags", "filter"),
    [
        ("v2", '"v2" in Service.Tags'),
        (["v2"], '"v2" in Service.Tags'),
        (("b", "a", "b"), '"a" in Service.Tags and "b" in Service.Tags'),
        ({"a", "b"}, '"a" in Service.Tags and "b" in Service.Tags'),
        ('say "a"', '`say "a"` in Service.Tags'),
        ("a\\b", "`a\\b` in Service.Tags"),
        ("a`b", '"a`b" in Service.Tags'),
        ("größe x", '"größe x" in Service.Tags'),
        ((), ""),
    ],
)
def test_all_of_the_tags_are_wanted(tags: str | list[str], filter: str) -> None:
    assert tagged(PORTS, tags) == PORTS._replace(filter=filter)


def test_a_filter_that_is_there_holds_as_well() -> None:
    both = tagged(PORTS._replace(filter='Service.Meta.version == "1" or Service.Port == 1'), "v2")
    assert both.filter == '(Service.Meta.version == "1" or Service.Port == 1) and "v2" in Service.Tags'


@pytest.mark.parametrize("tag", ["", "a\nb", "a\rb", '`"', "`\\", "\x00", ("v1", "")])
def test_a_tag_that_no_filter_can_name_is_refused(tag: str | tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no filter of Consul's can name the tag"):
        tagged(PORTS, tag)


@pytest.mark.parametrize("tags", [[1], (b"v1",), [None]])
def test_what_is_no_word_is_no_tag(tags: list[str]) -> None:
    with pytest.raises(TypeError, match="tags are a word, or several"):
        tagged(PORTS, tags)


@given(st.text(), st.text())
def test_whatever_is_taken_names_that_tag_and_no_other(tag: str, other: str) -> None:
    try:
        test = filters.compile(tagged(PORTS, tag).filter, ENDPOINT)
    except ValueError:
        return
    assert test({"Service": {"Tags": [other, tag]}})
    assert test({"Service": {"Tags": [other]}}) == (tag == other)

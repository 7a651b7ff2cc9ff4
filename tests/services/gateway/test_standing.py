"""Which documents count while instances come and go."""

from __future__ import annotations

from dataclasses import replace

from discovery import Health, Instance
from services.gateway.document import Document
from services.gateway.standing import META, Standing
from tests.services.gateway.documents import documented
from tests.services.support import instance

OLD, NEW = documented("GET /a"), documented("GET /a", "GET /a/new")


def of(version: str, port: int = 1, health: Health = Health.PASSING) -> Instance:
    meta = {META: version} if version else {}
    return replace(instance("a", port), meta=meta, health=health)


def paths(standing: Standing) -> list[str]:
    return [operation.path for operation in standing.named or ()]


def standing(**read: Document | None) -> Standing:
    """One that has seen an instance of each version, and read what it says."""
    made = Standing()
    made.see([of(version, port) for port, version in enumerate(read)])
    for version, document in read.items():
        made.take(version, document)
    return made


def test_before_anything_was_read_somebody_is_awaited_unless_nobody_is_there() -> None:
    it = Standing()
    assert (it.awaited, it.heard) == (True, False)
    it.see([])
    assert not it.awaited
    it.see([of("1", health=Health.CRITICAL)])
    assert (it.awaited, it.instances) == (True, 0)
    it.see([of("1")])
    assert (it.awaited, it.missing) == (True, frozenset({"1"}))
    it.take("1", OLD)
    assert (it.awaited, it.heard, it.missing) == (False, True, frozenset())


def test_while_two_versions_run_the_paths_of_both_are_there() -> None:
    it = standing(v1=OLD)
    it.see([of("v1"), of("v2", 2)])
    assert (it.missing, paths(it)) == (frozenset({"v2"}), ["/a"])
    it.take("v2", NEW)
    assert paths(it) == ["/a", "/a", "/a/new"]
    it.see([of("v2", 2)])
    assert paths(it) == ["/a", "/a/new"]


def test_what_was_known_stays_until_the_new_one_was_read() -> None:
    it = standing(v1=OLD)
    it.see([of("v2")])
    assert (paths(it), it.missing) == (["/a"], frozenset({"v2"}))
    it.take("v2", NEW)
    assert paths(it) == ["/a", "/a/new"]


def test_what_was_known_stays_when_everybody_has_gone_or_is_ill() -> None:
    it = standing(v1=OLD)
    it.see([])
    assert paths(it) == ["/a"]
    it.see([of("v2", health=Health.CRITICAL)])
    assert (paths(it), it.missing) == (["/a"], frozenset())


def test_a_version_without_a_document_opens_nothing_where_another_has_one() -> None:
    assert standing(v1=None).named is None
    assert paths(standing(v1=None, v2=OLD)) == ["/a"]


def test_who_does_not_say_his_version_is_read_again_when_another_one_comes() -> None:
    it = Standing()
    it.see([of("", 1)])
    it.take("", OLD)
    it.see([of("", 1)])
    assert it.missing == frozenset()
    it.see([of("", 2)])
    assert (it.missing, paths(it)) == (frozenset({""}), ["/a"])


def test_shown_is_what_most_instances_say() -> None:
    it = standing(v1=OLD, v2=NEW)
    it.see([of("v1", 1), of("v2", 2), of("v2", 3)])
    assert it.shown is NEW
    it.see([of("v1", 1), of("v1", 2), of("v2", 3)])
    assert it.shown is OLD

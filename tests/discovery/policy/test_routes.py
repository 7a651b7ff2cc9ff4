"""Which part of a service a call is for."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.routes import Route, ranked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ports", Route("ports")),
        ("ports/", Route("ports")),
        ("ports/slow", Route("ports", "/slow")),
        ("ports/slow/", Route("ports", "/slow")),
        ("Ports/Slow/caf%C3%A9", Route("ports", "/Slow/caf%C3%A9")),
        ("GET ports/slow", Route("ports", "/slow", "GET")),
        (" get  ports ", Route("ports", "", "GET")),
    ],
)
def test_a_route_is_read_as_people_write_it(text: str, expected: Route) -> None:
    assert Route.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "/slow", "ports//slow", "ports/../x", "ports/.", "ports?x=1", "ports/x#y", "G3T ports", "GET HEAD ports",
     "GET ports slow more", "http://ports/slow", "ports:80/slow", "ports/küche", "pörts"],
)  # fmt: skip
def test_what_is_no_route_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a route is a service"):
        Route.parse(text)


@pytest.mark.parametrize(
    ("route", "method", "path", "expected"),
    [
        ("ports", "GET", "/", True),
        ("ports", "POST", "/slow?x=1", True),
        ("GET ports", "POST", "/", False),
        ("ports/slow", "GET", "/slow", True),
        ("ports/slow", "GET", "/slow/er", True),
        ("ports/slow", "GET", "/slow?x=1", True),
        ("ports/slow", "GET", "/slower", False),
        ("ports/slow", "GET", "/", False),
        ("ports/slow", "GET", "/Slow", False),
        ("GET ports/slow", "GET", "/slow/er", True),
        ("GET ports/slow", "HEAD", "/slow/er", False),
    ],
)
def test_only_whole_segments_and_the_method_count(route: str, method: str, path: str, expected: bool) -> None:
    assert Route.parse(route).covers(method, path) == expected


@pytest.mark.parametrize(
    ("routes", "method", "path", "expected"),
    [
        (["ports/a", "ports/a/b"], "GET", "/a/b/c", "ports/a/b"),
        (["ports/a", "ports/a/b"], "GET", "/a/c", "ports/a"),
        (["ports/a", "GET ports/a"], "GET", "/a", "GET ports/a"),
        (["ports/a", "GET ports/a"], "PUT", "/a", "ports/a"),
        (["GET ports", "ports/a"], "GET", "/a", "ports/a"),
        (["GET ports", "ports/a"], "GET", "/b", "GET ports"),
        (["GET ports", "ports/a"], "PUT", "/b", None),
    ],
)
def test_the_longest_path_wins_and_then_a_method(
    routes: list[str], method: str, path: str, expected: str | None
) -> None:
    found = next((route for route in ranked(map(Route.parse, routes)) if route.covers(method, path)), None)
    assert found == (Route.parse(expected) if expected else None)


SOME = st.builds(
    Route,
    service=st.just("ports"),
    path=st.lists(st.sampled_from("ab"), max_size=3).map(lambda segments: "".join(f"/{each}" for each in segments)),
    method=st.sampled_from(["", "GET", "PUT"]),
)


@given(st.sets(SOME), st.integers())
def test_the_order_in_which_they_were_said_does_not_matter(routes: set[Route], seed: int) -> None:
    shuffled = sorted(routes, key=repr)
    Random(seed).shuffle(shuffled)
    assert ranked(shuffled) == ranked(routes)

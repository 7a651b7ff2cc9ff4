"""Which path leads to whom."""

from __future__ import annotations

import pytest

from services.gateway import index
from services.gateway.document import Operation
from services.gateway.table import KEPT, Closed, Table, Way
from tests.services.gateway.documents import CUSTOMER, STAFF, documented

INSIDE = {"x-inside": True}
STAFF_ONLY = ((frozenset({"staff"}),),)
PORTS = documented(
    "GET /ports",
    "POST /ports",
    "GET /ports/{id}",
    "DELETE /ports/{id}",
    "POST /ports/{id}/reservations",
    "GET /port",
    secure={"POST /ports": {"security": STAFF}, "POST /ports/{id}/reservations": INSIDE},
).operations


def named(*operations: str, **said: object) -> tuple[Operation, ...]:
    return documented(*operations, **said).operations


@pytest.fixture
def table() -> Table:
    return Table(("accounts", "ports", "old"), {"ports": PORTS, "old": None})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("GET ports", Way("ports")),
        ("HEAD ports", Way("ports")),
        ("POST ports", Way("ports", STAFF_ONLY)),
        ("GET ports/7", Way("ports")),
        ("GET port", Way("ports")),
        ("GET old", Way("old")),
        ("PATCH old/anything/below", Way("old")),
        ("PUT ports", Closed(("GET", "POST"))),
        ("PUT ports/7", Closed(("DELETE", "GET"))),
        ("OPTIONS ports", Closed(("GET", "POST"))),
        ("POST ports/7/reservations", Closed()),
        ("GET ports/7/reservations", Closed()),
        ("GET ports/7/other", Closed()),
        ("GET ports/", Closed()),
        ("GET PORTS", None),
        ("GET nobody", None),
        ("GET accounts", None),
        ("GET ", None),
    ],
)
def test_a_path_is_led_to_whom_its_document_says(table: Table, asked: str, found: object) -> None:
    method, path = asked.split(" ")

    assert table.find(method, path.split("/")) == found


def test_a_prefix_belongs_to_the_first_of_the_list_that_wants_it() -> None:
    known = {"laptops": named("GET /laptops", "GET /shared"), "ports": named("GET /ports", "GET /shared/{id}")}
    table = Table(("laptops", "ports"), known)

    assert table.find("GET", ("shared",)) == Way("laptops")
    assert table.find("GET", ("shared", "1")) == Closed()
    assert [str(refusal) for refusal in table.refused] == [
        "ports wants the prefix /shared, which belongs to laptops: its paths there are left out"
    ]
    assert (table.owns("laptops", "shared"), table.owns("ports", "shared")) == (True, False)


def test_the_name_of_a_listed_service_is_its_own_wherever_it_stands_in_the_list() -> None:
    known = {"laptops": named("GET /laptops", "POST /ports"), "ports": named("GET /ports")}

    for listed in (("laptops", "ports"), ("ports", "laptops")):
        table = Table(listed, known)
        assert table.find("POST", ("ports",)) == Closed(("GET",))
        assert [refusal[:3] for refusal in table.refused] == [("ports", "laptops", "ports")]
    away = Table(("laptops", "ports"), {"laptops": known["laptops"]})
    assert away.find("POST", ("ports",)) is None


@pytest.mark.parametrize("prefix", ["api", "health", "mesh", "metrics", "openapi.json", "problems", "static"])
def test_what_is_the_gateway_s_own_is_nobody_s_prefix(prefix: str) -> None:
    table = Table(("ports",), {"ports": named("GET /ports", f"GET /{prefix}", f"GET /{prefix}/x")})

    assert table.find("GET", (prefix,)) is None
    assert table.find("GET", (prefix, "x")) is None
    assert [str(refusal) for refusal in table.refused] == [
        f"ports wants the prefix /{prefix}, which is the gateway's own: its paths there are left out"
    ]


def test_what_an_earlier_one_may_still_claim_is_given_to_nobody_before_he_was_heard() -> None:
    listed, ports = ("accounts", "ports"), {"ports": named("GET /ports", "POST /token")}

    early = Table(listed, ports, awaited=["accounts"])
    assert early.find("POST", ("token",)) is None
    assert early.find("GET", ("ports",)) == Way("ports")
    late = Table(listed, {**ports, "accounts": named("POST /token")})
    assert late.find("POST", ("token",)) == Way("accounts")


def test_where_passwords_go_is_nobody_else_s_while_that_service_is_registered_nowhere() -> None:
    known = {"ports": named("GET /ports", *[f"POST /{prefix}" for prefix in KEPT])}

    away = Table(("accounts", "ports"), known)
    assert {away.find("POST", (prefix,)) for prefix in KEPT} == {None}
    assert [refusal[:3] for refusal in away.refused] == [(prefix, "ports", "accounts") for prefix in KEPT]
    assert Table(("ports",), known).find("POST", ("token",)) == Way("ports"), "of a system without accounts"
    assert Table(("accounts", "token"), {"token": None}).find("POST", ("token",)) == Way("token"), "its own name"


def test_all_that_the_page_logs_in_by_is_kept_for_the_accounts() -> None:
    prefixes = {path.split("/")[1] for path in index.LOGIN.values()}

    assert prefixes - {"accounts"} <= KEPT.keys()


def test_who_is_not_listed_leads_nowhere_whatever_he_says() -> None:
    table = Table(("ports",), {"ports": PORTS, "evil": named("GET /evil", "GET /login")})

    assert table.find("GET", ("evil",)) is None
    assert table.find("GET", ("login",)) is None


def test_of_two_paths_that_fit_the_more_exact_one_is_meant() -> None:
    said = {"GET /accounts/{id}": {"security": STAFF}, "GET /accounts/me": {"security": CUSTOMER}}
    inside = {"GET /accounts/{id}": INSIDE}

    for secure, other in ((said, Way("accounts", STAFF_ONLY)), (said | inside, Closed())):
        table = Table(("accounts",), {"accounts": named(*said, secure=secure)})
        assert table.find("GET", ("accounts", "me")) == Way("accounts", ((frozenset({"customer"}),),))
        assert table.find("GET", ("accounts", "7")) == other


def test_where_neither_is_more_exact_the_demands_of_both_are_made() -> None:
    operations = ("GET /a/{x}/c", "GET /a/b/{y}")
    both = named(*operations, secure={operations[0]: {"security": STAFF}, operations[1]: {"security": CUSTOMER}})
    assert Table(("a",), {"a": both}).find("GET", ("a", "b", "c")) == Way(
        "a", ((frozenset({"staff"}),), (frozenset({"customer"}),))
    )

    closed = named(*operations, secure={operations[0]: INSIDE})
    assert Table(("a",), {"a": closed}).find("GET", ("a", "b", "c")) == Closed()


def test_of_two_versions_the_stricter_one_counts() -> None:
    old, new = named("POST /a"), named("POST /a", "GET /a", secure={"POST /a": {"security": STAFF}})
    table = Table(("a",), {"a": [*old, *new]})

    assert table.find("POST", ("a",)) == Way("a", STAFF_ONLY)
    assert table.find("GET", ("a",)) == Way("a")


def test_what_only_one_version_takes_for_more_exact_opens_nothing_that_the_other_keeps_closed() -> None:
    general = {"GET /a/{id}": {"security": STAFF}}
    new = named("GET /a/{id}", "GET /a/me", secure=general)
    old = named("GET /a/{id}", secure=general)
    inside = named("GET /a/{id}", secure={"GET /a/{id}": INSIDE})

    assert Table(("a",), {"a": new}).find("GET", ("a", "me")) == Way("a")
    assert Table(("a",), {"a": [*old, *new]}).find("GET", ("a", "me")) == Way("a", STAFF_ONLY)
    assert Table(("a",), {"a": [*inside, *new]}).find("GET", ("a", "me")) == Closed()


def route(table: Table, path: str) -> str:
    way = table.find("GET", path.split("/"))
    assert isinstance(way, Way)
    return way.route


def test_a_way_knows_its_route_unless_it_may_be_one_of_several(table: Table) -> None:
    several = named("GET /a/{x}/c", "GET /a/b/{y}")
    rolling = Table(("a",), {"a": [*several, *named("GET /a/b/{y}")]})

    assert [route(table, path) for path in ("ports", "ports/7", "old/x")] == ["/ports", "/ports/{id}", "/old/*"]
    assert [route(rolling, path) for path in ("a/b/c", "a/b/d", "a/d/c")] == ["/a/*", "/a/b/{y}", "/a/{x}/c"]


def test_a_part_of_a_segment_may_vary() -> None:
    table = Table(("a",), {"a": named("GET /a/{id}.json", "GET /a/report-{id}")})

    assert table.find("GET", ("a", "7.json")) == Way("a")
    assert table.find("GET", ("a", "report-7")) == Way("a")
    assert table.find("GET", ("a", ".json")) == Closed()
    assert table.find("GET", ("a", "report-")) == Closed()


def test_what_anybody_may_look_at_is_listed_for_whoever_knows_only_a_name(table: Table) -> None:
    assert table.open_paths("ports") == ["/ports", "/port"]
    assert table.open_paths("old") == ["/old"]
    assert table.open_paths("accounts") == []

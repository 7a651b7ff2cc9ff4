"""The catalog's indexes: a result's index moves when that result may have changed, and only then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from discovery.devagent.catalog import Catalog, Counter
from discovery.devagent.records import Check, Node, Service, Status


def service(name: str, id: str = "", port: int = 0) -> Service:
    return Service(id=id or name, name=name, port=port)


def check(id: str, service_id: str = "", status: Status = Status.PASSING) -> Check:
    return Check(id=id, name=id, status=status, service_id=service_id)


@pytest.fixture
def catalog() -> Catalog:
    known = Catalog(Counter())
    known.put_node(Node(name="n", address="127.0.0.1"))
    known.put_node(Node(name="m", address="127.0.0.1"))
    known.put_service("n", service("ports"))
    known.put_service("n", service("laptops"))
    known.put_check("n", check("alive", "ports"))
    known.put_check("m", check("load"))
    return known


INDEXES: dict[str, Callable[[Catalog], int]] = {
    "ports": lambda catalog: catalog.service_index("ports"),
    "laptops": lambda catalog: catalog.service_index("laptops"),
    "services": lambda catalog: catalog.services_index,
    "checks": lambda catalog: catalog.checks_index,
}


@pytest.mark.parametrize(
    ("write", "moved"),
    [
        (lambda c: c.put_service("n", service("ports", port=1)), {"ports", "services"}),
        (lambda c: c.put_service("n", service("ports", "second")), {"ports", "services"}),
        (lambda c: c.put_service("n", service("new")), {"services"}),
        (lambda c: c.put_check("n", check("alive", "ports", Status.WARNING)), {"ports", "checks"}),
        (lambda c: c.put_check("n", check("alive", "laptops")), {"ports", "laptops", "checks"}),
        (lambda c: c.put_check("n", check("disk")), {"ports", "laptops", "checks"}),
        (lambda c: c.put_check("m", check("disk")), {"checks"}),
        (lambda c: c.drop_check("n", "alive"), {"ports", "checks"}),
        (lambda c: c.drop_check("m", "load"), {"services", "checks"}),
        (lambda c: c.drop_service("n", "ports"), {"ports", "services", "checks"}),
        (lambda c: c.drop_node("m"), {"services", "checks"}),
        (lambda c: c.drop_node("n"), {"ports", "laptops", "services", "checks"}),
        (lambda c: c.put_service("n", service("ports")), set()),
        (lambda c: c.put_check("n", check("alive", "ports")), set()),
        (lambda c: c.put_node(Node(name="n", address="127.0.0.1")), set()),
        (lambda c: c.put_node(Node(name="n", address="127.0.0.2")), {"ports", "laptops"}),
        (lambda c: c.drop_service("n", "none"), set()),
        (lambda c: c.drop_service("none", "ports"), set()),
        (lambda c: c.drop_check("n", "none"), set()),
        (lambda c: c.drop_node("none"), set()),
    ],
)
def test_a_write_moves_what_it_may_have_changed(
    catalog: Catalog, write: Callable[[Catalog], None], moved: set[str]
) -> None:
    before = {name: index(catalog) for name, index in INDEXES.items()}
    write(catalog)
    after = {name: index(catalog) for name, index in INDEXES.items()}
    assert {name for name in INDEXES if after[name] != before[name]} == moved
    assert all(after[name] >= before[name] for name in INDEXES)


def test_an_unknown_service_has_the_index_of_the_last_that_vanished(catalog: Catalog) -> None:
    assert catalog.service_index("none") == max(catalog.nodes_index, catalog.services_index)
    assert catalog.service_index("none", with_checks=True) == catalog.checks_index
    catalog.drop_service("n", "ports")
    vanished = catalog.services_index
    assert (catalog.service_index("none"), catalog.service_index("ports")) == (vanished, vanished)
    catalog.put_service("n", service("new"))
    assert catalog.service_index("none") == vanished


def test_one_of_several_instances_that_goes_is_no_extinction(catalog: Catalog) -> None:
    catalog.put_service("m", service("ports"))
    before = catalog.service_index("none")
    catalog.drop_service("m", "ports")
    assert [node.value.name for node, _ in catalog.instances("ports")] == ["n"]
    assert catalog.service_index("ports") == catalog.services_index > before


def test_a_name_that_comes_and_goes_leaves_nothing(catalog: Catalog) -> None:
    for number in range(100):
        catalog.put_service("n", service(f"short-{number}"))
        catalog.drop_service("n", f"short-{number}")
        catalog.drop_check(f"unknown-{number}", "x")
        catalog.drop_service(f"unknown-{number}", "x")
    assert catalog.names() == ["laptops", "ports"]
    held = (catalog._index_of, catalog._members, catalog._services, catalog._checks)
    assert [len(one) for one in held] == [2, 2, 1, 2]


def test_the_checks_of_an_instance_are_those_of_its_node_and_then_its_own(catalog: Catalog) -> None:
    catalog.put_check("n", check("zz-disk"))
    (endpoint,) = catalog.endpoints("ports")
    assert [one.value.id for one in endpoint.checks] == ["zz-disk", "alive"]
    assert endpoint.checks[1].value.service_name == "ports"

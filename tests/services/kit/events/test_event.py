"""What an event is on its way, and what is none."""

from __future__ import annotations

import json

import pytest

from services.kit.events.event import BOUND, Event, Facts, Kind, Unreadable, read, write
from tests.services.kit.events.happenings import MADE, NOW_S, ThingMade, made


def test_what_was_written_is_read_as_it_was() -> None:
    event = Event(
        id="1",
        kind=MADE.name,
        source="things",
        subject="things/7",
        time_s=NOW_S,
        data=ThingMade(number=7),
        traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
    )
    assert MADE.read(read(write(event))) == event


def test_it_is_cloudevents_1_0() -> None:
    event = Event(id="1", kind=MADE.name, source="things", subject="", time_s=NOW_S, data=ThingMade(number=7))
    assert json.loads(write(event)) == {
        "specversion": "1.0",
        "id": "1",
        "source": "things",
        "type": "things.thing.made",
        "subject": "",
        "time": "2023-11-14T22:13:20+00:00",
        "datacontenttype": "application/json",
        "data": {"number": 7},
    }


def test_what_others_have_added_is_passed_over_in_the_envelope_and_in_the_data() -> None:
    event = read(made(tenant="x", data={"number": 7, "colour": "red"}, subject=..., time=...))
    assert MADE.read(event).data == ThingMade(number=7)
    assert (event.subject, event.time_s) == ("", 0.0)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "valid dictionary"),
        (b"[" * 5000, "nested too deeply"),
        (b'{"id": "a", "id": "b"}', "twice"),
        (made(specversion="0.3"), "specversion: Input should be '1.0'"),
        (made(specversion=...), "specversion: Field required"),
        (made(id=7), "id: Input should be a valid string"),
        (made(id=""), "id: String should match"),
        (made(id="a\x00b"), "id: String should match"),
        (made(id="a" * 201), "id: String should match"),
        (made(type=...), "type: Field required"),
        (made(source=...), "source: Field required"),
        (made(time="yesterday"), "time: "),
        (made(time="2023-11-14T22:13:20"), "time: Input should have timezone info"),
        (made(datacontenttype="text/xml"), "datacontenttype: Input should be 'application/json'"),
        (made(traceparent="<script>"), "traceparent: String should match"),
        (made(data="x" * BOUND), f"may have {BOUND}"),
    ],
)
def test_what_is_none_is_said_why(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(raw)


@pytest.mark.parametrize("data", [..., None, {}, {"number": "7"}, {"number": None}, [7]])
def test_facts_that_are_not_those_of_the_kind_are_said_without_quoting_them(data: object) -> None:
    with pytest.raises(Unreadable, match=r"^data\."):
        MADE.read(read(made(data=data)))


def test_one_that_is_too_large_is_never_made() -> None:
    class Long(Facts):
        text: str

    kind = Kind("things.thing.told", Long)
    event = Event(id="1", kind=kind.name, source="things", subject="", time_s=0.0, data=Long(text="x" * BOUND))
    with pytest.raises(ValueError, match=r"at most 65536 bytes, and things\.thing\.told has 65\d\d\d"):
        write(event)

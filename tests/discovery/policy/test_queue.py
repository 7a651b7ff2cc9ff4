"""Who waits, who is next, and who is taken out."""

from __future__ import annotations

from discovery.policy.queue import Queue, Waiting


def a_queue(*tickets: str) -> Queue[str]:
    """Those in capitals are important; ``a5`` has a deadline at 5."""
    queue: Queue[str] = Queue()
    for ticket in tickets:
        queue.push(one(ticket))
    return queue


def one(ticket: str) -> Waiting[str]:
    important = ticket[0].isupper()
    return Waiting(ticket, since=1.0, deadline_at=float(ticket[1:] or "inf"), important=important)


def drained(queue: Queue[str], room: int) -> str:
    return " ".join(queue.pop(room).ticket for _ in range(len(queue)))


def test_a_short_queue_is_served_in_turn() -> None:
    assert drained(a_queue("a", "b", "c"), room=8) == "a b c"


def test_a_long_queue_is_served_from_its_new_end_until_it_is_short() -> None:
    assert drained(a_queue("a", "b", "c", "d", "e", "f"), room=6) == "f e d a b c"


def test_important_ones_go_first_by_the_same_rules() -> None:
    assert drained(a_queue("a", "B", "c", "D"), room=8) == "B D a c"
    assert drained(a_queue("a", "B", "c", "D"), room=6) == "D B a c"


def test_how_many_would_be_served_before_one_that_comes_now() -> None:
    queue = a_queue("a", "B", "c")
    assert queue.ahead_of(important=False, room=8) == 3
    assert queue.ahead_of(important=True, room=8) == 1
    assert queue.ahead_of(important=False, room=4) == 0


def test_those_without_hope_are_taken_out() -> None:
    queue = a_queue("a5", "b2", "C1", "d9")
    assert sorted(late.ticket for late in queue.hopeless(5)) == ["C1", "b2"]
    assert drained(queue, room=8) == "a5 d9"


def out(queue: Queue[str], ticket: str, before: float) -> str | None:
    displaced = queue.displaced_by(one(ticket), before)
    return displaced.ticket if displaced else None


def test_whoever_has_waited_for_long_makes_room_but_not_for_less() -> None:
    queue = a_queue("A", "b", "c")
    assert [out(queue, "d", before=1.0), out(queue, "d", before=1.1)] == [None, "b"]
    assert [out(queue, "d", before=1.1), out(queue, "d", before=1.1)] == ["c", None]
    assert [out(queue, "D", before=1.0), out(queue, "D", before=1.1)] == [None, "A"]


def test_anybody_makes_room_for_more_important_ones() -> None:
    queue = a_queue("A", "b")
    assert [out(queue, "D", before=0.0), out(queue, "D", before=0.0)] == ["b", None]


def test_one_that_goes_away_is_found_among_its_own() -> None:
    queue, first, second = a_queue("a"), one("b"), one("B")
    queue.push(first)
    queue.push(second)
    queue.remove(first)
    queue.remove(second)
    assert drained(queue, room=8) == "a"

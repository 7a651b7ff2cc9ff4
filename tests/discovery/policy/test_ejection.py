from __future__ import annotations

from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.ejection import candidates, judge, waiting
from discovery.policy.standing import CALM_S, FIRST_S, LONGEST_S
from tests.discovery.policy.instances import EVEN, One, fail_until_out, service, standings


def test_three_failures_in_a_row_put_out_one_whose_peers_are_well() -> None:
    _, ones = service(3)
    broken = ones[0].standing

    assert [broken.failed() for _ in range(3)] == [False, False, True]
    assert judge(broken, standings(ones), 0.0, EVEN) == FIRST_S
    assert candidates(ones, 0.5).within == ones[1:]


def test_the_penalty_doubles_with_each_failed_probe_up_to_the_longest() -> None:
    _, ones = service(2)
    broken = ones[0].standing
    now, seconds = 0.0, [fail_until_out(ones[0], ones)]
    for _ in range(7):
        now += seconds[-1]
        broken.probe(now)
        assert broken.failed(probe=True)
        longer = judge(broken, standings(ones), now, EVEN)
        assert longer is not None
        seconds.append(longer)

    assert seconds == [1, 2, 4, 8, 16, LONGEST_S, LONGEST_S, LONGEST_S]


def test_a_doubling_is_forgotten_for_each_calm_period() -> None:
    _, ones = service(2)
    flapping = ones[0].standing
    now = 0.0
    for expected in (1, 2, 4, 8):
        assert fail_until_out(ones[0], ones, now) == expected
        now += expected
        flapping.probe(now)
        assert flapping.succeeded(now, probe=True)

    # Once a period was calm, and later three.
    assert fail_until_out(ones[0], ones, now + CALM_S) == 8
    flapping.probe(now + CALM_S + 8)
    flapping.succeeded(now + CALM_S + 8, probe=True)
    assert fail_until_out(ones[0], ones, now + 4 * CALM_S + 8) == 2


def test_a_probe_is_due_when_the_penalty_is_over_and_only_one_goes() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    out = ones[0].standing

    assert candidates(ones, 0.99) == (ones[1:], [], 1.0)
    within, due, look_again_at = candidates(ones, 1.0)
    assert (within, due, look_again_at) == (ones[1:], [ones[0]], inf)
    assert out.is_due(1.0)
    out.probe(1.0)
    assert not out.is_due(1.0)
    assert candidates(ones, 1.0).due == []


def test_who_has_waited_longest_for_a_probe_is_the_first() -> None:
    _, ones = service(4)
    fail_until_out(ones[1], ones, 0.0)
    fail_until_out(ones[0], ones, 0.5)
    fail_until_out(ones[2], ones, 1.5)

    assert waiting(ones[:3], 2.0) == ([ones[1], ones[0]], 2.5)
    assert waiting(ones[3:], 2.0) == ([], inf)


def test_a_probe_that_succeeds_lets_in_and_the_next_failure_puts_out_again() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    back = ones[0].standing
    back.probe(1.0)

    assert back.succeeded(1.01, probe=True)
    assert candidates(ones, 1.01) == (ones, (), inf)
    assert back.well
    assert back.failed()


def test_what_was_sent_before_the_ejection_decides_nothing() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    out = ones[0].standing

    assert not out.succeeded(0.5)
    assert not out.failed()
    assert out.out_until == 1.0


def test_a_probe_that_told_nothing_leaves_the_place_to_another_after_a_while() -> None:
    peers, ones = service(3)
    fail_until_out(ones[0], ones)
    out = ones[0].standing
    out.probe(1.0)
    out.undecided(1.2)

    assert not out.is_due(2.3), "as rare as those that failed: it may never tell anything"
    peers.calls += 20
    assert not out.is_due(2.1)
    assert out.is_due(2.2)
    ones[1].standing.undecided(1.2)
    assert ones[1].standing.well


def test_a_probe_of_which_nothing_is_heard_is_repeated_in_the_end() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    ones[0].standing.probe(1.0)

    assert ones[0].standing.is_due(1.0 + LONGEST_S)


def test_where_no_call_is_repeatable_one_that_is_not_probes_in_the_end() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)

    assert not ones[0].standing.is_due(LONGEST_S, repeatable=False)
    assert ones[0].standing.is_due(1.0 + LONGEST_S, repeatable=False)


def test_of_many_who_are_out_one_in_twenty_calls_probes_at_most() -> None:
    peers, ones = service(10)
    for one in ones[:5]:
        fail_until_out(one, ones)
    probes = 0
    for call in range(400):
        due = [one.standing for one in candidates(ones, 2.0 + call).due if one.standing.is_due(2.0 + call)]
        if due:
            probes += 1
            due[0].probe(2.0 + call)
            due[0].failed(probe=True)
            due[0].put_out(1.0 + call, EVEN)
        else:
            ones[-1].standing.succeeded(2.0 + call)

    assert 0 < probes <= 400 / 20
    assert peers.calls > 400


def test_any_number_may_be_out_while_one_is_well() -> None:
    _, ones = service(100)
    for one in ones[:-1]:
        fail_until_out(one, ones)

    assert candidates(ones, 0.5).within == ones[-1:]


def test_when_nobody_is_well_all_are_back_and_nobody_is_put_out_until_one_succeeds() -> None:
    _, ones = service(3)
    for one in ones[:2]:
        fail_until_out(one, ones)
    last = ones[2].standing
    assert [last.failed() for _ in range(3)] == [False, False, True]

    assert judge(last, standings(ones), 0.0, EVEN) is None
    assert candidates(ones, 0.0).within == ones
    assert not any(one.standing.failed() for one in ones for _ in range(50))

    # The first success shows that it is not the service any more.
    last.succeeded(1.0)
    assert ones[0].standing.failed()
    assert judge(ones[0].standing, standings(ones), 1.0, EVEN) is not None


def test_the_only_instance_is_never_out() -> None:
    _, ones = service(1)

    assert [ones[0].standing.failed() for _ in range(3)] == [False, False, True]
    assert judge(ones[0].standing, standings(ones), 0.0, EVEN) is None
    assert candidates(ones, 0.0).within == ones


def test_a_new_instance_is_somebody_to_go_to() -> None:
    peers, ones = service(1)
    while not ones[0].standing.failed():
        pass
    judge(ones[0].standing, standings(ones), 0.0, EVEN)
    ones.append(One(peers))

    assert ones[0].standing.failed()
    assert judge(ones[0].standing, standings(ones), 0.0, EVEN) is not None


def test_one_who_may_be_chosen_again_is_somebody_to_go_to() -> None:
    _, ones = service(3)
    broken, critical = ones[:2], ones[2]
    candidates(broken, 0.0)
    for one in broken:
        while not one.standing.failed():
            pass
    assert judge(broken[0].standing, standings(broken), 0.0, EVEN) is None
    assert not broken[0].standing.failed()

    candidates([*broken, critical], 1.0)
    assert broken[0].standing.failed()
    assert judge(broken[0].standing, standings(ones), 1.0, EVEN) is not None


def test_when_those_who_were_in_leave_the_others_are_let_in() -> None:
    _, ones = service(3)
    for one in ones[:2]:
        fail_until_out(one, ones)

    assert candidates(ones[:2], 0.1).within == ones[:2]
    assert candidates(ones[:2], 0.1).look_again_at == inf


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0, 5)), max_size=200), st.integers(0, 2**32))
def test_whatever_happens_there_is_somebody_to_choose(steps: list[tuple[int, bool, float]], seed: int) -> None:
    rng, now = Random(seed), 0.0
    _, ones = service(4)
    for number, well, pause in steps:
        now += pause
        field = candidates(ones, now)
        due = [one for one in field.due if one.standing.is_due(now)]
        chosen, probe = (due[0], True) if due else (field.within[number % len(field.within)], False)
        if probe:
            chosen.standing.probe(now)
        if well:
            assert chosen.standing.succeeded(now, probe=probe) == probe
        elif chosen.standing.failed(probe=probe):
            judge(chosen.standing, standings(ones), now, rng)
        field = candidates(ones, now)
        assert field.within
        assert {id(one) for one in field.within} | {id(one) for one in field.due} <= {id(one) for one in ones}
        assert all(one.standing.out_until is None for one in field.within)
        assert all((one.standing.out_until or 0.0) <= now + LONGEST_S * 1.25 for one in ones)

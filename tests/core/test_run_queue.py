"""The queue of runs against a model that looks at everything, and the names of limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticktrail.core.run_limits import UnknownLimit, check_limit, groups_of, priority_of
from ticktrail.core.run_queue import QueuedRun, RunQueue

limits = st.dictionaries(
    st.sampled_from(["runs", "job:a", "job:b", "tag:team", "tag:team=x", "tag:team=*"]), st.integers(0, 3)
)
tags = st.fixed_dictionaries(
    {},
    optional={"team": st.sampled_from("xyz"), "dagster/priority": st.sampled_from(["-1", "0", "7", "soon"])},
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("ab"), tags),
        st.tuples(st.just("next"), st.none(), st.none()),
        st.tuples(st.just("end"), st.integers(0, 5), st.none()),
        st.tuples(st.just("discard"), st.integers(0, 5), st.none()),
        st.tuples(
            st.just("limit"), st.sampled_from(["runs", "job:a", "tag:team=*"]), st.none() | st.integers(0, 2)
        ),
    ),
    max_size=60,
)


def fits(run: QueuedRun, busy: list[QueuedRun], limits: dict[str, int]) -> bool:
    """Whether one more run may go on, by counting anew."""
    going_on = [*busy, run]
    return all(
        sum(group in set(groups_of(other.job, other.tags, limits)) for other in going_on) <= limits[group[0]]
        for group in groups_of(run.job, run.tags, limits)
    )


@settings(max_examples=300, deadline=None)
@given(limits=limits, actions=actions)
def test_the_first_run_that_all_limits_have_room_for_is_next(
    limits: dict[str, int], actions: list[tuple[Any, ...]]
) -> None:
    """Seen to fail with ascending priorities, and when a limit did not count the runs of its group that go on."""
    queue, limits = RunQueue(limits), dict(limits)
    waiting: list[QueuedRun] = []
    busy: list[QueuedRun] = []
    for number, (what, first, second) in enumerate(actions):
        match what:
            case "add":
                run = QueuedRun(number, f"r{number}", first, second)
                queue.add(run)
                waiting.append(run)
            case "next":
                order = sorted(waiting, key=lambda run: (-priority_of(run.tags), run.cause))
                expected = next((run for run in order if fits(run, busy, limits)), None)
                assert queue.next(busy) == expected
                if expected is not None:
                    waiting.remove(expected)
                    busy.append(expected)
            case "end":
                del busy[first : first + 1]
            case "discard":
                for run in waiting[first : first + 1]:
                    assert queue.discard(run.run) == run
                    waiting.remove(run)
            case "limit":
                queue.set_limit(first, second)
                limits.pop(first, None)
                limits |= {} if second is None else {first: second}
        assert len(queue) == len(waiting)
    assert queue.drain() == sorted(waiting, key=lambda run: (-priority_of(run.tags), run.cause))


def test_a_run_that_is_discarded_and_comes_again_waits_once() -> None:
    queue, run = RunQueue(), QueuedRun(5, "r", "a", {})
    queue.add(run)
    queue.discard("r")
    queue.add(run)

    assert [queue.next([]), queue.next([])] == [run, None]


def test_it_says_which_limit_holds_a_run_back() -> None:
    queue = RunQueue({"job:a": 1, "tag:team=*": 2})
    one, other = QueuedRun(1, "r1", "a", {"team": "x"}), QueuedRun(2, "r2", "b", {"team": "x"})

    assert queue.held_by(QueuedRun(3, "r3", "a", {}), [one]) == "job:a"
    assert queue.held_by(QueuedRun(3, "r3", "b", {"team": "x"}), [one, other]) == "tag:team=*"
    assert queue.held_by(QueuedRun(3, "r3", "b", {"team": "y"}), [one, other]) is None


@pytest.mark.parametrize("name", ["runs", "job:j", "tag:k", "tag:k=v", "tag:k=*", "tag:a/b=c=d"])
def test_a_limit_has_a_name_of_one_of_these_forms(name: str) -> None:
    assert check_limit(name) == name


@pytest.mark.parametrize("name", ["", "run", "job:", "tag:", "tag:=v", "jobs:j", "runs:3"])
def test_any_other_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UnknownLimit, match=r"give runs \(all of them\), job:NAME, tag:KEY"):
        check_limit(name)

"""A plan of a reset is made exactly so, whatever came before: or it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ticktrail as dg
from conformance.sensors import nothing, sensor_of
from harness.busy_log import BusyLog
from harness.engine import START, EngineHarness
from ticktrail.adapters.cli.basis import Basis
from ticktrail.adapters.cli.plan_check import PlanRefused
from ticktrail.adapters.cli.planning import Applied, Planner
from ticktrail.adapters.definitions_file import LoadedDefinitions
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.adapters.run_key_index.overlaid import OverlaidRunKeyIndex
from ticktrail.core.events import (
    CursorReset,
    RunFailed,
    RunKeysReleased,
    RunRequested,
    SensorStarted,
    SensorStopped,
    TickStarted,
)
from ticktrail.core.log import EventLog
from ticktrail.core.reset_plan import PlannedRun, ResetPlan
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.invariants import check
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

KEYS = ("k1", "k2", "k3")
CURSORS = st.sampled_from([None, "", "0", "1", "2", "3"])
PARTITIONS = dg.DynamicPartitionsDefinition(name="p")


class Size(dg.Config):
    rows: int = 1


@dg.op
def sized(config: Size) -> None:
    pass


@dg.job(tags={"team": "x"})
def load() -> None:
    sized()


@dg.job
def other() -> None:
    nothing()


@dg.job(partitions_def=PARTITIONS)
def painted() -> None:
    nothing()


def request(key: str | None, job: str, rows: int, tag: str) -> dg.RunRequest:
    config = (
        {"ops": {"sized": {"config": {"rows": "no number" if rows == 3 else rows}}}} if job == "load" else {}
    )
    return dg.RunRequest(run_key=key, job_name=job, run_config=config, tags={"t": tag} if tag else {})


#: What the sensor asks for; load with three rows cannot be.
REQUESTS = st.lists(
    st.builds(
        request,
        st.sampled_from([*KEYS, None]),
        st.sampled_from(["load", "other"]),
        st.integers(0, 3),
        st.sampled_from(["", "é", "{}"]),
    ),
    max_size=5,
)
#: What the sensor answers at a cursor: requests, the next cursor, keys of partitions to add, and to delete.
ANSWERS = st.dictionaries(
    CURSORS,
    st.tuples(
        REQUESTS,
        CURSORS,
        st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
        st.lists(st.sampled_from("abc"), max_size=1),
    ),
)
LIMITS = st.sampled_from(
    [
        dg.SensorLimits(),
        dg.SensorLimits(max_run_requests_per_tick=1),
        dg.SensorLimits(max_run_requests_per_hour=3, quarantine_after=2),
    ]
)

POLICIES = st.sampled_from(
    [
        dg.RunKeyPolicy(),
        dg.RunKeyPolicy(retries=1),
        dg.RunKeyPolicy(retries=2, once_per=timedelta(hours=1)),
    ]
)

#: What happens before a plan is made, or between that and its being applied.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("beat"), st.sampled_from([0.0, 31.0, 3700.0])),
        st.tuples(st.just("start"), st.just(31.0)),
        st.tuples(st.just("reset"), CURSORS),
        st.tuples(st.just("release"), st.lists(st.sampled_from(KEYS), min_size=1)),
        st.tuples(st.just("switch"), st.sampled_from([SensorStarted, SensorStopped])),
        st.tuples(st.just("partition"), st.sampled_from("xyz")),
        st.tuples(st.just("fail a run"), st.integers(0, 20)),
        st.tuples(st.just("run of an operator"), st.just(0)),
    ),
    max_size=6,
)

JOBS = [load, other, painted]
Answers = dict[str | None, tuple[list[dg.RunRequest], str | None, list[str], list[str]]]


def asking(answers: Answers) -> Callable[[dg.SensorEvaluationContext], dg.SensorResult]:
    """Return a sensor's function that answers so."""

    def ask(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        requests, cursor, add, delete = answers.get(context.cursor, ([], context.cursor, [], []))
        context.log.info("asked")
        changes: list[Any] = [PARTITIONS.build_add_request(add), PARTITIONS.build_delete_request(delete)]
        return dg.SensorResult(requests, cursor=cursor, dynamic_partitions_requests=changes)

    return ask


class Life:
    """An engine with the sensor ``s``, what happens to it, and plans for it."""

    def __init__(
        self,
        function: Callable[[dg.SensorEvaluationContext], Any],
        limits: dg.SensorLimits | None = None,
        policy: dg.RunKeyPolicy | None = None,
        log: EventLog | None = None,
    ) -> None:
        sensor = sensor_of(function, job=None, jobs=JOBS, limits=limits, run_key_policy=policy)
        self.engine = EngineHarness(sensor, log=log, jobs=JOBS)
        self._tickets: list[Any] = []
        self.loaded = LoadedDefinitions(
            definitions=self.engine.definitions, origin="here", fingerprints={"s": "code-1"}, sources={}
        )
        basis = Basis(self.engine.log, MemoryRunKeyIndex())
        self.planner = Planner(basis, self.loaded, "s", clock=self.engine.clock)

    def live(self, steps: Sequence[tuple[str, Any]]) -> None:
        for kind, value in steps:
            self._acts[kind](self, value)

    def rest(self) -> None:
        """End the tick in flight, if there is one."""
        self.engine.engine.catch_up()
        self.engine.finish(*self._tickets)
        self._tickets.clear()

    def _beat(self, seconds: float) -> None:
        self._start(seconds)
        self.rest()

    def _start(self, seconds: float) -> None:
        self.engine.clock.advance(seconds)
        self._tickets += self.engine.start().tickets

    def _reset(self, cursor: str | None) -> None:
        before = self.states().get("s").cursor
        self.engine.operate(CursorReset(at=self.now, sensor="s", actor="ann", before=before, after=cursor))

    def _release(self, keys: list[str]) -> None:
        self.engine.operate(RunKeysReleased(at=self.now, sensor="s", actor="ann", run_keys=keys))

    def _switch(self, kind: Any) -> None:
        self.engine.operate(kind(at=self.now, sensor="s", actor="ann"))

    def _partition(self, key: str) -> None:
        self.engine.instance.add_dynamic_partitions("p", [key])

    def _fail(self, place: int) -> None:
        runs = [run for run in self.engine.outbox.pending() if run.request.sensor]
        self.engine.engine.catch_up()
        if runs:
            run = runs[place % len(runs)]
            self.engine.operate(RunFailed(at=self.now, run=run.request.run, cause=run.offset, error="e"))
            self.engine.engine.catch_up()

    def _operators_run(self, _: int) -> None:
        run = f"own-{self.engine.log.head()}"
        self.engine.operate(RunRequested(at=self.now, run=run, job="other", actor="ann"))

    _acts: dict[str, Callable[[Life, Any], None]] = {  # noqa: RUF012 - never changed
        "beat": _beat,
        "start": _start,
        "reset": _reset,
        "release": _release,
        "switch": _switch,
        "partition": _partition,
        "fail a run": _fail,
        "run of an operator": _operators_run,
    }

    @property
    def now(self) -> int:
        return self.engine.clock.now()

    def states(self) -> SensorStates:
        states = SensorStates()
        for frame in self.engine.log.read():
            states.apply(frame.first_offset, frame.events)
        return states

    def made(self, applied: Applied) -> list[PlannedRun]:
        """Return what the plan's tick has requested."""
        return [
            PlannedRun(
                run=event.run,
                job=event.job,
                run_key=event.run_key,
                run_config=event.run_config,
                tags=event.given_tags,
                partition_key=event.partition_key,
                asset_selection=event.asset_selection,
            )
            for event in self.engine.requests()
            if event.tick == applied.tick
        ]

    def check(self) -> None:
        """The log breaks no invariant, and the engine knows what it says."""
        assert list(check(self.engine.log.read())) == []
        self.engine.engine.catch_up()
        states, index, partitions = self.states(), MemoryRunKeyIndex(), DynamicPartitions()
        keys = RunKeys(index)
        for frame in self.engine.log.read():
            keys.apply(frame.first_offset, frame.events)
            partitions.apply(frame.first_offset, frame.events)
        assert self.engine.states.digest() == states.digest()
        assert self.engine.index.digest() == index.digest()
        assert self.engine.partitions.digest() == partitions.digest()


def planned(life: Life, cursor: str | None, release: Sequence[str]) -> ResetPlan | None:
    """Return a plan, or None where there cannot be one."""
    try:
        return life.planner.plan(cursor, release=release, actor="ann")
    except PlanRefused as error:
        assert "is quarantined" in str(error) or "new runs in one tick" in str(error)
        return None


@given(
    answers=ANSWERS,
    limits=LIMITS,
    policy=POLICIES,
    history=STEPS,
    cursor=CURSORS,
    release=st.lists(st.sampled_from(KEYS)),
    wait=st.sampled_from([0.0, 1.0]),
)
@settings(max_examples=300, deadline=None)
def test_what_is_planned_is_what_is_made(
    answers: Answers,
    limits: dg.SensorLimits,
    policy: dg.RunKeyPolicy,
    history: list[tuple[str, Any]],
    cursor: str | None,
    release: list[str],
    wait: float,
) -> None:
    """Seen to fail when `planned_events` gave `decide` the owners as they were before the release, when `apply`
    took other run ids than those listed, and when `Engine._others_steps` had no ends of ticks."""
    life = Life(asking(answers), limits, policy)
    life.live(history)
    life.rest()
    plan = planned(life, cursor, release)
    if plan is None:
        return
    life.engine.clock.advance(wait)

    applied = life.planner.apply(plan, actor="ann")

    assert life.made(applied) == plan.listing.launch
    assert life.states().get("s").cursor == plan.listing.cursor
    assert [event.plan for event in life.engine.of(CursorReset)][-1] == plan.digest
    life.check()
    head = life.engine.log.head()
    with pytest.raises(PlanRefused, match="was applied already"):
        life.planner.apply(plan, actor="ann")
    assert life.engine.log.head() == head
    life.engine.beat(0.0)
    life.engine.beat(31.0)
    life.check()


@given(
    answers=ANSWERS,
    limits=LIMITS,
    policy=POLICIES,
    history=STEPS,
    cursor=CURSORS,
    release=st.lists(st.sampled_from(KEYS)),
    meanwhile=STEPS,
)
@settings(max_examples=300, deadline=None)
def test_what_comes_in_between_is_seen_or_changes_nothing(
    answers: Answers,
    limits: dg.SensorLimits,
    policy: dg.RunKeyPolicy,
    history: list[tuple[str, Any]],
    cursor: str | None,
    release: list[str],
    meanwhile: list[tuple[str, Any]],
) -> None:
    """Seen to fail when `check_holds` passed over events of the sensor."""
    life = Life(asking(answers), limits, policy)
    life.live(history)
    life.rest()
    plan = planned(life, cursor, release)
    if plan is None:
        return
    before = life.engine.log.head()
    life.live(meanwhile)
    head = life.engine.log.head()
    own = [event for event in life.engine.events()[before:] if getattr(event, "sensor", None) == "s"]

    try:
        applied = life.planner.apply(plan, actor="ann")
    except PlanRefused:
        assert life.engine.log.head() == head
        others = limits.max_run_requests_per_hour or policy.retries
        assert own or others or "partition" in {kind for kind, _ in meanwhile}
    else:
        assert own == []
        assert life.made(applied) == plan.listing.launch
        assert life.states().get("s").cursor == plan.listing.cursor
    life.rest()
    life.check()


def moving(context: dg.SensorEvaluationContext) -> dg.RunRequest:
    context.update_cursor(f"{context.cursor or ''}+")
    return dg.RunRequest(run_key=context.cursor, job_name="load")


def life_of_moving(log: EventLog | None = None) -> Life:
    return Life(moving, log=log)


def test_a_running_engine_owes_the_runs_and_counts_the_interval_from_the_plans_tick() -> None:
    """Seen to fail when `Engine._others_steps` had no ends of ticks: the sensor ticked after 10 s."""
    life = life_of_moving()
    life.engine.beat()
    life.engine.clock.advance(20.0)
    applied = life.planner.apply(life.planner.plan("++", actor="ann"), actor="ann")

    step = life.engine.start()

    assert [run.request.run_key for run in life.engine.outbox.pending()] == ["+", "+++"]
    assert applied.offset in {first for first, _ in step.news}
    assert life.engine.beat(10.0) == []
    [ticket] = life.engine.beat(20.0)
    assert ticket.state.cursor == "+++"
    assert [event.cursor for event in life.engine.of(TickStarted)] == [None, "++", "+++"]
    life.check()


def test_a_sensor_that_a_plan_puts_off_ticks_at_once() -> None:
    """Seen to fail when `Engine._others_steps` had no `RequestsPutOff`."""
    requests = [dg.RunRequest(run_key=key, job_name="other") for key in KEYS]
    life = Life(asking({"1": (requests, "2", [], [])}), dg.SensorLimits(max_run_requests_per_tick=2))
    life.engine.beat()

    plan = life.planner.plan("1", actor="ann")
    life.planner.apply(plan, actor="ann")

    assert (plan.listing.put_off, plan.listing.cursor, len(plan.listing.launch)) == (1, "1", 2)
    assert len(life.engine.beat(0.0)) == 1
    assert [event.run_key for event in life.engine.requests()] == ["k1", "k2", "k3"]
    assert life.states().get("s").cursor == "2"
    life.check()


def test_a_tick_in_flight_refuses_the_plan() -> None:
    """Seen to fail when neither `check_holds` nor `Planner._ready` looked at it."""
    life = life_of_moving()
    plan = life.planner.plan("++", actor="ann")
    life.live([("start", 31.0)])

    with pytest.raises(PlanRefused, match="a TickStarted came"):
        life.planner.apply(plan, actor="ann")
    with pytest.raises(PlanRefused, match="is in flight"):
        life.planner.plan("++", actor="ann")
    life.rest()
    life.check()


def test_what_comes_at_the_last_moment_refuses_the_plan_or_is_let_pass() -> None:
    """Seen to fail when `Planner.apply` appended with ``expected=None``."""
    log = BusyLog(MemoryEventLog())
    life = life_of_moving(log)
    plan = life.planner.plan("++", actor="ann")
    log.others = [SensorStopped(at=START, sensor="s", actor="ann")]

    with pytest.raises(PlanRefused, match="a SensorStopped came"):
        life.planner.apply(plan, actor="ann")

    plan = life.planner.plan("++", actor="ann")
    log.others = [SensorStopped(at=START, sensor="another", actor="ann")]
    applied = life.planner.apply(plan, actor="ann")
    assert life.made(applied) == plan.listing.launch
    life.check()


def test_a_sensor_that_ticks_while_it_is_planned_for_is_refused() -> None:
    """Seen to fail when `Planner.plan` did not look at the log again, and when it knew no runs beyond its own head:
    the index, which the engine writes, has owners there."""
    ticking: list[Life] = []

    def ask(context: dg.SensorEvaluationContext) -> dg.RunRequest:
        if ticking:
            ticking.pop().live([("run of an operator", 0)] * 5 + [("beat", 31.0)])
        return dg.RunRequest(run_key="k1", job_name="other")

    life = Life(ask)
    basis = Basis(life.engine.log, OverlaidRunKeyIndex(life.engine.index))
    planner = Planner(basis, life.loaded, "s", clock=life.engine.clock)
    ticking.append(life)

    with pytest.raises(PlanRefused, match="the sensor has moved on: a TickStarted came"):
        planner.plan("1", actor="ann")

    assert [run.run_key for run in planner.plan("1", actor="ann").listing.blocked] == ["k1"]


def test_a_limit_that_allows_other_runs_by_now_refuses_the_plan() -> None:
    """Seen to fail when `Planner.apply` did not compare what comes of the plan with what it lists."""
    requests = [dg.RunRequest(run_key=key, job_name="other") for key in KEYS]
    life = Life(asking({"1": (requests, "2", [], [])}), dg.SensorLimits(max_run_requests_per_hour=2))
    life.live([("reset", "1"), ("beat", 31.0), ("switch", SensorStopped)])
    plan = life.planner.plan("1", release=["k1"], actor="ann")
    assert (plan.listing.launch, plan.listing.put_off) == ([], 2)

    life.engine.clock.advance(2 * 3600)

    with pytest.raises(PlanRefused, match="now allow other runs than it lists"):
        life.planner.apply(plan, actor="ann")


def test_a_partition_that_is_gone_refuses_the_plan() -> None:
    """Seen to fail when `check_holds` did not look at changes of partitions."""
    asked = [dg.RunRequest(run_key="k1", job_name="painted", partition_key="red")]
    life = Life(asking({"1": (asked, "2", [], [])}))
    life.engine.instance.add_dynamic_partitions("p", ["red", "green"])
    plan = life.planner.plan("1", actor="ann")
    assert [run.partition_key for run in plan.listing.launch] == ["red"]

    life.engine.instance.delete_dynamic_partition("p", "red")

    with pytest.raises(PlanRefused, match="a partition that it asks for was deleted at"):
        life.planner.apply(plan, actor="ann")


def test_another_partition_that_is_gone_changes_nothing() -> None:
    asked = [dg.RunRequest(run_key="k1", job_name="painted", partition_key="red")]
    life = Life(asking({"1": (asked, "2", [], [])}))
    life.engine.instance.add_dynamic_partitions("p", ["red", "green"])
    plan = life.planner.plan("1", actor="ann")

    life.engine.instance.delete_dynamic_partition("p", "green")

    assert life.made(life.planner.apply(plan, actor="ann")) == plan.listing.launch
    life.check()


def test_repeats_of_what_was_put_off_before_the_reset_are_listed() -> None:
    """Seen to fail when a reset left ``put_off_since`` as it was: such repeats are not told one by one."""
    requests = [dg.RunRequest(run_key=key, job_name="other") for key in KEYS]
    life = Life(asking({"1": (requests, "2", [], [])}), dg.SensorLimits(max_run_requests_per_tick=1))
    life.live([("reset", "1"), ("beat", 31.0)])

    plan = life.planner.plan("1", actor="ann")

    assert [run.run_key for run in plan.listing.launch] == ["k2"]
    assert [run.run_key for run in plan.listing.blocked] == ["k1"]

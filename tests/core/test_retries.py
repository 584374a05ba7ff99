from typing import Any

import pytest

from harness.in_process import materialized
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.composition import compose
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import CheckError, DagsterInvalidDefinitionError
from ticktrail.core.authoring.execution_context import OpExecutionContext
from ticktrail.core.authoring.jobs import JobDefinition, define_asset_job, job
from ticktrail.core.authoring.materialize import materialize
from ticktrail.core.authoring.ops import OpDefinition, op
from ticktrail.core.authoring.retries import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
from ticktrail.core.clock import Clock
from ticktrail.core.events import AnyEvent, StepLogged
from ticktrail.core.execution import RunOutcome, execute_job


class StandingClock:
    def now(self) -> int:
        return 1

    def monotonic(self) -> float:
        return 1.0


CLOCK: Clock = StandingClock()


class Run:
    """A run with a clock that stands, what it waited for and what it told."""

    def __init__(self, definition: JobDefinition, chance: float = 0.5) -> None:
        self.waited: list[float] = []
        self.events: list[AnyEvent] = []
        self.outcome: RunOutcome = execute_job(
            definition,
            run_id="r",
            run_config={},
            tags={},
            asset_selection=None,
            emit=self.events.append,
            clock=CLOCK,
            sleep=self.waited.append,
            chance=lambda: chance,
            instance=DagsterInstance.ephemeral(),
        )

    @property
    def course(self) -> list[str]:
        return [event.kind for event in self.events if isinstance(event, StepLogged) and event.kind != "LOG"]

    def lines(self, kind: str) -> list[tuple[str, str]]:
        return [
            (event.level, event.message)
            for event in self.events
            if isinstance(event, StepLogged) and event.kind == kind
        ]


def failing(times: int, error: BaseException | None = None, **settings: Any) -> OpDefinition:
    """An op that raises so many times and then returns the number of the attempt."""

    @op(name="step", **settings)
    def step(context: OpExecutionContext) -> int:
        if context.retry_number < times:
            raise error or ValueError(f"attempt {context.retry_number}")
        return context.retry_number

    return step


def job_of(step: OpDefinition, **settings: Any) -> JobDefinition:
    return job(name="j", **settings)(lambda: step())


def test_a_step_with_a_policy_is_tried_again_in_the_same_run_until_it_ends_well() -> None:
    run = Run(job_of(failing(2, retry_policy=RetryPolicy(max_retries=3, delay=2))))

    assert run.outcome.success
    assert list(run.outcome.values.values()) == [2]
    assert run.course == ["START", "RETRY", "START", "RETRY", "START", "SUCCESS"]
    assert run.waited == [2, 2]


def test_each_attempt_is_told_with_its_error_and_what_follows() -> None:
    run = Run(job_of(failing(1, retry_policy=RetryPolicy(delay=2))))

    ((level, message),) = run.lines("RETRY")
    first, _, traceback = message.partition("\n")
    assert (level, first) == ("WARNING", "attempt 1 failed, the next follows in 2 s: ValueError: attempt 0")
    assert traceback.startswith("Traceback (most recent call last):")
    assert "execution/step.py" not in traceback
    assert [message for _, message in run.lines("START")] == ["started", "started, retry 1"]


def test_a_step_fails_when_its_retries_are_used_up() -> None:
    run = Run(job_of(failing(9, retry_policy=RetryPolicy(max_retries=2))))

    assert run.outcome.error == "ValueError: attempt 2"
    assert run.course == ["START", "RETRY", "START", "RETRY", "START", "FAILURE"]
    assert run.waited == []


def test_a_step_without_a_policy_is_tried_once() -> None:
    assert Run(job_of(failing(1))).course == ["START", "FAILURE"]


def test_the_policy_of_a_job_is_for_steps_without_one() -> None:
    policy = RetryPolicy(max_retries=5)

    assert Run(job_of(failing(3), op_retry_policy=policy)).outcome.success
    own = failing(3, retry_policy=RetryPolicy(max_retries=1))
    assert not Run(job_of(own, op_retry_policy=policy)).outcome.success


def test_assets_and_their_jobs_have_policies_too() -> None:
    attempts = {"own": 0, "jobs": 0}

    def count(name: str) -> None:
        attempts[name] += 1
        if attempts[name] < 3:
            raise ValueError(name)

    own = asset(name="own", retry_policy=RetryPolicy(max_retries=2))(lambda: count("own"))
    jobs = asset(name="jobs")(lambda: count("jobs"))
    made = define_asset_job("j", [jobs], op_retry_policy=RetryPolicy(max_retries=2))

    assert materialize([own]).success
    assert Run(Definitions(assets=[jobs], jobs=[made]).get_job_def("j")).outcome.success
    assert attempts == {"own": 3, "jobs": 3}


def test_an_op_takes_another_policy_for_one_job() -> None:
    step = failing(1)

    assert Run(job_of(step.with_retry_policy(RetryPolicy()))).outcome.success
    assert not Run(job_of(step)).outcome.success


def test_a_failure_may_forbid_to_be_tried_again() -> None:
    policy = RetryPolicy(max_retries=3)

    assert Run(job_of(failing(1, Failure("no", allow_retries=False), retry_policy=policy))).course == [
        "START",
        "FAILURE",
    ]
    assert Run(job_of(failing(1, Failure("no"), retry_policy=policy))).outcome.success


def test_a_failure_is_told_with_its_description_and_metadata() -> None:
    run = Run(job_of(failing(1, Failure("the disk is full", metadata={"free": 0}))))

    assert run.outcome.error == "Failure: the disk is full"
    assert run.lines("LOG") == [("ERROR", "free: 0")]


def test_sys_exit_is_not_tried_again_by_a_policy() -> None:
    assert Run(job_of(failing(1, SystemExit(1), retry_policy=RetryPolicy()))).course == ["START", "FAILURE"]


def test_a_step_asks_for_its_own_retry_without_a_policy() -> None:
    run = Run(job_of(failing(2, RetryRequested(max_retries=2, seconds_to_wait=0.5))))

    assert run.outcome.success
    assert run.waited == [0.5, 0.5]
    used_up = Run(job_of(failing(3, RetryRequested(max_retries=2))))
    assert used_up.outcome.error == "RetryRequested: after 2 retries"


def test_what_a_failed_attempt_returned_or_noted_is_not_handed_on() -> None:
    @asset(retry_policy=RetryPolicy())
    def noting(context: Any) -> int:
        context.add_output_metadata({f"attempt {context.retry_number}": True})
        if context.retry_number == 0:
            raise ValueError
        return 1

    (event,) = materialized(materialize([noting]))
    assert event.metadata == {"attempt 1": True}


@pytest.mark.parametrize(
    ("policy", "chance", "seconds"),
    [
        (RetryPolicy(), 0.5, [0, 0, 0]),
        (RetryPolicy(delay=2), 0.5, [2, 2, 2]),
        (RetryPolicy(delay=2, backoff=Backoff.LINEAR), 0.5, [2, 4, 6]),
        (RetryPolicy(delay=2, backoff=Backoff.EXPONENTIAL), 0.5, [2, 6, 14]),
        (RetryPolicy(delay=2, backoff=Backoff.LINEAR, jitter=Jitter.FULL), 0.25, [0.5, 1, 1.5]),
        (RetryPolicy(delay=2, backoff=Backoff.LINEAR, jitter=Jitter.PLUS_MINUS), 0.0, [0, 2, 4]),
        (RetryPolicy(delay=2, jitter=Jitter.PLUS_MINUS), 0.75, [3, 3, 3]),
    ],
)
def test_the_delay_grows_and_varies_as_the_policy_says(
    policy: RetryPolicy, chance: float, seconds: list[float]
) -> None:
    assert [policy.seconds_before(retry, lambda: chance) for retry in (1, 2, 3)] == seconds


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"max_retries": -1}, CheckError),
        ({"max_retries": "1"}, CheckError),
        ({"max_retries": True}, CheckError),
        ({"delay": -1}, CheckError),
        ({"delay": float("nan")}, CheckError),
        ({"delay": 1, "backoff": "LINEAR"}, CheckError),
        ({"backoff": Backoff.LINEAR}, DagsterInvalidDefinitionError),
        ({"jitter": Jitter.FULL}, DagsterInvalidDefinitionError),
    ],
)
def test_a_wrong_policy_is_refused(settings: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        RetryPolicy(**settings)


def test_what_is_no_policy_is_refused_where_one_is_expected() -> None:
    wrong: Any = 3
    for define in (
        op(name="x", retry_policy=wrong),
        asset(name="x", retry_policy=wrong),
        job(name="x", op_retry_policy=wrong),
    ):
        with pytest.raises(CheckError, match="must be a RetryPolicy, got 3"):
            define(lambda: None)
    with pytest.raises(CheckError, match="must be a RetryPolicy, got 3"):
        define_asset_job("x", op_retry_policy=wrong)


def test_a_retry_that_is_asked_for_wrongly_is_refused() -> None:
    with pytest.raises(CheckError, match="max_retries"):
        RetryRequested(max_retries=-1)
    with pytest.raises(CheckError, match="seconds_to_wait"):
        RetryRequested(seconds_to_wait=-1)
    with pytest.raises(CheckError, match="description of a Failure"):
        Failure(3)  # type: ignore[arg-type]


def test_an_alias_names_the_step() -> None:
    assert [node.name for node in compose("j", lambda: failing(0).alias("other")())] == ["other"]
    with pytest.raises(DagsterInvalidDefinitionError, match="not a valid op name"):
        failing(0).alias("a-b")

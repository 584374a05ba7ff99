import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.assets import AssetsDefinition, asset
from ticktrail.core.authoring.composition import Node
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.execution_context import OpExecutionContext
from ticktrail.core.authoring.jobs import JobDefinition, job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.outputs import NodeOutput
from ticktrail.core.authoring.partitions import StaticPartitionsDefinition
from ticktrail.core.authoring.results import AssetMaterialization
from ticktrail.core.events import AnyEvent, AssetMaterialized, StepLogged
from ticktrail.core.execution import RunOutcome, execute_job
from ticktrail.core.execution.values import ValueMissing
from ticktrail.core.failure import MAX_LINE, MAX_TRACEBACK, Failure, error_line


class SteppingClock:
    """Each reading of the calendar is one microsecond, of the other time one second, later."""

    def __init__(self) -> None:
        self.calls = 0

    def now(self) -> int:
        self.calls += 1
        return self.calls

    def monotonic(self) -> float:
        self.calls += 1
        return float(self.calls)


class FileConfig(Config):
    filename: str


def run(
    definition: JobDefinition, run_config: Mapping[str, Any] | None = None, selection: list[str] | None = None
) -> tuple[RunOutcome, list[AnyEvent]]:
    events: list[AnyEvent] = []
    outcome = execute_job(
        definition,
        run_id="r",
        run_config=run_config or {},
        tags={},
        asset_selection=selection,
        emit=events.append,
        clock=SteppingClock(),
        sleep=lambda seconds: None,
        chance=lambda: 0.5,
        instance=DagsterInstance.ephemeral(),
    )
    return outcome, events


def run_op(function: Any) -> tuple[RunOutcome, list[AnyEvent]]:
    step = op(name="step")(function)
    return run(job(name="j")(lambda: step()))


def lines(events: list[AnyEvent], kind: str = "LOG") -> list[tuple[str, str]]:
    return [
        (event.level, event.message)
        for event in events
        if isinstance(event, StepLogged) and event.kind == kind
    ]


def course(events: list[AnyEvent]) -> list[tuple[str | None, str]]:
    return [(event.step, event.kind) for event in events if isinstance(event, StepLogged)]


def test_a_step_tells_its_course_and_the_run_ends_well() -> None:
    outcome, events = run_op(lambda: 5)

    assert (outcome.success, outcome.error, outcome.step, outcome.traceback) == (True, None, None, None)
    assert outcome.values == {NodeOutput("step"): 5}
    assert course(events) == [("step", "START"), ("step", "SUCCESS")]
    assert [event.at for event in events] == [1, 4]
    assert lines(events, "SUCCESS") == [("DEBUG", "finished in 1.000 s")]


def test_a_step_that_fails_is_told_with_the_traceback_of_the_users_code_alone() -> None:
    def helper() -> None:
        raise ValueError("two\nlines")

    def function() -> None:
        helper()

    outcome, events = run_op(function)

    assert (outcome.success, outcome.error, outcome.step) == (False, "ValueError: two lines", "step")
    assert outcome.traceback is not None
    assert outcome.traceback.startswith("Traceback (most recent call last):")
    assert outcome.traceback.endswith("ValueError: two\nlines\n")
    assert "in function" in outcome.traceback
    assert "in helper" in outcome.traceback
    assert "execution/step.py" not in outcome.traceback
    assert lines(events, "FAILURE") == [("ERROR", outcome.traceback)]


def test_what_depends_on_a_failed_step_is_not_run_and_the_rest_is() -> None:
    bad = op(name="bad")(lambda: 1 / 0)
    after = op(name="after")(lambda x: x)
    free = op(name="free")(lambda: 1)

    @job
    def mixed() -> None:
        after(after(bad()))
        free()

    outcome, events = run(mixed)

    assert course(events) == [
        ("bad", "START"),
        ("bad", "FAILURE"),
        ("after", "LOG"),
        ("after_2", "LOG"),
        ("free", "START"),
        ("free", "SUCCESS"),
    ]
    assert lines(events)[0] == ("ERROR", "not run: it depends on the step 'bad', which did not end well")
    assert (outcome.step, outcome.failed_steps, outcome.values) == ("bad", ["bad"], {NodeOutput("free"): 1})


def test_a_failed_asset_stops_what_names_it_in_deps() -> None:
    bad = asset(name="bad")(lambda: 1 / 0)
    after = asset(name="after", deps=[bad])(lambda: 1)

    outcome, events = run(Definitions(assets=[after, bad]).get_job_def("__ASSET_JOB"))

    assert ("after", "START") not in course(events)
    assert outcome.values == {}


def test_the_first_of_several_failures_is_the_outcomes() -> None:
    first = op(name="first")(lambda: 1 / 0)
    second = op(name="second")(lambda: int("x"))

    outcome, _ = run(job(name="j")(lambda: (first(), second())))

    assert (outcome.step, outcome.failed_steps) == ("first", ["first", "second"])
    assert outcome.error == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (SystemExit(), "SystemExit: the code called sys.exit()"),
        (SystemExit("bye"), "SystemExit: the code called sys.exit('bye')"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("odd"), "BaseException: odd"),
    ],
)
def test_whatever_a_step_raises_is_the_steps_failure(raised: BaseException, error: str) -> None:
    def function() -> None:
        raise raised

    assert run_op(function)[0].error == error


def test_an_interrupt_from_the_keyboard_ends_the_run_at_once() -> None:
    def function() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_op(function)


def test_a_generator_that_raises_keeps_what_it_told_before() -> None:
    def function() -> Iterator[Any]:
        yield AssetMaterialization("a")
        raise ValueError("late")

    outcome, events = run_op(function)

    assert outcome.error == "ValueError: late"
    assert [event.asset for event in events if isinstance(event, AssetMaterialized)] == ["a"]


def test_lines_of_the_log_are_told_with_level_arguments_and_traceback() -> None:
    def function(context: OpExecutionContext) -> None:
        context.log.debug("low")
        context.log.warning("%d of %s", 1, "two")
        try:
            raise KeyError("k")
        except KeyError:
            context.log.exception("went wrong")

    logged = lines(run_op(function)[1])

    assert logged[:2] == [("DEBUG", "low"), ("WARNING", "1 of two")]
    assert logged[2][0] == "ERROR"
    assert logged[2][1].startswith("went wrong\nTraceback (most recent call last):")
    assert logged[2][1].endswith("KeyError: 'k'")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


def test_a_line_that_cannot_be_formatted_does_not_fail_the_step() -> None:
    def function(context: OpExecutionContext) -> None:
        context.log.info("%d files", "many")
        context.log.info("%s", Unprintable())
        context.log.info("name \udcff")

    outcome, events = run_op(function)

    assert outcome.success
    first, second, third = (message for _, message in lines(events))
    assert first == "%d files (arguments ('many',) do not fit: TypeError)"
    assert second.startswith("%s (arguments")
    assert third == "name \\udcff"
    msgspec.msgpack.encode(events)


def test_lines_logged_by_a_thread_of_the_step_are_told() -> None:
    def function(context: OpExecutionContext) -> None:
        thread = threading.Thread(target=lambda: context.log.info("from a thread"))
        thread.start()
        thread.join()

    assert lines(run_op(function)[1]) == [("INFO", "from a thread")]


def test_handlers_of_the_user_get_the_records_too() -> None:
    caught: list[str] = []

    class Catching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            caught.append(record.getMessage())

    def function(context: OpExecutionContext) -> None:
        context.log.addHandler(Catching())
        context.log.info("hello")

    assert lines(run_op(function)[1]) == [("INFO", "hello")]
    assert caught == ["hello"]


def test_a_run_config_that_does_not_fit_fails_the_run_before_any_step() -> None:
    @op
    def read(config: FileConfig) -> None: ...

    outcome, events = run(job(name="j")(lambda: read()), {"ops": {"read": {"config": {"filename": 1}}}})

    assert events == []
    assert (outcome.success, outcome.step) == (False, None)
    assert outcome.error is not None
    assert outcome.error.startswith("DagsterInvalidConfigError: run config does not fit job 'j': ops.read")
    assert outcome.traceback is not None
    assert "execution/step.py" not in outcome.traceback


@pytest.mark.parametrize("selection", [["gone"], ["a//b"]])
def test_a_selection_that_the_job_does_not_have_fails_the_run_before_any_step(selection: list[str]) -> None:
    made = Definitions(assets=[asset(name="a")(lambda: 1)]).get_job_def("__ASSET_JOB")

    outcome, events = run(made, selection=selection)

    assert (events, outcome.success, outcome.step) == ([], False, None)


def test_a_fault_of_ours_in_a_step_is_shown_whole() -> None:
    not_an_asset: Any = 5
    node = Node(name="n", op=op(name="n")(lambda: 1), inputs={}, asset=not_an_asset)

    outcome, _ = run(JobDefinition(name="j", nodes=(node,)))

    assert outcome.traceback is not None
    assert "execution/step.py" in outcome.traceback


def test_what_emit_raises_ends_the_run() -> None:
    def emit(event: AnyEvent) -> None:
        raise OSError("disk full")

    step = op(name="step")(lambda: 1)
    with pytest.raises(OSError, match="disk full"):
        execute_job(
            job(name="j")(lambda: step()),
            run_id="r",
            run_config={},
            tags={},
            asset_selection=None,
            emit=emit,
            clock=SteppingClock(),
            sleep=lambda seconds: None,
            chance=lambda: 0.5,
            instance=DagsterInstance.ephemeral(),
        )


def test_an_error_line_is_one_line_of_bounded_length() -> None:
    assert error_line(ValueError("a\n  b")) == "ValueError: a b"
    assert error_line(ValueError()) == "ValueError"
    assert error_line(ValueError("\udcff")) == "ValueError: \\udcff"
    assert len(error_line(ValueError("x" * 5000))) == MAX_LINE


def test_an_error_whose_text_cannot_be_had_is_still_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert error_line(Mute()) == "Mute: its message cannot be shown (RuntimeError)"
    assert "Mute" in Failure.of(Mute()).traceback


def test_a_huge_traceback_loses_its_middle() -> None:
    shown = Failure.of(ValueError("a" + "x" * 300_000 + "z")).traceback

    assert len(shown) < MAX_TRACEBACK + 100
    assert shown.startswith("ValueError: ax")
    assert shown.endswith("xz\n")
    assert "characters left out" in shown


def test_the_cause_of_an_error_is_shown_with_it() -> None:
    def function() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    shown = run_op(function)[0].traceback

    assert shown is not None
    assert "KeyError: 'first'" in shown
    assert "direct cause" in shown


class KeptValues:
    """Values of assets, kept as they are."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str | None], Any] = {}

    def save(self, asset: AssetKey, partition: str | None, value: Any) -> None:
        if value == "too big":
            raise OSError("disk full")
        self.kept[asset.to_user_string(), partition] = value

    def load(self, asset: AssetKey, partition: str | None) -> Any:
        try:
            return self.kept[asset.to_user_string(), partition]
        except KeyError:
            raise ValueMissing from None


def run_kept(
    kept: KeptValues, assets: list[AssetsDefinition], selection: list[str], tags: dict[str, str] | None = None
) -> tuple[RunOutcome, list[AnyEvent]]:
    events: list[AnyEvent] = []
    outcome = execute_job(
        Definitions(assets=assets).get_job_def("__ASSET_JOB"),
        run_id="r",
        run_config={},
        tags=tags or {},
        asset_selection=selection,
        emit=events.append,
        clock=SteppingClock(),
        sleep=lambda seconds: None,
        chance=lambda: 0.5,
        instance=DagsterInstance.ephemeral(),
        kept=kept,
    )
    return outcome, events


def test_a_later_run_takes_the_value_that_an_earlier_one_kept() -> None:
    up, kept = asset(name="up", key_prefix="p")(lambda: 5), KeptValues()
    down = asset(name="down")(lambda up: up + 1)

    assert run_kept(kept, [up, down], ["p/up"])[0].success
    assert run_kept(kept, [up, down], ["down"])[0].values == {NodeOutput("down"): 6}
    assert kept.kept == {("p/up", None): 5, ("down", None): 6}


def test_values_of_an_asset_with_partitions_are_kept_by_partition() -> None:
    parts = StaticPartitionsDefinition(["1", "2"])
    up, kept = asset(name="up", partitions_def=parts)(lambda: 5), KeptValues()
    down = asset(name="down", partitions_def=parts)(lambda up: up + 1)

    run_kept(kept, [up, down], ["up"], {"dagster/partition": "1"})

    assert kept.kept == {("up", "1"): 5}
    assert run_kept(kept, [up, down], ["down"], {"dagster/partition": "1"})[0].success
    failed = run_kept(kept, [up, down], ["down"], {"dagster/partition": "2"})[0]
    assert failed.error is not None
    assert "no earlier run kept a value of 'up'" in failed.error


def test_the_value_of_an_asset_without_partitions_serves_the_runs_of_all() -> None:
    up, kept = asset(name="up")(lambda: 5), KeptValues()
    down = asset(name="down", partitions_def=StaticPartitionsDefinition(["1"]))(lambda up: up + 1)

    run_kept(kept, [up, down], ["up"])

    assert run_kept(kept, [up, down], ["down"], {"dagster/partition": "1"})[0].success
    assert kept.kept == {("up", None): 5, ("down", "1"): 6}


def test_a_default_stands_in_for_a_value_that_was_not_kept_and_for_no_other() -> None:
    up, kept = asset(name="up")(lambda: 5), KeptValues()

    def down(up: int = 1) -> int:
        return up

    assets = [up, asset(down)]
    assert run_kept(kept, assets, ["down"])[0].values == {NodeOutput("down"): 1}
    run_kept(kept, assets, ["up"])
    assert run_kept(kept, assets, ["down"])[0].values == {NodeOutput("down"): 5}


def test_an_asset_whose_value_cannot_be_kept_is_not_told_to_be_made() -> None:
    outcome, events = run_kept(KeptValues(), [asset(name="up")(lambda: "too big")], ["up"])

    assert outcome.error == "OSError: disk full"
    assert [event for event in events if isinstance(event, AssetMaterialized)] == []

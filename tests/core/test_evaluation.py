"""`evaluate`: one evaluation as a plain value, whatever the function does."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.jobs import define_asset_job, job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.results import AssetMaterialization, AssetObservation
from ticktrail.core.authoring.run_request import RunRequest, SkipReason
from ticktrail.core.authoring.sensor import SensorDefinition, sensor
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext
from ticktrail.core.authoring.sensor_result import SensorResult
from ticktrail.core.evaluation import Evaluation, Request, evaluate
from ticktrail.core.events import AssetMaterialized, AssetObserved

#: A file name that is not UTF-8, as Python reads it from a directory.
NO_TEXT = b"caf\xe9.csv".decode("utf-8", "surrogateescape")


class FileConfig(Config):
    path: str
    limit: int = 10


@op
def load(config: FileConfig) -> None: ...


@job
def load_file() -> None:
    load()


@op
def look() -> None: ...


@job(tags={"from": "tags"}, config={"ops": {"look": {"config": {"depth": 3}}}})
def look_around() -> None:
    look()


@job(tags={"from": "tags"}, run_tags={"from": "run_tags"})
def look_again() -> None:
    look()


@asset
def raw() -> None: ...


@asset(deps=[raw])
def clean() -> None: ...


CLEAN = define_asset_job("clean_job", "clean")


def evaluation(function: Callable[..., Any], *, cursor: str | None = None, **declared: Any) -> Evaluation:
    """Evaluate a function as sensor ``s`` of ``look_again``, or of what is declared."""
    definition = sensor(name="s", **(declared or {"job": look_again}))(function)
    definitions = Definitions(assets=[raw, clean], jobs=[look_around], sensors=[definition])
    return evaluated(definition, definitions, cursor)


def evaluated(
    definition: SensorDefinition, definitions: Definitions | None, cursor: str | None = None
) -> Evaluation:
    """Evaluate, and check that what came of it can be stored."""
    context = SensorEvaluationContext(sensor_name="s", cursor=cursor, definitions=definitions)
    result = evaluate(definition, context, definitions)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=Evaluation) == result
    return result


# --- skips and cursors --------------------------------------------------------------------------


def test_a_skip_has_its_reason_and_nothing_else() -> None:
    assert evaluation(lambda: SkipReason("no file"), cursor="7") == Evaluation(
        skip_reason="no file", cursor="7", cursor_before="7"
    )


@pytest.mark.parametrize("reason", ["", None])
def test_an_empty_reason_is_no_reason(reason: str | None) -> None:
    assert evaluation(lambda: SkipReason(reason)).skip_reason is None


def test_a_reason_that_is_no_valid_text_is_escaped() -> None:
    assert (
        evaluation(lambda: SkipReason(f"cannot read {NO_TEXT}")).skip_reason == "cannot read caf\\udce9.csv"
    )


@pytest.mark.parametrize("after", ["8", "", None])
def test_the_cursor_before_and_after_are_both_told(after: str | None) -> None:
    def updates(context: SensorEvaluationContext) -> None:
        context.update_cursor(after)

    result = evaluation(updates, cursor="7")

    assert (result.cursor_before, result.cursor) == ("7", after)


def test_a_cursor_of_ten_megabytes_is_kept() -> None:
    cursor = "é" * 5_000_000

    assert evaluation(lambda: SensorResult(cursor=cursor)).cursor == cursor


@pytest.mark.parametrize("how", ["update_cursor", "result"])
def test_a_cursor_that_is_no_valid_text_is_an_error(how: str) -> None:
    def sets(context: SensorEvaluationContext) -> SensorResult:
        if how == "result":
            return SensorResult(cursor=NO_TEXT)
        context.update_cursor(NO_TEXT)
        return SensorResult()

    result = evaluation(sets, cursor="7")

    assert result.error is not None
    assert result.error.startswith("CheckError: cursor is not valid text (UTF-8): 'caf\\udce9.csv'")
    assert result.cursor == "7"


# --- errors -------------------------------------------------------------------------------------


def raises(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


def recurses() -> None:
    recurses()


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (raises(ValueError("no such folder")), "ValueError: no such folder"),
        (raises(ValueError()), "ValueError"),
        (raises(ValueError("two\nlines")), "ValueError: two lines"),
        (raises(KeyboardInterrupt()), "KeyboardInterrupt"),
        (raises(GeneratorExit()), "GeneratorExit"),
        (raises(MemoryError("too much")), "MemoryError: too much"),
        (
            raises(FileNotFoundError(2, "No such file", NO_TEXT)),
            "FileNotFoundError: [Errno 2] No such file: ",
        ),
        (raises(ValueError(NO_TEXT)), "ValueError: caf\\udce9.csv"),
        (raises(Unprintable()), "Unprintable: its message cannot be shown (RuntimeError)"),
        (lambda: sys.exit(3), "SystemExit: the code called sys.exit(3)"),
        (lambda: sys.exit(), "SystemExit: the code called sys.exit()"),
        (lambda: sys.exit("bye"), "SystemExit: the code called sys.exit('bye')"),
        (recurses, "RecursionError: maximum recursion depth exceeded"),
        (lambda: sys.exit(Unprintable()), "SystemExit: its message cannot be shown (RuntimeError)"),  # type: ignore[arg-type]
        (lambda: 3, "CheckError: Sensor unexpectedly returned output 3"),
    ],
)
def test_whatever_the_function_raises_becomes_one_line(function: Callable[[], Any], error: str) -> None:
    result = evaluation(function, cursor="7")

    assert result.error is not None
    assert result.error.startswith(error)
    assert "\n" not in result.error
    assert (result.requests, result.cursor, result.cursor_before) == ([], "7", "7")


def test_an_error_discards_the_requests_and_the_cursor_before_it() -> None:
    def fails_late(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        context.update_cursor("8")
        yield RunRequest("a")
        raise ValueError("late")

    result = evaluation(fails_late, cursor="7")

    assert result.error == "ValueError: late"
    assert (result.requests, result.cursor) == ([], "7")


def test_the_traceback_begins_with_the_users_function() -> None:
    def inner() -> None:
        raise ValueError("deep")

    def outer() -> None:
        inner()

    result = evaluation(outer)

    assert result.traceback is not None
    lines = result.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in outer")
    assert lines[-1] == "ValueError: deep"
    assert "in evaluate" not in result.traceback


def test_the_traceback_of_a_wrong_request_leads_to_the_users_line() -> None:
    def wrong() -> RunRequest:
        return RunRequest(run_key=7)  # type: ignore[arg-type]

    result = evaluation(wrong)

    assert result.traceback is not None
    assert "RunRequest(run_key=7)" in result.traceback.splitlines()[2]


def test_the_traceback_tells_the_cause() -> None:
    def wraps() -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error

    result = evaluation(wraps)

    assert result.traceback is not None
    assert "KeyError: 'inner'" in result.traceback
    assert "direct cause" in result.traceback


def test_there_is_no_traceback_when_no_frame_of_the_users_is_in_it() -> None:
    assert evaluation(lambda: 3).traceback is None


# --- logs ---------------------------------------------------------------------------------------


def test_lines_logged_are_kept_also_when_the_function_fails() -> None:
    def logs(context: SensorEvaluationContext) -> None:
        context.log.warning("about to fail over %s", NO_TEXT)
        raise ValueError("failed")

    [(at, level, text)] = evaluation(logs).logs

    assert at > 10**15
    assert (level, text) == ("WARNING", "about to fail over caf\\udce9.csv")


# --- requests -----------------------------------------------------------------------------------


def test_a_request_gets_the_only_job_and_the_tag_of_its_sensor() -> None:
    assert evaluation(lambda: RunRequest("a", tags={"mine": 1}), job_name="look_around").requests == [
        Request(
            job="look_around",
            run_key="a",
            run_config={"ops": {"look": {"config": {"depth": 3}}}},
            tags={"from": "tags", "mine": "1", "dagster/sensor_name": "s"},
        )
    ]


@pytest.mark.parametrize("run_key", [None, ""])
def test_a_request_without_a_key_has_no_tag_of_it(run_key: str | None) -> None:
    [request] = evaluation(lambda: RunRequest(run_key)).requests

    assert request.tags == {"from": "run_tags", "dagster/sensor_name": "s"}


def test_run_tags_of_the_job_stand_in_for_its_tags() -> None:
    [request] = evaluation(lambda: RunRequest()).requests

    assert request.tags["from"] == "run_tags"


def test_a_requests_tag_goes_over_the_jobs() -> None:
    [request] = evaluation(lambda: RunRequest(tags={"from": "request"})).requests

    assert request.tags["from"] == "request"


def test_tags_of_the_sensor_stay_off_its_runs() -> None:
    [request] = evaluation(lambda: RunRequest(), job=look_again, tags={"of": "sensor"}).requests

    assert "of" not in request.tags


def test_a_requests_run_config_goes_over_the_jobs_own() -> None:
    config = {"ops": {"look": {"config": {"depth": 9}}}}

    [request] = evaluation(lambda: RunRequest(run_config=config), job_name="look_around").requests

    assert request.run_config == config


def test_each_request_gets_the_job_that_it_names_and_that_jobs_config() -> None:
    requests = [RunRequest(job_name="look_again"), RunRequest(job_name="look_around")]

    again, around = evaluation(lambda: requests, jobs=[look_again, look_around]).requests

    assert (again.job, again.run_config) == ("look_again", {})
    assert (around.job, around.run_config) == ("look_around", {"ops": {"look": {"config": {"depth": 3}}}})


def test_assets_are_selected_by_their_written_keys() -> None:
    [chosen] = evaluation(
        lambda: RunRequest(asset_selection=[AssetKey("clean")]), asset_selection="*"
    ).requests
    [whole] = evaluation(lambda: RunRequest(), asset_selection="*").requests

    assert (chosen.job, chosen.asset_selection, chosen.problem) == ("__ASSET_JOB", ["clean"], None)
    assert whole.asset_selection == ["raw", "clean"]


def test_a_request_of_an_asset_job_is_for_all_of_it_by_default() -> None:
    [request] = evaluation(lambda: RunRequest(), target=CLEAN).requests

    assert (request.job, request.asset_selection, request.problem) == ("clean_job", None, None)


# --- requests that cannot become runs -----------------------------------------------------------


def test_a_config_that_does_not_fit_is_told_whole_and_spares_the_other_requests() -> None:
    def asks() -> Iterator[RunRequest]:
        yield RunRequest("a", {"ops": {"load": {"config": {"path": "a"}}}})
        yield RunRequest("b", {"ops": {"load": {"config": {"limit": "many"}}, "other": {}}})
        yield RunRequest("c", {"ops": {"load": {"config": {"path": "c"}}}})

    first, bad, last = evaluation(asks, job=load_file).requests

    assert (first.problem, last.problem) == (None, None)
    assert (bad.job, bad.run_key) == ("load_file", "b")
    assert bad.problem is not None
    assert bad.problem.startswith("run config does not fit job 'load_file': ")
    assert all(
        place in bad.problem for place in ("ops.other", "ops.load.config.limit", "ops.load.config.path")
    )
    assert "\n" not in bad.problem


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (RunRequest(NO_TEXT), "run key 'caf\\udce9.csv' is not valid text (UTF-8)"),
        (RunRequest("a", tags={"file": NO_TEXT}), "tag 'file' with the value 'caf\\udce9.csv' is not valid"),
        (RunRequest("a", tags={NO_TEXT: "x"}), "tag 'caf\\udce9.csv' with the value 'x' is not valid"),
        (
            RunRequest("a", {"ops": {"look": {"config": NO_TEXT}}}),
            "run_config.ops.look.config: 'caf\\udce9.csv'",
        ),
        (
            RunRequest("a", {"ops": {"look": pathlib.Path("/")}}),
            "run_config.ops.look: PosixPath is not plain",
        ),
        (RunRequest("a", {"ops": {"look": {"config": 2**70}}}), "does not fit into 64 bits"),
        (RunRequest("a", {1: {}}), "run_config: the key 1"),  # type: ignore[dict-item]
        (
            RunRequest("a", stale_assets_only=True),
            "stale_assets_only needs to know what was materialized: give",
        ),
        (RunRequest("a", asset_check_keys=["check"]), "asset_check_keys are not supported yet"),
        (RunRequest("a", asset_selection=[AssetKey("raw")]), "job 'look_again' does not make raw"),
    ],
)
def test_a_request_that_cannot_become_a_run_says_why(request_: RunRequest, problem: str) -> None:
    bad, good = evaluation(lambda: [request_, RunRequest("good")]).requests

    assert bad.problem is not None
    assert problem in bad.problem
    assert (bad.run_config, bad.tags) == ({}, {})
    assert (good.problem, good.run_key) == (None, "good")


def test_all_problems_of_a_request_are_told_at_once() -> None:
    [bad] = evaluation(lambda: RunRequest(NO_TEXT, tags={"file": NO_TEXT}, stale_assets_only=True)).requests

    assert bad.run_key == "caf\\udce9.csv"
    assert bad.problem is not None
    assert all(part in bad.problem for part in ("run key", "tag 'file'", "stale_assets_only"))


def test_a_job_that_the_definitions_do_not_have_is_told() -> None:
    definition = sensor(name="s", job_name="gone")(lambda: RunRequest("a"))

    [bad] = evaluated(definition, Definitions(jobs=[look_around])).requests

    assert bad.job == "gone"
    assert bad.problem is not None
    assert bad.problem.startswith("there is no job 'gone', known are: look_around")


def test_without_definitions_the_sensors_own_job_is_used() -> None:
    definition = sensor(name="s", job=load_file)(lambda: RunRequest("a"))

    [bad] = evaluated(definition, None).requests

    assert bad.problem is not None
    assert "ops.load.config" in bad.problem


def test_without_definitions_a_job_known_by_name_is_taken_on_trust() -> None:
    definition = sensor(name="s", job_name="anywhere")(lambda: RunRequest("a"))

    [request] = evaluated(definition, None).requests

    assert (request.job, request.problem) == ("anywhere", None)


# --- asset events -------------------------------------------------------------------------------


def test_asset_events_become_events_without_a_run() -> None:
    noted: list[AssetMaterialization | AssetObservation] = [
        AssetMaterialization(["a", "b"], "fresh", {"rows": 3}, "2024", {"by": "s"}),
        AssetObservation("c"),
    ]

    result = evaluation(lambda: SensorResult(asset_events=noted))

    assert result.asset_events == [
        AssetMaterialized(
            at=0,
            asset="a/b",
            partition_key="2024",
            description="fresh",
            metadata={"rows": 3},
            tags={"by": "s"},
        ),
        AssetObserved(at=0, asset="c"),
    ]


def test_an_asset_event_that_is_no_valid_text_is_an_error_on_the_users_line() -> None:
    result = evaluation(lambda: SensorResult(asset_events=[AssetMaterialization("a", tags={"f": NO_TEXT})]))

    assert result.error is not None
    assert "must be valid Unicode text" in result.error
    assert result.traceback is not None
    assert "AssetMaterialization(" in result.traceback.splitlines()[2]

"""Evaluating schedules in tests: what a function may give, and what a tick makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.core.moment_text import EPOCH

SIX = datetime(2026, 3, 15, 6, tzinfo=UTC)


@dg.op
def step() -> None: ...


@dg.job(tags={"of": "job"})
def nightly() -> None:
    step()


def at(time: datetime | None = SIX, **known: Any) -> dg.ScheduleEvaluationContext:
    return dg.build_schedule_context(scheduled_execution_time=time, **known)


def schedule_of(function: Callable[..., Any], **options: Any) -> dg.ScheduleDefinition:
    return dg.schedule("0 6 * * *", job=nightly, name="s", **options)(function)


def requests_of(schedule: dg.ScheduleDefinition, **known: Any) -> list[dg.RunRequest]:
    tick = schedule.evaluate_tick(at(**known))
    assert tick.skip_message is None
    return list(tick.run_requests)


class TestWithoutAFunction:
    def test_each_moment_asks_for_one_run(self) -> None:
        [request] = requests_of(dg.ScheduleDefinition(job=nightly, cron_schedule="@daily"))

        assert (request.run_key, request.run_config) == (None, {})
        assert request.tags == {"dagster/schedule_name": "nightly_schedule"}

    def test_the_run_has_the_config_and_tags_of_the_declaration(self) -> None:
        schedule = dg.ScheduleDefinition(
            job=nightly, cron_schedule="@daily", run_config={"ops": {}}, tags={"team": "a"}
        )

        [request] = requests_of(schedule)
        assert request.run_config == {"ops": {}}
        assert request.tags == {"team": "a", "dagster/schedule_name": "nightly_schedule"}

    def test_or_those_that_functions_return_for_the_moment(self) -> None:
        schedule = dg.ScheduleDefinition(
            job=nightly,
            cron_schedule="@daily",
            run_config_fn=lambda context: {"ops": {"day": context.scheduled_execution_time.day}},
            tags_fn=lambda: {"made": "late"},
        )

        [request] = requests_of(schedule)
        assert request.run_config == {"ops": {"day": 15}}
        assert request.tags["made"] == "late"

    def test_a_moment_that_is_not_to_be_is_skipped(self) -> None:
        schedule = dg.ScheduleDefinition(
            job=nightly,
            cron_schedule="@daily",
            should_execute=lambda context: context.scheduled_execution_time.day != 15,
        )

        assert schedule.evaluate_tick(at()).skip_message == (
            "should_execute function for nightly_schedule returned false."
        )
        assert len(requests_of(schedule, time=SIX + timedelta(days=1))) == 1

    def test_there_is_nothing_to_call(self) -> None:
        with pytest.raises(dg.DagsterInvalidInvocationError, match="has no function of its own to call"):
            dg.ScheduleDefinition(job=nightly, cron_schedule="@daily")(at())


def yielding(*produced: Any) -> Callable[[], Iterator[Any]]:
    def produce() -> Iterator[Any]:
        yield from produced

    return produce


def returning(value: Any) -> Callable[[], Any]:
    return lambda: value


class TestFunctions:
    @pytest.mark.parametrize(
        ("function", "keys"),
        [
            (lambda: dg.RunRequest(run_key="a"), ["a"]),
            (lambda: [dg.RunRequest(run_key="a"), dg.RunRequest()], ["a", None]),
            (yielding(dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")), ["a", "b"]),
            (returning({}), [None]),
        ],
    )
    def test_what_asks_for_runs(self, function: Callable[..., Any], keys: list[str | None]) -> None:
        assert [request.run_key for request in requests_of(schedule_of(function))] == keys

    @pytest.mark.parametrize(
        ("function", "reason"),
        [
            (lambda: None, "Schedule function returned an empty result"),
            (returning([]), "Schedule function returned an empty result"),
            (yielding(), "Schedule function returned an empty result"),
            (lambda: dg.SkipReason("holiday"), "holiday"),
            (yielding(dg.SkipReason("holiday")), "holiday"),
        ],
    )
    def test_what_skips(self, function: Callable[..., Any], reason: str) -> None:
        tick = schedule_of(function).evaluate_tick(at())

        assert (tick.run_requests, tick.skip_message) == ([], reason)

    @pytest.mark.parametrize(
        ("function", "told"),
        [
            (lambda: "x", "Schedule unexpectedly returned output 'x' of type str: schedule 's' may return"),
            (
                yielding(dg.RunRequest(), dg.SkipReason()),
                "schedule 's' received both RunRequest and SkipReason",
            ),
            (yielding({}), "schedule 's' produced {} (dict) as item 0 of 1"),
            (lambda: dg.SensorResult(), "schedule 's' returned a SensorResult, which only sensors may"),
        ],
    )
    def test_what_is_refused(self, function: Callable[..., Any], told: str) -> None:
        with pytest.raises(dg.CheckError) as error:
            schedule_of(function).evaluate_tick(at())

        assert told in str(error.value)

    def test_run_config_gets_the_tags_of_the_schedule_and_requests_do_not(self) -> None:
        [plain] = requests_of(schedule_of(lambda: {"ops": {}}, tags={"team": "a"}))
        [request] = requests_of(schedule_of(lambda: dg.RunRequest(), tags={"team": "a"}))

        assert plain.tags == {"team": "a", "dagster/schedule_name": "s"}
        assert request.tags == {"dagster/schedule_name": "s"}

    def test_another_job_is_refused(self) -> None:
        with pytest.raises(dg.SensorTargetError, match=r"run request 0 of schedule 's' is for job 'gone'"):
            schedule_of(lambda: dg.RunRequest(job_name="gone")).evaluate_tick(at())

    def test_what_the_function_raises_is_not_wrapped(self) -> None:
        with pytest.raises(ZeroDivisionError):
            schedule_of(lambda: 1 / 0).evaluate_tick(at())

    def test_a_context_of_a_sensor_is_refused(self) -> None:
        with pytest.raises(dg.CheckError, match=r"give build_schedule_context\(\)"):
            schedule_of(lambda: None).evaluate_tick(dg.build_sensor_context())


class TestCalls:
    def test_the_function_is_called_with_its_context_whatever_that_is_named(self) -> None:
        schedule = schedule_of(lambda moment: moment.scheduled_execution_time.hour)

        assert schedule(at()) == 6
        assert schedule(moment=at()) == 6

    def test_resources_are_found_by_annotation(self) -> None:
        class Depot(dg.ConfigurableResource):
            place: str

        @dg.schedule("@daily", job=nightly)
        def keep(context: dg.ScheduleEvaluationContext, depot: Depot) -> dg.RunRequest:
            return dg.RunRequest(run_key=f"{depot.place}-{context.scheduled_execution_time:%d}")

        assert keep(at(), depot=Depot(place="north")).run_key == "north-15"
        defs = dg.Definitions(schedules=[keep], resources={"depot": Depot(place="south")})
        [request] = requests_of(keep, definitions=defs)
        assert request.run_key == "south-15"

    def test_a_call_without_the_context_says_how_to_get_one(self) -> None:
        with pytest.raises(
            dg.DagsterInvalidInvocationError,
            match=r"schedule 's' was called without its context 'context': give build_schedule_context\(\)",
        ):
            schedule_of(lambda context: None)()

    def test_a_context_of_a_sensor_is_refused(self) -> None:
        with pytest.raises(dg.CheckError, match=r"give build_schedule_context\(\)"):
            schedule_of(lambda context: None)(dg.build_sensor_context())


class TestContext:
    def test_a_time_without_a_time_zone_is_one_in_utc(self) -> None:
        assert at(datetime(2026, 3, 15, 6)).scheduled_execution_time == SIX

    def test_a_time_in_a_time_zone_stays_there(self) -> None:
        there = timezone(timedelta(hours=3))

        assert at(SIX.astimezone(there)).scheduled_execution_time.tzinfo is there

    def test_without_a_time_asking_for_it_says_so(self) -> None:
        with pytest.raises(dg.CheckError, match="no scheduled_execution_time was set on this context"):
            _ = dg.build_schedule_context().scheduled_execution_time

    def test_its_cursor_is_not_for_the_function(self) -> None:
        with pytest.raises(dg.DagsterInvariantViolationError, match="The cursor is managed by the schedule"):
            at().update_cursor("x")

    def test_what_is_no_time_is_refused(self) -> None:
        with pytest.raises(dg.CheckError, match=r"scheduled_execution_time is '06:00' \(str\)"):
            dg.build_schedule_context(scheduled_execution_time="06:00")  # type: ignore[arg-type]

    def test_lines_of_its_log_are_kept(self) -> None:
        context = at()
        schedule_of(lambda context: context.log.info("on time"))(context)

        assert [text for _, _, text in context.log_records] == ["on time"]


DAYS = dg.DailyPartitionsDefinition("2026-01-01", "2030-01-01")
LIST = dg.StaticPartitionsDefinition(["a", "b"])


def partition_requests(partitions: Any, time: datetime = SIX, **options: Any) -> Any:
    @dg.job(partitions_def=partitions)
    def pj() -> None:
        step()

    schedule = dg.build_schedule_from_partitioned_job(pj, **options)
    defs = dg.Definitions(schedules=[schedule])
    tick = defs.get_schedule_def("pj_schedule").evaluate_tick(at(time, definitions=defs))
    return [(r.partition_key, r.run_key, dict(r.tags)) for r in tick.run_requests] or tick.skip_message


class TestOfAPartitionedJob:
    def test_the_latest_partition_that_was_over_at_the_moment_is_asked_for(self) -> None:
        tags = {"dagster/partition_set": "pj_partition_set", "dagster/schedule_name": "pj_schedule"}

        assert partition_requests(DAYS) == [
            ("2026-03-14", "2026-03-14", {**tags, "dagster/partition": "2026-03-14"})
        ]

    def test_at_the_very_end_of_a_partition_it_is_over(self) -> None:
        [(key, _, _)] = partition_requests(DAYS, datetime(2026, 3, 15, tzinfo=UTC))

        assert key == "2026-03-14"

    def test_a_moment_that_has_not_come_yet_can_be_tried(self) -> None:
        [(key, _, _)] = partition_requests(DAYS, datetime(2029, 5, 2, tzinfo=UTC))

        assert key == "2029-05-01"

    def test_before_the_first_partition_is_over_it_skips(self) -> None:
        reason = partition_requests(DAYS, datetime(2026, 1, 1, 12, tzinfo=UTC))

        assert reason == "The job's PartitionsDefinition has no partitions"

    def test_of_a_list_all_are_asked_for(self) -> None:
        found = partition_requests(LIST, cron_schedule="@daily", tags={"team": "a"})

        assert [(key, run_key, tags["team"]) for key, run_key, tags in found] == [
            ("a", "a", "a"),
            ("b", "b", "a"),
        ]

    def test_of_two_dimensions_the_latest_time_is_asked_for_with_all_of_the_list(self) -> None:
        found = partition_requests(dg.MultiPartitionsDefinition({"day": DAYS, "area": LIST}))

        assert [key for key, _, _ in found] == ["a|2026-03-14", "b|2026-03-14"]

    def test_the_config_of_the_partition_is_the_run_config(self) -> None:
        @dg.daily_partitioned_config(start_date="2026-01-01")
        def config(start: datetime, _end: datetime) -> dict[str, Any]:
            return {"ops": {"step": {"config": {"day": f"{start:%m-%d}"}}}}

        @dg.op(config_schema={"day": str})
        def step() -> None: ...

        @dg.job(config=config)
        def pj() -> None:
            step()

        defs = dg.Definitions(schedules=[dg.build_schedule_from_partitioned_job(pj)])
        [request] = requests_of(defs.get_schedule_def("pj_schedule"), definitions=defs)

        assert request.run_config == {"ops": {"step": {"config": {"day": "03-14"}}}}


#: Days some weeks before clocks go forward or back, each with the hour in which they do.
CHANGES = [
    ("Europe/Berlin", "2026-03-10", 2),
    ("Europe/Berlin", "2026-10-10", 2),
    ("America/New_York", "2026-02-20", 2),
    ("America/New_York", "2026-10-10", 1),
    ("America/Santiago", "2026-08-20", 0),
    ("Africa/Cairo", "2026-04-05", 0),
    ("Australia/Lord_Howe", "2026-09-15", 2),
]


@pytest.mark.parametrize("minute", [0, 15, 30])
@pytest.mark.parametrize(("timezone", "first", "hour"), CHANGES)
@pytest.mark.parametrize("kind", [dg.DailyPartitionsDefinition, dg.WeeklyPartitionsDefinition])
def test_each_partition_is_asked_for_once_where_clocks_change(
    kind: Callable[..., Any], timezone: str, first: str, hour: int, minute: int
) -> None:
    """Of a schedule that ticks before its partition is over: one is asked for twice, and one never."""
    partitions = kind(first, timezone=timezone, hour_offset=hour, minute_offset=minute)
    keys = partitions.get_partition_keys(
        datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(days=35)
    )

    @dg.job(partitions_def=partitions)
    def pj() -> None:
        step()

    schedule = dg.build_schedule_from_partitioned_job(pj)
    assert isinstance(schedule, dg.ScheduleDefinition)
    start = partitions.time_window_for_partition_key(keys[0]).start
    moment, asked = (start - EPOCH) // timedelta(microseconds=1), []
    for _ in keys:
        moment = schedule.moments(moment)
        context = at(EPOCH + timedelta(microseconds=moment), definitions=dg.Definitions(schedules=[schedule]))
        asked += [request.partition_key for request in schedule.evaluate_tick(context).run_requests]

    assert asked == list(keys)

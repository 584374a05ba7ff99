"""Declaring schedules: what may be given, what is refused, and what definitions make of them."""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import pytest

import ticktrail as dg


@dg.op
def step() -> None: ...


@dg.job
def nightly() -> None:
    step()


@dg.job
def other() -> None:
    step()


@dg.asset
def report() -> None: ...


DAYS = dg.DailyPartitionsDefinition("2026-01-01", timezone="Europe/Berlin")


@dg.asset(partitions_def=DAYS)
def daily() -> None: ...


def define(cron: Any = "0 6 * * *", **options: Any) -> dg.ScheduleDefinition:
    if not {"job", "job_name", "target"} & set(options):
        options["job"] = nightly
    return dg.ScheduleDefinition(cron_schedule=cron, **options)


class TestDeclaration:
    def test_it_is_named_for_its_job(self) -> None:
        assert define().name == "nightly_schedule"
        assert define(job_name="nightly", job=None).name == "nightly_schedule"
        assert define(target=nightly).name == "nightly_schedule"
        assert define(name="mine").name == "mine"

    def test_the_decorator_names_it_for_the_function(self) -> None:
        @dg.schedule("@daily", job=nightly, description="at night")
        def at_night() -> None: ...

        assert isinstance(at_night, dg.ScheduleDefinition)
        assert (at_night.name, at_night.description, at_night.cron_schedule) == (
            "at_night",
            "at night",
            "@daily",
        )
        assert at_night.default_status is dg.DefaultScheduleStatus.STOPPED
        assert repr(at_night) == "ScheduleDefinition('at_night')"

    def test_it_keeps_what_it_was_declared_with(self) -> None:
        made = define(
            ["0 6 * * *", "@weekly"],
            execution_timezone="Europe/Berlin",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            tags={"team": "a"},
            owners=["team:data"],
            metadata={"rank": 1},
        )

        assert made.cron_schedule == ["0 6 * * *", "@weekly"]
        assert made.cron_text == "0 6 * * *; @weekly"
        assert (made.execution_timezone, made.timezone) == ("Europe/Berlin", "Europe/Berlin")
        assert made.default_status is dg.DefaultScheduleStatus.RUNNING
        assert (made.tags, made.owners, made.kind) == ({"team": "a"}, ["team:data"], "SCHEDULE")

    def test_without_a_time_zone_it_goes_by_utc(self) -> None:
        assert (define().execution_timezone, define().timezone) == (None, "UTC")

    def test_a_copy_with_another_job_asks_for_that(self) -> None:
        assert define().with_updated_job(other).job is other
        assert copy.copy(define()).cron_schedule == "0 6 * * *"


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "error", "told"),
        [
            (
                {"cron": "0 6 * *"},
                dg.DagsterInvalidDefinitionError,
                "cron_schedule of schedule 'nightly_schedule'",
            ),
            ({"cron": "* * * * * *"}, dg.DagsterInvalidDefinitionError, "has 6 fields: give five"),
            ({"cron": ["@daily", "x"]}, dg.DagsterInvalidDefinitionError, "'x' has 1 fields"),
            ({"cron": []}, dg.DagsterInvalidDefinitionError, "it is empty: give a cron expression"),
            ({"cron": None}, dg.CheckError, "is None (NoneType): give a str or a list of str"),
            ({"cron": 5}, dg.CheckError, "is 5 (int)"),
            (
                {"execution_timezone": "Nowhere/X"},
                dg.DagsterInvalidDefinitionError,
                "execution_timezone of schedule 'nightly_schedule': there is no time zone 'Nowhere/X'",
            ),
            (
                {"default_status": dg.DefaultSensorStatus.RUNNING},
                dg.CheckError,
                "give a DefaultScheduleStatus",
            ),
            (
                {"tags": {"a": "b"}, "tags_fn": dict},
                dg.DagsterInvalidDefinitionError,
                "both tags and tags_fn",
            ),
            (
                {"run_config": {"a": 1}, "run_config_fn": dict},
                dg.DagsterInvalidDefinitionError,
                "both run_config and run_config_fn",
            ),
            (
                {"execution_fn": lambda: None, "run_config": {"a": 1}},
                dg.DagsterInvalidDefinitionError,
                "both execution_fn and run_config",
            ),
            (
                {"job": nightly, "job_name": "nightly"},
                dg.DagsterInvalidDefinitionError,
                "gives job and job_name",
            ),
            (
                {"job": None, "name": "x"},
                dg.CheckError,
                "Must provide target, job, or job_name: schedule 'x'",
            ),
            ({"job": None}, dg.DagsterInvalidDefinitionError, "a schedule of no job needs a name"),
            ({"target": "*"}, dg.DagsterInvalidDefinitionError, "a schedule of no job needs a name"),
            ({"job": "nightly"}, dg.CheckError, "is no job"),
            (
                {"should_execute": True},
                dg.CheckError,
                "should_execute of schedule 'nightly_schedule' is True",
            ),
            (
                {"tags_fn": lambda a, b: {}},
                dg.DagsterInvalidDefinitionError,
                "needs more than its context: b",
            ),
            (
                {"environment_vars": {"A": "1"}},
                dg.DagsterInvalidDefinitionError,
                "'environment_vars' is not supported",
            ),
            ({"name": "not a name"}, dg.DagsterInvalidDefinitionError, "is not a valid schedule name"),
        ],
    )
    def test_a_declaration_that_cannot_be(
        self, options: dict[str, Any], error: type[Exception], told: str
    ) -> None:
        with pytest.raises(error) as refused:
            define(**options)

        assert told in str(refused.value)

    def test_an_unknown_parameter_is_a_type_error(self) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'cron'"):
            dg.ScheduleDefinition(job=nightly, cron="@daily")


class TestDefinitions:
    def test_a_schedule_is_found_by_its_name_and_brings_its_job(self) -> None:
        made = define()
        defs = dg.Definitions(schedules=[made])

        assert defs.get_schedule_def("nightly_schedule") is made
        assert defs.get_job_def("nightly") is nightly
        assert defs.get_repository_def().schedule_defs == [made]
        assert defs.get_repository_def().has_schedule_def("nightly_schedule")
        assert defs.get_repository_def().sensors == {}

    def test_an_unknown_name_tells_the_known_ones(self) -> None:
        defs = dg.Definitions(schedules=[define()])

        with pytest.raises(
            dg.DagsterInvariantViolationError, match="no schedule 'x', known are: nightly_schedule"
        ):
            defs.get_schedule_def("x")

    def test_assets_as_target_get_a_job_of_their_own(self) -> None:
        defs = dg.Definitions(assets=[report], schedules=[define(name="s", target="*")])

        assert defs.has_job_def("__anonymous_asset_job_s")

    def test_sensors_and_schedules_share_their_names(self) -> None:
        sensor = dg.sensor(name="nightly_schedule", job=nightly)(lambda: None)

        with pytest.raises(
            dg.DagsterInvalidDefinitionError,
            match="Duplicate definition found for 'nightly_schedule': two different schedules or sensors",
        ):
            dg.Definitions(sensors=[sensor], schedules=[define()]).get_repository_def()

    def test_a_schedule_among_the_sensors_is_refused(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"sensors\[0\] must be what @sensor made"):
            dg.Definitions(sensors=[define()])

    def test_an_unknown_job_is_refused(self) -> None:
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match="schedule 'gone_schedule' targets the job 'gone'"
        ):
            dg.Definitions(schedules=[define(job_name="gone", job=None)]).get_repository_def()

    def test_a_missing_resource_is_refused(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"schedule 'nightly_schedule'.*'db'"):
            needing = define(execution_fn=lambda: None, required_resource_keys={"db"})
            dg.Definitions(schedules=[needing]).get_repository_def()

    def test_merged_definitions_have_the_schedules_of_all_once(self) -> None:
        made, another = define(), define(name="another")
        part = dg.Definitions(schedules=[made])

        merged = dg.Definitions.merge(part, dg.Definitions(schedules=[another, made]))

        assert merged.schedules == [made, another]

    def test_schedules_are_found_in_modules_and_are_no_sensors(self) -> None:
        module = ModuleType("schedules")
        made, daily_job = define(), dg.define_asset_job("daily_job", [daily])
        unresolved = dg.build_schedule_from_partitioned_job(daily_job)
        vars(module).update(made=made, more=[unresolved], daily=daily)

        found = dg.load_definitions_from_module(module)

        assert (found.schedules, found.sensors) == ([made, unresolved], [])
        assert found.get_schedule_def("daily_job_schedule").cron_schedule == "0 0 * * *"


def partitioned(partitions: Any) -> dg.JobDefinition:
    @dg.job(partitions_def=partitions)
    def pj() -> None:
        step()

    return pj


HOURS = dg.HourlyPartitionsDefinition("2026-01-01-00:00", minute_offset=15)
WEEKS = dg.WeeklyPartitionsDefinition("2026-01-01", day_offset=3, hour_offset=2)
MONTHS = dg.MonthlyPartitionsDefinition("2026-01-01", day_offset=5, hour_offset=4)
LIST = dg.StaticPartitionsDefinition(["a", "b"])
build = dg.build_schedule_from_partitioned_job


class TestOfAPartitionedJob:
    @pytest.mark.parametrize(
        ("partitions", "times", "cron"),
        [
            (HOURS, {}, "15 * * * *"),
            (HOURS, {"minute_of_hour": 40}, "40 * * * *"),
            (DAYS, {}, "0 0 * * *"),
            (DAYS, {"hour_of_day": 7, "minute_of_hour": 5}, "5 7 * * *"),
            (WEEKS, {}, "0 2 * * 3"),
            (WEEKS, {"day_of_week": 0}, "0 2 * * 0"),
            (MONTHS, {}, "0 4 5 * *"),
            (MONTHS, {"day_of_month": 7, "hour_of_day": 0}, "0 0 7 * *"),
            (dg.MultiPartitionsDefinition({"day": DAYS, "of": LIST}), {"hour_of_day": 2}, "0 2 * * *"),
            (LIST, {"cron_schedule": "0 5 * * *"}, "0 5 * * *"),
        ],
    )
    def test_it_ticks_when_a_partition_ends_or_later(
        self, partitions: Any, times: dict[str, Any], cron: str
    ) -> None:
        made = build(partitioned(partitions), **times)

        assert isinstance(made, dg.ScheduleDefinition)
        assert (made.name, made.cron_schedule) == ("pj_schedule", cron)

    def test_it_goes_by_the_time_zone_of_the_partitions(self) -> None:
        made = build(partitioned(DAYS), name="mine", description="each day")

        assert isinstance(made, dg.ScheduleDefinition)
        assert (made.name, made.description, made.execution_timezone) == ("mine", "each day", "Europe/Berlin")

    def test_the_partitions_of_the_assets_of_a_job_are_known_to_the_definitions(self) -> None:
        job = dg.define_asset_job("daily_job", [daily])
        defs = dg.Definitions(assets=[daily, report], schedules=[build(job, hour_of_day=3)])

        made = defs.get_schedule_def("daily_job_schedule")
        assert (made.cron_schedule, made.execution_timezone) == ("0 3 * * *", "Europe/Berlin")
        assert defs.has_job_def("daily_job")

    @pytest.mark.parametrize(
        ("partitions", "options", "error", "told"),
        [
            (None, {}, dg.CheckError, "The provided job is not partitioned"),
            (LIST, {}, dg.CheckError, "requires a cron schedule"),
            (LIST, {"cron_schedule": "@daily", "hour_of_day": 1}, dg.CheckError, "Cannot provide"),
            (DAYS, {"cron_schedule": "@daily"}, dg.CheckError, "Cannot provide cron_schedule"),
            (
                HOURS,
                {"hour_of_day": 1},
                dg.CheckError,
                "Cannot set hour_of_day with HourlyPartitionsDefinition",
            ),
            (DAYS, {"day_of_week": 1}, dg.CheckError, "Cannot set day_of_week"),
            (WEEKS, {"day_of_month": 1}, dg.CheckError, "Cannot set day_of_month"),
            (
                DAYS,
                {"hour_of_day": 25},
                dg.DagsterInvalidDefinitionError,
                "'0 25 * * *' is no cron expression",
            ),
            (
                dg.MultiPartitionsDefinition({"one": LIST, "two": LIST}),
                {},
                dg.DagsterInvalidDefinitionError,
                "cannot follow MultiPartitionsDefinition",
            ),
        ],
    )
    def test_times_that_do_not_fit_are_refused(
        self, partitions: Any, options: dict[str, Any], error: type[Exception], told: str
    ) -> None:
        with pytest.raises(error) as refused:
            build(partitioned(partitions), **options)

        assert told in str(refused.value)

    def test_an_asset_job_without_partitions_is_refused_by_the_definitions(self) -> None:
        made = build(dg.define_asset_job("reports", [report]))

        with pytest.raises(dg.CheckError, match="'reports_schedule': The provided job is not partitioned"):
            dg.Definitions(assets=[report], schedules=[made]).get_schedule_def("reports_schedule")

"""How people test run status sensors, and what a declaration may not say."""

from __future__ import annotations

from typing import Any

import pytest

import ticktrail as dg

SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@dg.op
def works() -> None: ...


@dg.op
def breaks() -> None:
    raise ValueError("no such table")


@dg.job
def good() -> None:
    works()


@dg.job
def bad() -> None:
    breaks()


@dg.run_status_sensor(SUCCESS, request_job=good)
def follow(context: dg.RunStatusSensorContext) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=context.dagster_run.run_id, tags={"of": context.dagster_event.job_name or ""}
    )


@dg.run_failure_sensor
def alert(context: dg.RunFailureSensorContext) -> Any:
    [step] = context.get_step_failure_events()
    data = step.step_failure_data
    return dg.SkipReason(f"{step.step_key} in {context.dagster_run.job_name}: {data.error.message}")


def test_the_first_tick_initialises_and_the_second_fires_for_the_run_between() -> None:
    instance = dg.DagsterInstance.ephemeral()
    good.execute_in_process(instance=instance)

    first = follow.evaluate_tick(dg.build_sensor_context(instance=instance))
    result = good.execute_in_process(instance=instance)
    second = follow.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
    third = follow.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=second.cursor))

    assert first.skip_message == f"Initiating follow. Set cursor to {first.cursor}"
    assert first.run_requests == []
    [request] = second.run_requests
    assert (request.run_key, request.tags["of"]) == (result.run_id, "good")
    assert [reaction.run_id for reaction in second.dagster_run_reactions] == [result.run_id]
    assert (third.run_requests, third.dagster_run_reactions) == ([], [])


def test_only_the_status_and_the_jobs_that_are_monitored_count() -> None:
    seen = []
    sensor = dg.run_failure_sensor(name="s", monitored_jobs=[bad])(
        lambda context: seen.append(context.dagster_run.job_name)
    )
    other = dg.run_failure_sensor(name="t", monitored_jobs=[good])(lambda context: seen.append("other"))
    instance = dg.DagsterInstance.ephemeral()
    cursors = [
        one.evaluate_tick(dg.build_sensor_context(instance=instance)).cursor for one in (sensor, other)
    ]
    good.execute_in_process(instance=instance)
    bad.execute_in_process(instance=instance, raise_on_error=False)

    for one, cursor in zip((sensor, other), cursors, strict=True):
        one.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))

    assert seen == ["bad"]


def test_runs_of_another_instance_are_none_of_a_sensors() -> None:
    here, there = dg.DagsterInstance.ephemeral(), dg.DagsterInstance.ephemeral()
    first = follow.evaluate_tick(dg.build_sensor_context(instance=here))
    good.execute_in_process(instance=there)

    second = follow.evaluate_tick(dg.build_sensor_context(instance=here, cursor=first.cursor))

    assert second.skip_message == "Sensor function returned an empty result"


def test_a_sensor_is_called_with_the_event_of_a_run_that_ended_well() -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = good.execute_in_process(instance=instance)

    context = dg.build_run_status_sensor_context(
        sensor_name="follow",
        dagster_event=result.get_job_success_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    )

    assert follow(context) == dg.RunRequest(run_key=result.run_id, tags={"of": "good"})
    assert (context.sensor_name, context.partition_key) == ("follow", None)


def test_a_failure_sensor_is_called_with_the_context_of_a_failure() -> None:
    with dg.instance_for_test() as instance:
        result = bad.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="alert",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            partition_key="monday",
        )

        with pytest.raises(dg.DagsterInvalidInvocationError, match=r"\.for_run_failure\(\)"):
            alert(context)
        failure = context.for_run_failure()

        assert alert(failure) == dg.SkipReason("breaks in bad: ValueError: no such table")
        assert failure.failure_event is context.dagster_event
        assert failure.partition_key == "monday"


def test_a_sensor_is_not_called_with_another_context() -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError, match="was called without its context"):
        follow(dg.build_sensor_context())
    with pytest.raises(dg.DagsterInvalidInvocationError, match="was called without its context"):
        follow()


def test_a_function_without_a_context_is_called_for_each_run_all_the_same() -> None:
    called = []
    sensor = dg.run_status_sensor(SUCCESS, name="s")(lambda: called.append(1))
    instance = dg.DagsterInstance.ephemeral()
    first = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    good.execute_in_process(instance=instance)

    second = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))

    assert called == [1]
    assert second.skip_message is None


def test_a_reaction_gets_the_resources_and_the_log_of_the_tick() -> None:
    @dg.run_status_sensor(SUCCESS)
    def posting(context: dg.RunStatusSensorContext, chat: dg.ResourceParam[list[str]]) -> None:
        chat.append(context.dagster_run.job_name)
        context.log.info("posted")

    instance, chat = dg.DagsterInstance.ephemeral(), list[str]()
    first = posting.evaluate_tick(dg.build_sensor_context(instance=instance, resources={"chat": chat}))
    good.execute_in_process(instance=instance)
    context = dg.build_sensor_context(instance=instance, resources={"chat": chat}, cursor=first.cursor)

    posting.evaluate_tick(context)

    assert chat == ["good"]
    assert [line[2] for line in context.log_records] == ["posted"]


def test_a_reaction_may_not_set_the_cursor() -> None:
    sensor = dg.run_status_sensor(SUCCESS, name="s")(lambda context: dg.SensorResult(cursor="x"))
    instance = dg.DagsterInstance.ephemeral()
    first = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    good.execute_in_process(instance=instance)

    with pytest.raises(dg.DagsterInvariantViolationError, match="The cursor is managed by the sensor 's'"):
        sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))


def test_a_sensor_without_an_instance_says_what_to_give() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match=r"build_sensor_context\(instance="):
        follow.evaluate_tick(dg.build_sensor_context())


@pytest.mark.parametrize(
    ("options", "error", "why"),
    [
        ({"monitored_jobs": ["good"]}, dg.CheckError, r"monitored_jobs of sensor 's' has 'good' \(str\)"),
        ({"monitored_jobs": "good"}, dg.CheckError, r"is 'good' \(str\): give a list of jobs"),
        (
            {"monitored_jobs": [good], "monitor_all_code_locations": True},
            dg.DagsterInvalidDefinitionError,
            "got both monitored_jobs and monitor_all_code_locations",
        ),
        (
            {"job_selection": [good], "monitor_all_repositories": True},
            dg.DagsterInvalidDefinitionError,
            "got both monitored_jobs and monitor_all_code_locations",
        ),
        (
            {"request_job": good, "request_jobs": [bad]},
            dg.DagsterInvalidDefinitionError,
            "got both request_job and request_jobs",
        ),
        ({"run_status": "SUCCESS"}, dg.CheckError, r"run_status of sensor 's' is 'SUCCESS' \(str\)"),
        (
            {"run_status": dg.DagsterRunStatus.NOT_STARTED},
            dg.DagsterInvalidDefinitionError,
            "get to NOT_STARTED, of which no event tells: choose from QUEUED",
        ),
        ({"run_status": dg.DagsterRunStatus.MANAGED}, dg.DagsterInvalidDefinitionError, "get to MANAGED"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(
    options: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        dg.run_status_sensor(**{"run_status": SUCCESS, "name": "s", **options})(lambda context: None)


def test_no_jobs_are_all_jobs_and_selectors_of_places_too() -> None:
    def names(*selectors: Any) -> Any:
        sensor = dg.run_status_sensor(SUCCESS, name="s", monitored_jobs=selectors)(lambda context: None)
        return sensor.monitored_job_names

    assert names() is None
    assert names(dg.CodeLocationSelector(location_name="x")) is None
    assert names(good, dg.RepositorySelector(location_name="x", repository_name="y")) is None
    assert names(good, dg.JobSelector(location_name="x", job_name="bad")) == {"good", "bad"}
    assert names(dg.define_asset_job("assets")) == {"assets"}


def test_run_failure_sensor_works_with_and_without_parentheses() -> None:
    called = dg.run_failure_sensor(name="called", monitored_jobs=[bad])(lambda context: None)

    assert (alert.name, alert.run_status, alert.sensor_type) == ("alert", FAILURE, dg.SensorType.RUN_STATUS)
    assert (called.name, called.monitored_job_names) == ("called", frozenset(["bad"]))

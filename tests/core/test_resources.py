"""Resources: how they are declared, set up, handed over and closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.core.evaluation import evaluate
from ticktrail.core.events import StepLogged

happened: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_happened() -> None:
    happened.clear()


class Store(dg.ConfigurableResource):
    url: str
    size: int = 1
    _connection: str | None = None

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        happened.append(f"open {self.url}")
        self._connection = f"to {self.url}"

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        happened.append(f"close {self.url}")

    @property
    def connection(self) -> str | None:
        return self._connection


class Plain(dg.ConfigurableResource):
    name: str = "plain"


class Broken(dg.ConfigurableResource):
    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        raise OSError("no route")


class Sticky(dg.ConfigurableResource):
    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        raise OSError("flush failed")


@dg.resource
def counted() -> Iterator[str]:
    happened.append("begin")
    yield "the value"
    happened.append("end")


@dg.sensor
def reads_store(context: dg.SensorEvaluationContext, store: Store) -> dg.SkipReason:
    return dg.SkipReason(f"{store.connection} at {context.cursor}")


@dg.sensor
def reads_plain(plain: Plain) -> dg.SkipReason:
    return dg.SkipReason(plain.name)


def tick(sensor: dg.SensorDefinition, **resources: Any) -> dg.SensorExecutionData:
    return sensor.evaluate_tick(dg.build_sensor_context(resources=resources))


def run(fn: Callable[..., Any], **options: Any) -> Any:
    return dg.materialize([dg.asset(name="made")(fn)], **options)


class TestDeclaring:
    def test_a_field_of_the_wrong_type_is_refused(self) -> None:
        wrong: Any = 5
        with pytest.raises(dg.DagsterInvalidConfigError, match=r"Store\.url: Expected `str`, got `int`"):
            Store(url=wrong)

    def test_fields_are_fixed_and_names_with_an_underscore_are_free(self) -> None:
        store = Store(url="a")

        with pytest.raises(AttributeError, match=r"Store\.url cannot be set"):
            store.url = "b"
        store._connection = "c"
        assert (store.url, store.connection) == ("a", "c")

    def test_a_variable_is_refused_in_a_config_class_that_would_store_its_name(self) -> None:
        class File(dg.Config):
            name: str

        with pytest.raises(
            dg.DagsterInvalidConfigError, match="may be a field of a ConfigurableResource only"
        ):
            File(name=dg.EnvVar("NAME"))

    def test_keys_and_parameters_exclude_each_other(self) -> None:
        def fn(plain: Plain) -> None: ...

        for decorate in (dg.sensor, dg.asset, dg.op):
            decorate_any: Any = decorate
            with pytest.raises(dg.CheckError, match="both required_resource_keys and resource parameters"):
                decorate_any(required_resource_keys={"x"})(fn)

    @pytest.mark.parametrize("keys", [["api"], {1}, "api"])
    def test_keys_are_a_set_of_text(self, keys: Any) -> None:
        with pytest.raises(dg.CheckError, match="give a set of str"):
            dg.op(required_resource_keys=keys)(lambda: 1)

    def test_a_missing_resource_is_reported_when_definitions_load(self) -> None:
        with pytest.raises(
            dg.DagsterInvalidDefinitionError,
            match="'store' required by sensor 'reads_store' was not provided",
        ):
            dg.Definitions(sensors=[reads_store]).get_repository_def()
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'api' required by op 'a' of job"):
            dg.Definitions(
                assets=[dg.asset(name="a", required_resource_keys={"api"})(lambda: 1)]
            ).get_repository_def()

    def test_what_serves_once_and_a_class_are_refused(self) -> None:
        @contextmanager
        def once() -> Iterator[int]:
            yield 1

        for resource, why in (
            (once(), "@resource"),
            ((n for n in range(1)), "@resource"),
            (Plain, r"give Plain\("),
        ):
            with pytest.raises(dg.DagsterInvalidDefinitionError, match=why):
                dg.Definitions(resources={"r": resource})

    def test_a_list_as_default_is_each_resources_own(self) -> None:
        class Tables(dg.ConfigurableResource):
            names: list[str] = ["a"]  # noqa: RUF012 - copied for each

        one = Tables()
        one.names.append("b")
        assert Tables().names == ["a"]


class TestEnvironment:
    def test_a_variable_is_read_when_the_resource_is_set_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store = Store(url=dg.EnvVar("STORE_URL"), size=dg.EnvVar.int("STORE_SIZE"))
        monkeypatch.setenv("STORE_URL", "sesame")
        monkeypatch.setenv("STORE_SIZE", "7")
        seen = []

        def fn(store: Store) -> None:
            seen.append((store.url, store.size, repr(store)))

        assert run(fn, resources={"store": store}).success
        assert seen == [("sesame", 7, "Store(url=EnvVar('STORE_URL'), size=EnvVar.int('STORE_SIZE'))")]
        assert repr(store) == seen[0][2]

    def test_a_variable_that_is_not_set_fails_the_tick_and_names_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("STORE_URL", raising=False)
        with pytest.raises(
            dg.DagsterResourceFunctionError, match=r"resource 'store' .* 'STORE_URL', which is not set"
        ):
            tick(reads_store, store=Store(url=dg.EnvVar("STORE_URL")))

    def test_a_value_that_does_not_fit_is_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORE_SIZE", "sesame")

        with pytest.raises(dg.DagsterResourceFunctionError) as error:
            tick(reads_store, store=Store(url="a", size=dg.EnvVar.int("STORE_SIZE")))

        assert "STORE_SIZE" in str(error.value) and "sesame" not in str(error.value)

    def test_the_run_config_holds_the_name_and_never_the_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORE_URL", "sesame")
        seen = []

        def fn(context: dg.AssetExecutionContext, store: Store) -> None:
            seen.append(store.url)

        config = dg.RunConfig(resources={"store": Store(url=dg.EnvVar("STORE_URL"))})
        result = run(fn, resources={"store": Store(url="other")}, run_config=config)

        assert seen == ["sesame"]
        assert result.dagster_run.run_config["resources"] == {
            "store": {"config": {"url": {"env": "STORE_URL"}, "size": 1}}
        }
        assert "sesame" not in repr(result.all_events)

    def test_a_variable_is_not_its_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORE_URL", "sesame")

        with pytest.raises(dg.DagsterInvariantViolationError, match="is not the text"):
            f"{dg.EnvVar('STORE_URL')}"
        assert dg.EnvVar("STORE_URL").get_value() == "sesame"
        assert dg.EnvVar("STORE_NOTHING").get_value("default") == "default"


class TestRuns:
    def test_a_resource_is_set_up_once_and_closed_at_the_end_also_of_a_run_that_failed(self) -> None:
        @dg.asset
        def first(store: Store) -> str | None:
            return store.connection

        @dg.asset
        def second(first: str, store: Store) -> None:
            happened.append(first)
            raise ValueError("bad")

        result = dg.materialize([first, second], resources={"store": Store(url="x")}, raise_on_error=False)

        assert not result.success
        assert happened == ["open x", "to x", "close x"]

    def test_a_resource_that_nothing_asks_for_is_not_set_up(self) -> None:
        assert run(lambda: 1, resources={"store": Store(url="x"), "counted": counted}).success
        assert happened == []

    def test_a_required_key_is_found_on_the_context(self) -> None:
        @dg.op(required_resource_keys={"counted"})
        def works(context: dg.OpExecutionContext) -> None:
            happened.append(context.resources.counted)

        @dg.job
        def j() -> None:
            works()

        j.execute_in_process(resources={"counted": counted})
        assert happened == ["begin", "the value", "end"]
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'counted' required by op 'works'"):
            j.execute_in_process()

    def test_any_object_is_handed_over_as_it_is(self) -> None:
        given, seen = object(), []

        def fn(thing: dg.ResourceParam[object]) -> None:
            seen.append(thing)

        run(fn, resources={"thing": given})
        assert seen == [given]

    def test_run_config_replaces_fields_for_one_run(self) -> None:
        def fn(store: Store) -> None:
            happened.append(str(store.size))

        config = {"resources": {"store": {"config": {"url": "y"}}}}
        run(fn, resources={"store": Store(url="x", size=3)}, run_config=config)
        assert happened == ["open y", "3", "close y"]

    def test_run_config_of_resources_is_checked_with_every_problem(self) -> None:
        config = {
            "resources": {
                "store": {"config": {"url": 1, "speed": 2}},
                "plain": {"cfg": {}},
                "thing": {"config": {"a": 1}},
            }
        }
        with pytest.raises(dg.DagsterInvalidConfigError) as error:
            run(
                lambda: 1,
                resources={"store": Store(url="x"), "plain": Plain(), "thing": "text"},
                run_config=config,
            )

        assert error.value.problems == [
            "resources.store.config.url: Expected str, got int, the value is 1",
            "resources.store.config.speed: unknown field, known are: size, url",
            "resources.plain.cfg: unknown key, known are: config",
            "resources.thing.config: the resource is a str, which takes no config",
        ]

    def test_a_function_resource_gets_its_config(self) -> None:
        @dg.resource(config_schema={"level": int})
        def leveled(context: dg.InitResourceContext) -> int:
            level: int = context.resource_config["level"]
            return level

        seen = []

        def fn(level: dg.ResourceParam[int]) -> None:
            seen.append(level)

        run(fn, resources={"level": leveled}, run_config={"resources": {"level": {"config": {"level": 4}}}})
        assert seen == [4]
        with pytest.raises(dg.DagsterInvalidConfigError, match=r"resources\.level\.config\.level: missing"):
            run(fn, resources={"level": leveled})

    def test_config_is_asked_of_the_resources_that_a_step_requires_only(self) -> None:
        needy = dg.resource(config_schema={"level": int})(lambda context: 1)

        assert run(lambda: 1, resources={"needy": needy}).success

    def test_a_jobs_own_config_of_resources_is_checked_when_definitions_load(self) -> None:
        def define(field: str) -> dg.JobDefinition:
            @dg.op
            def works(store: Store) -> None: ...

            @dg.job(config={"resources": {"store": {"config": {field: "y"}}}})
            def j() -> None:
                works()

            return j

        resources = {"store": Store(url="x")}
        dg.Definitions(jobs=[define("url")], resources=resources).get_job_def("j").execute_in_process()
        assert happened == ["open y", "close y"]
        with pytest.raises(
            dg.DagsterInvalidConfigError, match=r"resources\.store\.config\.uri: unknown field"
        ):
            dg.Definitions(jobs=[define("uri")], resources=resources).get_repository_def()

    def test_a_set_up_that_raises_fails_the_step_and_names_the_resource(self) -> None:
        def fn(broken: Broken) -> None: ...

        result = run(fn, resources={"broken": Broken()}, raise_on_error=False)

        failed = result.all_events[-1]
        assert failed.step == "made"
        assert "resource 'broken' could not be set up: OSError: no route" in failed.error
        assert 'raise OSError("no route")' in failed.traceback

    def test_a_teardown_that_raises_fails_the_run_and_the_others_are_closed(self) -> None:
        def fn(store: Store, sticky: Sticky) -> None: ...

        result = run(fn, resources={"store": Store(url="x"), "sticky": Sticky()}, raise_on_error=False)

        failed = result.all_events[-1]
        assert "resource 'sticky' could not be closed: OSError: flush failed" in failed.error
        assert happened == ["open x", "close x"]
        assert [e.step for e in result.all_events if isinstance(e, StepLogged) and e.level == "ERROR"] == [
            None
        ]

    def test_resources_in_fields_are_set_up_before_and_closed_after(self) -> None:
        class Outer(dg.ConfigurableResource):
            inner: Store

            @contextmanager
            def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[str]:
                happened.append(f"outer {self.inner.connection}")
                yield "made of it"
                happened.append("outer ends")

        def fn(outer: dg.ResourceParam[str]) -> None:
            happened.append(outer)

        run(fn, resources={"outer": Outer(inner=Store(url="x"))})
        assert happened == ["open x", "outer to x", "made of it", "outer ends", "close x"]


class TestSensors:
    def test_a_tick_sets_up_what_it_needs_and_closes_it(self) -> None:
        data = tick(reads_store, store=Store(url="x"), counted=counted)

        assert data.skip_message == "to x at None"
        assert happened == ["open x", "close x"]

    def test_a_resource_is_open_while_a_generator_function_yields(self) -> None:
        @dg.sensor
        def yields(store: Store) -> Iterator[dg.SkipReason]:
            happened.append("yields")
            yield dg.SkipReason("s")

        tick(yields, store=Store(url="x"))
        assert happened == ["open x", "yields", "close x"]

    def test_it_is_closed_when_the_function_raises_and_that_error_stays(self) -> None:
        @dg.sensor(required_resource_keys={"sticky", "store"})
        def fails(context: dg.SensorEvaluationContext) -> None:
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            tick(fails, sticky=Sticky(), store=Store(url="x"))
        assert happened == ["open x", "close x"]

    def test_a_set_up_that_raises_is_the_ticks_error_with_the_users_traceback(self) -> None:
        @dg.sensor
        def broken_one(broken: Broken) -> None: ...

        evaluation = evaluate(broken_one, dg.build_sensor_context(resources={"broken": Broken()}))

        assert evaluation.error == (
            "DagsterResourceFunctionError: resource 'broken' could not be set up: OSError: no route"
        )
        assert 'raise OSError("no route")' in (evaluation.traceback or "")

    @pytest.mark.parametrize("raised", [OSError("flush failed"), SystemExit(3)])
    def test_a_teardown_that_raises_is_the_ticks_error_and_the_others_are_closed(
        self, raised: BaseException
    ) -> None:
        class Leaving(dg.ConfigurableResource):
            def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
                raise raised

        @dg.sensor
        def leaves(store: Store, leaving: Leaving) -> None: ...

        resources = {"store": Store(url="x"), "leaving": Leaving()}
        evaluation = evaluate(leaves, dg.build_sensor_context(resources=resources))

        assert evaluation.error is not None
        assert "resource 'leaving' could not be closed" in evaluation.error
        assert [line.partition("\n")[0] for _, _, line in evaluation.logs] == [
            "resource 'leaving' could not be closed"
        ]
        assert sorted(happened) == ["close x", "open x"]

    def test_a_missing_resource_names_sensor_and_key(self) -> None:
        with pytest.raises(
            dg.DagsterInvalidDefinitionError,
            match="Resource with key 'store' required by sensor 'reads_store' was not provided",
        ):
            tick(reads_store)

    def test_the_definitions_resources_are_used(self) -> None:
        definitions = dg.Definitions(sensors=[reads_plain], resources={"plain": Plain(name="theirs")})

        data = reads_plain.evaluate_tick(dg.build_sensor_context(definitions=definitions))

        assert data.skip_message == "theirs"

    def test_resources_are_given_by_name_in_a_direct_call(self) -> None:
        assert reads_plain(plain=Plain(name="p")) == dg.SkipReason("p")
        with dg.build_sensor_context(cursor="c") as context:
            assert reads_store(context, store=Store(url="x")) == dg.SkipReason("to x at c")
        assert happened == ["open x", "close x"]

    def test_a_resource_by_position_is_refused(self) -> None:
        with pytest.raises(dg.DagsterInvalidInvocationError, match=r"give resources by name, store=\.\.\."):
            reads_store(dg.build_sensor_context(), Store(url="x"))
        with pytest.raises(dg.DagsterInvalidInvocationError, match=r"plain=\.\.\."):
            reads_plain(Plain())

    @pytest.mark.parametrize("resource", [Store(url="x"), counted])
    def test_what_needs_closing_needs_the_context_in_a_with_block(self, resource: Any) -> None:
        context = dg.build_sensor_context(resources={"r": resource})

        with pytest.raises(
            dg.DagsterInvariantViolationError, match="At least one provided resource is a generator"
        ):
            _ = context.resources
        assert happened == []

    def test_the_context_may_come_after_a_resource_under_any_name(self) -> None:
        @dg.sensor
        def late(plain: Plain, ctx: dg.SensorEvaluationContext) -> dg.SkipReason:
            return dg.SkipReason(f"{plain.name} {ctx.cursor}")

        context = dg.build_sensor_context(cursor="1", resources={"plain": Plain()})
        assert late(context) == dg.SkipReason("plain 1")

    def test_a_context_serves_one_tick_after_the_other(self) -> None:
        context = dg.build_sensor_context(resources={"store": Store(url="x")})

        reads_store.evaluate_tick(context)
        reads_store.evaluate_tick(context)

        assert happened == ["open x", "close x"] * 2

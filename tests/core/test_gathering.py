from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import ticktrail as dg


@dg.asset
def raw() -> int:
    return 1


@dg.asset(deps=["elsewhere", "table"])
def clean(raw: int) -> int:
    return raw + 1


@dg.asset(key_prefix="inner", group_name="reports")
def report(clean: int) -> int:
    return clean + 1


@dg.multi_asset(specs=[dg.AssetSpec("left", deps=["raw"]), dg.AssetSpec("right", deps=["left"])])
def both() -> None: ...


table = dg.AssetSpec("table", deps=["raw"])


@dg.op
def step() -> None: ...


def op_job(name: str = "j") -> dg.JobDefinition:
    return dg.job(name=name)(lambda: step())


def watch(name: str = "watch", **more: Any) -> dg.SensorDefinition:
    return dg.sensor(name=name, **more)(lambda: None)


class Store(dg.ConfigurableResource):
    url: str = "x"


def module(name: str = "shop.assets", **variables: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(variables)
    return made


def deps(assets: dg.AssetsDefinition | dg.AssetSpec) -> list[str]:
    return [
        key.to_user_string()
        for key in (assets.deps if isinstance(assets, dg.AssetsDefinition) else assets.dep_keys)
    ]


class TestAssets:
    def test_each_is_found_once_in_the_order_of_modules_and_variables(self) -> None:
        first = module("a", clean=clean, raw=raw)
        second = module("b", raw=raw, again=clean, both=both, other=7)

        assert dg.load_assets_from_modules([first, second, first]) == [clean, raw, both]

    def test_lists_are_looked_into_and_nothing_else_is(self) -> None:
        found = dg.load_assets_from_modules(
            [module(several=[raw, 7, [both]], pair=(clean,), by_name={"a": report}, step=step)]
        )

        assert found == [raw]

    def test_specs_come_only_when_asked_for(self) -> None:
        found = module(table=table, raw=raw, more=[dg.AssetSpec("more")])

        assert dg.load_assets_from_modules([found]) == [raw]
        assert [
            key.to_user_string()
            for one in dg.load_assets_from_modules([found], include_specs=True)
            for key in one.asset_keys
        ] == ["table", "raw", "more"]

    def test_one_key_in_two_modules_names_both(self) -> None:
        other = dg.asset(name="raw")(lambda: 2)

        for twice in (other, dg.AssetSpec("raw")):
            with pytest.raises(
                dg.DagsterInvalidDefinitionError,
                match=r"Asset key raw is defined multiple times\. Definitions found in modules: a, b\. Rename",
            ):
                dg.load_assets_from_modules(
                    [module("a", raw=raw), module("b", raw=twice)], include_specs=True
                )

    def test_one_key_twice_in_a_module_names_it(self) -> None:
        other = dg.asset(name="raw")(lambda: 2)

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"found in modules: a\. Rename"):
            dg.load_assets_from_modules([module("a", raw=raw, other=other)])

    def test_a_prefix_is_followed_by_what_depends_on_what_is_loaded(self) -> None:
        found = dg.load_assets_from_modules(
            [module(raw=raw, clean=clean, report=report, both=both, table=table)],
            key_prefix=["p", "q"],
            include_specs=True,
        )

        keys = [key.to_user_string() for one in found for key in one.asset_keys]
        assert keys == ["p/q/raw", "p/q/clean", "p/q/inner/report", "p/q/left", "p/q/right", "table"]
        assert [deps(one) for one in found] == [
            [],
            ["elsewhere", "table"],
            [],
            ["p/q/raw", "p/q/left"],
            ["p/q/raw"],
        ]
        assert isinstance(found[1], dg.AssetsDefinition)
        assert found[1].input_keys == {"raw": dg.AssetKey(["p", "q", "raw"])}

    def test_what_is_loaded_under_a_prefix_runs_with_its_values_and_steps_as_before(self) -> None:
        found = dg.load_assets_from_modules([module(raw=raw, clean=clean, report=report)], key_prefix="p")

        result = dg.materialize([one for one in found if isinstance(one, dg.AssetsDefinition)])

        assert result.asset_value(["p", "inner", "report"]) == 3
        assert result.output_for_node("clean") == 2

    def test_copies_leave_what_is_in_the_modules_as_it_is(self) -> None:
        dg.load_assets_from_modules([module(clean=clean, both=both)], "g", "p")

        assert (clean.key, clean.group_name, deps(clean)) == (
            dg.AssetKey("clean"),
            "default",
            ["elsewhere", "table"],
        )
        assert deps(both) == ["raw", "left"]

    def test_a_group_is_given_to_all_and_refused_by_those_that_have_another(self) -> None:
        found = dg.load_assets_from_modules([module(both=both, table=table)], "g", include_specs=True)

        assert [
            spec.group_name
            for one in found
            for spec in ([one] if isinstance(one, dg.AssetSpec) else one.specs)
        ] == [
            "g",
            "g",
            "g",
        ]
        assert dg.load_assets_from_modules([module(report=report)], "reports")
        with pytest.raises(
            dg.DagsterInvalidDefinitionError,
            match=r"asset 'inner/report' has group name reports, which conflicts with the group name g",
        ):
            dg.load_assets_from_modules([module(report=report)], "g")
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'a b' is not a valid group name"):
            dg.load_assets_from_modules([module(raw=raw)], "a b")

    def test_those_of_the_module_that_calls_are_found(self) -> None:
        found = dg.load_assets_from_current_module(include_specs=True)

        assert found == [raw, clean, report, both, table]

    @pytest.mark.parametrize(
        "name", ["automation_condition", "backfill_policy", "freshness_policy", "source_key_prefix"]
    )
    def test_parameters_that_are_not_here_are_refused_by_name(self, name: str) -> None:
        more: dict[str, Any] = {name: object()}

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=f"'{name}' is not supported yet"):
            dg.load_assets_from_modules([], **more)
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=f"'{name}' is not supported yet"):
            dg.load_assets_from_current_module(**more)
        with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
            dg.load_assets_from_modules([], colour="red")

    @pytest.mark.parametrize("wrong", [module(), [raw], [module(), "shop"]])
    def test_modules_are_expected(self, wrong: Any) -> None:
        with pytest.raises(dg.CheckError, match="modules must be a list of modules"):
            dg.load_assets_from_modules(wrong)


class TestDefinitions:
    def test_everything_is_found(self) -> None:
        made, chosen, seen = op_job(), dg.define_asset_job("chosen", [raw]), watch()
        store = Store()

        defs = dg.load_definitions_from_modules(
            [
                module("assets", raw=raw, table=table),
                module("jobs", made=made, jobs=[chosen], raw=raw),
                module("sensors", sensors=[seen], warehouse=store, made=made),
            ]
        )

        assert (defs.assets, defs.jobs, defs.sensors) == ([raw, table], [made, chosen], [seen])
        assert defs.resources == {"warehouse": store}

    def test_given_resources_are_added_and_come_first(self) -> None:
        found = module(a=Store(), b=Store())

        defs = dg.load_definitions_from_module(found, {"b": "mine", "c": 1})

        assert defs.resources == {"a": found.a, "b": "mine", "c": 1}

    def test_different_things_of_one_name_are_refused_naming_the_modules(self) -> None:
        for variables, others, what in (
            ({"j": op_job()}, {"k": dg.define_asset_job("j")}, "Job name j"),
            ({"s": watch()}, {"s": watch()}, "Sensor name watch"),
            ({"store": Store()}, {"store": Store(url="y")}, "Resource store"),
        ):
            with pytest.raises(
                dg.DagsterInvalidDefinitionError, match=f"{what} is defined multiple times.*modules: a, b"
            ):
                dg.load_definitions_from_modules([module("a", **variables), module("b", **others)])

    def test_a_resource_name_that_is_given_may_stand_for_others_in_the_modules(self) -> None:
        modules = [module("a", store=Store()), module("b", store=Store(url="y"))]

        assert dg.load_definitions_from_modules(modules, {"store": 1}).resources == {"store": 1}

    def test_those_of_the_module_that_calls_are_found(self) -> None:
        defs = dg.load_definitions_from_current_module({"a": 1})

        assert (defs.assets, defs.resources) == ([raw, clean, report, both, table], {"a": 1})

    @pytest.mark.parametrize("name", ["loggers", "executor"])
    def test_parameters_that_are_not_here_are_refused_by_name(self, name: str) -> None:
        for load in (
            lambda **more: dg.load_definitions_from_modules([], **more),
            lambda **more: dg.load_definitions_from_module(module(), **more),
            dg.load_definitions_from_current_module,
        ):
            with pytest.raises(dg.DagsterInvalidDefinitionError, match=f"'{name}' is not supported yet"):
                load(**{name: {"a": 1}})


class TestLazyDefinitions:
    def test_a_function_is_called_for_its_definitions(self) -> None:
        @dg.definitions
        def defs() -> dg.Definitions:
            return dg.Definitions(assets=[raw])

        assert isinstance(defs, dg.LazyDefinitions)
        assert defs().assets == [raw]

    def test_another_result_parameters_and_no_function_are_refused(self) -> None:
        with pytest.raises(dg.DagsterInvariantViolationError, match="must return Definitions, got 1"):
            dg.definitions(lambda: 1)()  # type: ignore[arg-type, return-value]
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="has parameters"):
            dg.definitions(lambda context: dg.Definitions())  # type: ignore[arg-type, misc]
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="is for functions"):
            dg.definitions(dg.Definitions())  # type: ignore[arg-type]

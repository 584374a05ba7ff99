from __future__ import annotations

from typing import Any

import pytest

import ticktrail as dg


@dg.asset
def raw() -> int:
    return 1


@dg.asset
def clean(raw: int) -> int:
    return raw + 1


@dg.op(required_resource_keys={"store"})
def step() -> None: ...


def op_job(name: str = "j") -> dg.JobDefinition:
    return dg.job(name=name)(lambda: step())


def watch(name: str = "watch", **more: Any) -> dg.SensorDefinition:
    return dg.sensor(name=name, **more)(lambda: None)


class Store(dg.ConfigurableResource):
    url: str = "x"
    retries: int = 1
    inner: Any = None


def test_parts_refer_to_what_another_one_has() -> None:
    assets = dg.Definitions(assets=[raw])
    more = dg.Definitions(assets=[clean], jobs=[dg.define_asset_job("all", [raw, clean]), op_job()])
    sensors = dg.Definitions(sensors=[watch(job_name="all")])

    merged = dg.Definitions.merge(sensors, more, assets, dg.Definitions(resources={"store": 1}))

    assert merged.get_repository_def().assets == [raw, clean]
    assert merged.get_job_def("all").asset_keys == {raw.key, clean.key}
    assert merged.get_job_def("j").resources == {"store": 1}


def test_what_is_in_several_parts_is_there_once() -> None:
    target = op_job()
    part = dg.Definitions(assets=[raw], jobs=[target], sensors=[watch(job=target)], resources={"store": 1})

    merged = dg.Definitions.merge(part, dg.Definitions(jobs=[target]), part)

    assert (merged.assets, merged.jobs, merged.sensors) == (part.assets, part.jobs, part.sensors)
    dg.Definitions.validate_loadable(merged)


def test_nothing_merged_is_nothing() -> None:
    assert dg.Definitions.merge().get_all_jobs() == []


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ({"jobs": [op_job()]}, {"jobs": [op_job()]}, "Duplicate definition found for job 'j'"),
        ({"sensors": [watch()]}, {"sensors": [watch()]}, "Duplicate definition found for 'watch'"),
        ({"assets": [raw]}, {"assets": [dg.asset(name="raw")(lambda: 1)]}, "Duplicate asset key 'raw'"),
        ({"assets": [raw]}, {"assets": [dg.AssetSpec("raw")]}, "Duplicate asset key 'raw'"),
        ({"jobs": [op_job()]}, {"sensors": [watch(job=op_job())]}, "Duplicate definition found for job 'j'"),
    ],
)
def test_different_things_of_one_name_are_refused_when_the_result_is_used(
    one: dict[str, Any], other: dict[str, Any], what: str
) -> None:
    merged = dg.Definitions.merge(dg.Definitions(**one), dg.Definitions(**other))

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=what):
        merged.get_repository_def()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Store(), Store()),
        (Store(inner=Store(url="y")), Store(inner=Store(url="y"))),
        (Store(url=dg.EnvVar("A")), Store(url=dg.EnvVar("A"))),
        (Store(retries=dg.EnvVar.int("A")), Store(retries=dg.EnvVar.int("A"))),
        ("text", "te" + "xt".lower()),
        ({"a": [1]}, {"a": [1]}),
    ],
)
def test_equal_resources_are_one(one: Any, other: Any) -> None:
    merged = dg.Definitions.merge(
        dg.Definitions(resources={"store": one}), dg.Definitions(resources={"store": other})
    )

    assert merged.resources == {"store": one}


class Vague:
    def __eq__(self, other: object) -> Any:
        return [True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Store(), Store(url="y")),
        (Store(inner=Store()), Store(inner=Store(url="y"))),
        (Store(url=dg.EnvVar("A")), Store(url=dg.EnvVar("B"))),
        (Store(url=dg.EnvVar("A")), Store(url="A")),
        (Store(retries=dg.EnvVar.int("A")), Store(retries=dg.EnvVar.int("B"))),
        (1, True),
        (object(), object()),
        (Vague(), Vague()),
    ],
)
def test_different_resources_of_one_name_are_refused_and_not_shown(one: Any, other: Any) -> None:
    parts = [
        dg.Definitions(),
        dg.Definitions(resources={"store": one}),
        dg.Definitions(resources={"store": other}),
    ]

    with pytest.raises(dg.DagsterInvariantViolationError) as error:
        dg.Definitions.merge(*parts)

    assert str(error.value) == (
        "Definitions objects 1 and 2 have different resources with same key 'store': "
        "give the same one to both, or rename one"
    )


def test_metadata_are_put_together_and_the_last_counts() -> None:
    merged = dg.Definitions.merge(
        dg.Definitions(metadata={"a": 1, "b": 1}), dg.Definitions(metadata={"b": 2, "c": 3})
    )

    assert merged.metadata == dg.Definitions(metadata={"a": 1, "b": 2, "c": 3}).metadata


def test_only_definitions_are_merged() -> None:
    with pytest.raises(dg.CheckError, match="takes Definitions objects, argument 1 is 1"):
        dg.Definitions.merge(dg.Definitions(), 1)  # type: ignore[arg-type]

from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.errors import CheckError, DagsterInvalidConfigError
from ticktrail.core.authoring.run_config import RunConfig, plain_run_config


class FileConfig(Config):
    filename: str


class Stamp(Config):
    at: datetime


def test_config_of_an_op_is_put_under_the_key_config() -> None:
    config = RunConfig(ops={"a": FileConfig(filename="f"), "b": {"config": {"x": 1}}})

    assert config.to_config_dict() == {
        "loggers": {},
        "resources": {},
        "ops": {"a": {"config": {"filename": "f"}}, "b": {"config": {"x": 1}}},
        "execution": {},
    }


def test_equal_run_configs_are_equal_however_they_were_written() -> None:
    assert RunConfig(ops={"a": FileConfig(filename="f")}) == RunConfig(
        ops={"a": {"config": {"filename": "f"}}}
    )
    assert RunConfig(ops={"a": FileConfig(filename="f")}) != RunConfig(ops={"a": FileConfig(filename="g")})


def test_no_run_config_is_an_empty_one() -> None:
    assert plain_run_config(None) == {}


def test_a_mapping_is_copied_deeply_into_dicts_and_lists() -> None:
    inner = [1, 2]
    given = MappingProxyType({"ops": MappingProxyType({"a": {"config": {"x": inner, "t": (3,)}}})})

    plain = plain_run_config(given)
    inner.append(3)

    assert plain == {"ops": {"a": {"config": {"x": [1, 2], "t": [3]}}}}


def test_config_objects_inside_of_a_mapping_are_expanded() -> None:
    plain = plain_run_config({"ops": {"a": {"config": FileConfig(filename="f")}}})

    assert plain == {"ops": {"a": {"config": {"filename": "f"}}}}


def test_config_fields_that_have_a_text_form_are_written_as_text() -> None:
    plain = plain_run_config(RunConfig(ops={"a": Stamp(at=datetime(2025, 1, 2))}))

    assert plain["ops"] == {"a": {"config": {"at": "2025-01-02T00:00:00"}}}


@pytest.mark.parametrize("value", ["ops", 1, [("ops", {})], FileConfig(filename="f")])
def test_what_is_no_mapping_is_no_run_config(value: Any) -> None:
    with pytest.raises(CheckError, match="mapping or a RunConfig"):
        plain_run_config(value)


@pytest.mark.parametrize("value", [datetime(2025, 1, 2), Path("x"), {1}, b"x", object(), "\udcff", 2**64])
def test_a_value_that_is_not_plain_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(DagsterInvalidConfigError) as error:
        plain_run_config({"ops": {"a": {"config": {"x": value}}}})

    assert len(error.value.problems) == 1
    assert error.value.problems[0].startswith("run_config.ops.a.config.x: ")


def test_a_part_of_a_run_config_must_be_a_mapping() -> None:
    with pytest.raises(CheckError, match="ops of a RunConfig"):
        RunConfig(ops=[FileConfig(filename="f")])  # type: ignore[arg-type]

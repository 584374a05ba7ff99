from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.config_schema import build_config, check_schema, schema_problems
from ticktrail.core.authoring.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError


class Mode(Enum):
    FAST = "fast"
    SAFE = "safe"


class Source(Config):
    path: str
    retries: int = 0


class Load(Config):
    name: str = "x"
    source: Source
    also: Source | None = None
    more: list[Source] = []  # noqa: RUF012
    by_name: dict[str, Source] = {}  # noqa: RUF012
    mode: Mode = Mode.FAST
    kind: Literal["a", "b"] = "a"
    limit: Annotated[int, msgspec.Meta(ge=0)] = 1
    tags: list[str] = ["default"]  # noqa: RUF012
    share: float = 0.5


class Span(Config):
    first: int
    last: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first > self.last:
            raise ValueError("first must not be after last")


def problems(schema: object, value: object) -> list[str]:
    return list(schema_problems(schema, value, "c"))


def test_a_required_field_may_follow_an_optional_one() -> None:
    config = Load(source=Source(path="p"))

    assert (config.name, config.source.path, config.also) == ("x", "p", None)


def test_a_wrong_type_is_refused_when_the_config_is_built_naming_every_field() -> None:
    with pytest.raises(DagsterInvalidConfigError) as error:
        Source(path=1, retries="2")  # type: ignore[arg-type]

    assert error.value.problems == [
        "Source.path: Expected `str`, got `int`",
        "Source.retries: Expected `int`, got `str`",
    ]


def test_true_is_no_int_and_an_int_is_a_float() -> None:
    with pytest.raises(DagsterInvalidConfigError, match=r"Source\.retries: Expected `int`, got `bool`"):
        Source(path="p", retries=True)

    share = Load(source=Source(path="p"), share=1).share
    assert (type(share), share) == (float, 1.0)


@pytest.mark.parametrize("fields", [{}, {"path": "p", "retrys": 1}])
def test_a_missing_or_unknown_field_is_refused_when_the_config_is_built(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Source(**fields)


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Source(path="p").path = "q"  # type: ignore[misc]


def test_two_configs_do_not_share_a_default_list() -> None:
    one, other = Load(source=Source(path="p")), Load(source=Source(path="p"))

    one.tags.append("mine")

    assert other.tags == ["default"]


def test_a_nested_config_may_be_given_as_a_dict() -> None:
    assert Load(source={"path": "p"}).source == Source(path="p")  # type: ignore[arg-type]


def test_config_becomes_plain_data_and_is_built_from_it_again() -> None:
    config = Load(source=Source(path="p"), mode=Mode.SAFE, more=[Source(path="q", retries=2)])

    plain = config.to_builtins()

    assert plain["mode"] == "safe"
    assert problems(Load, plain) == []
    assert build_config(Load, plain) == config


def test_every_problem_of_nested_config_is_found_with_its_place() -> None:
    value = {
        "source": {"retries": "2", "pth": "p"},
        "also": {"path": 1},
        "more": [{"path": "p"}, {}],
        "by_name": {"k": {"path": None}},
        "mode": "slow",
        "limit": -1,
        "tags": ["a", 2],
        "x": 1,
    }

    assert problems(Load, value) == [
        "c.source.path: missing, expected str",
        "c.source.retries: Expected int, got str, the value is '2'",
        "c.source.pth: unknown field, known are: path, retries",
        "c.also.path: Expected str, got int, the value is 1",
        "c.more[1].path: missing, expected str",
        "c.by_name.k.path: Expected str, got null, the value is None",
        "c.mode: Invalid enum value 'slow', the value is 'slow'",
        "c.limit: Expected int >= 0, the value is -1",
        "c.tags[1]: Expected str, got int, the value is 2",
        "c.x: unknown field, known are: also, by_name, kind, limit, mode, more, name, share, source, tags",
    ]


def test_an_optional_field_takes_none() -> None:
    assert problems(Load, {"source": {"path": "p"}, "also": None}) == []


def test_a_rule_between_fields_is_a_problem_too() -> None:
    assert problems(Span, {"first": 2, "last": 1}) == [
        "c: first must not be after last, the value is {'first': 2, 'last': 1}"
    ]


def test_what_is_no_mapping_is_no_config() -> None:
    assert problems(Source, ["path"]) == ["c: expected a mapping, got ['path']"]


def test_a_plain_schema_checks_keys_and_types() -> None:
    schema = {"file": str, "sizes": [int], "opts": {"deep": bool}, "any": Any}

    good = {"file": "f", "sizes": [1], "opts": {"deep": True}, "any": {"x": 1}}
    bad = {"file": 1, "sizes": [1, "2"], "opts": {}, "else": 1}

    assert problems(schema, good) == []
    assert problems(schema, bad) == [
        "c.file: Expected str, got int, the value is 1",
        "c.sizes[1]: Expected int, got str, the value is '2'",
        "c.opts.deep: missing, expected bool",
        "c.any: missing, expected Any",
        "c.else: unknown field, known are: any, file, opts, sizes",
    ]


@pytest.mark.parametrize("schema", [str, {"a": [int]}, list[str], Source, dict, Any, int | None])
def test_a_schema_of_known_types_is_accepted(schema: object) -> None:
    check_schema(schema, "s")


@pytest.mark.parametrize("schema", ["str", {"a": 1}, [int, str], complex, {"a": {"b": object()}}])
def test_an_unknown_schema_is_refused_with_its_place(schema: object) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"^s.* is not supported, use"):
        check_schema(schema, "s")

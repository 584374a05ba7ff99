"""What config an op or asset takes, and every way in which a given config does not fit."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

from .config import Config
from .errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError

#: Types that may stand in a ``config_schema``.
_SIMPLE = (str, int, float, bool, dict, list, object)


def check_schema(schema: object, where: str) -> None:
    """Check that *schema* is one that `schema_problems` understands.

    A schema is a `Config` class, a simple or generic type, ``[schema]`` for a list, or a dict of
    schemas by key, all of them required.

    Raises:
        DagsterInvalidDefinitionError: It is something else; the message names the place.
    """
    match schema:
        case Mapping():
            for key, item in schema.items():
                check_schema(item, f"{where}.{key}")
        case [item]:
            check_schema(item, f"{where}[]")
        case _:
            if (
                schema is Any
                or schema in _SIMPLE
                or get_origin(schema) is not None
                or is_config_class(schema)
            ):
                return
            raise DagsterInvalidDefinitionError(
                f"{where}: {schema!r} is not supported, use a Config class, str, int, float, bool, dict, list, "
                "a list of one of these, or a dict of these by key"
            )


def is_config_class(value: object) -> bool:
    """Return whether *value* is a class made from `Config`."""
    return isinstance(value, type) and issubclass(value, Config)


def has_fields(schema: object) -> bool:
    """Return whether config of *schema* is a mapping of known keys."""
    return is_config_class(schema) or isinstance(schema, Mapping)


def schema_problems(schema: Any, value: Any, where: str) -> Iterator[str]:
    """Yield one line for each way in which *value* does not fit *schema*.

    Args:
        value: Plain data.
        where: The place of *value*; lines start with it.
    """
    if is_config_class(schema):
        yield from _config_problems(schema, value, where)
    elif isinstance(schema, Mapping):
        yield from _mapping_problems(dict(schema), set(schema), value, where)
    elif (item := _item_schema(schema)) is not None and isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            yield from schema_problems(item, element, f"{where}[{index}]")
    elif (item := _value_schema(schema)) is not None and isinstance(value, Mapping):
        for key, element in value.items():
            yield from schema_problems(item, element, f"{where}.{key}")
    elif (item := _optional_schema(schema)) is not None:
        if value is not None:
            yield from schema_problems(item, value, where)
    else:
        yield from _leaf_problems(list if isinstance(schema, list) else schema, value, where)


def build_config(schema: Any, value: Any) -> Any:
    """Return what the user's function gets for a *value* without problems."""
    return msgspec.convert(value, schema) if is_config_class(schema) else value


def _config_problems(schema: type[Config], value: Any, where: str) -> Iterator[str]:
    fields = msgspec.structs.fields(schema)
    required = {field.encode_name for field in fields if field.required}
    problems = list(
        _mapping_problems({field.encode_name: field.type for field in fields}, required, value, where)
    )
    # A rule that spans fields shows only when the value is built.
    yield from problems or _leaf_problems(schema, value, where)


def _mapping_problems(schemas: dict[str, Any], required: set[str], value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{where}: expected a mapping, got {value!r}"
        return
    for key, schema in schemas.items():
        if key in value:
            yield from schema_problems(schema, value[key], f"{where}.{key}")
        elif key in required:
            yield f"{where}.{key}: missing, expected {_type_name(schema)}"
    for key in value:
        if key not in schemas:
            known = ", ".join(sorted(schemas)) or "none"
            yield f"{where}.{key}: unknown field, known are: {known}"


def _leaf_problems(kind: Any, value: Any, where: str) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        yield f"{where}{place.removesuffix('`')}: {text.replace('`', '')}, the value is {value!r}"
    except DagsterInvalidConfigError as error:
        yield f"{where}: {error}"


def _item_schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return schema[0]
    return get_args(schema)[0] if get_origin(schema) is list else None


def _value_schema(schema: Any) -> Any:
    return get_args(schema)[1] if get_origin(schema) is dict and get_args(schema)[0] is str else None


def _optional_schema(schema: Any) -> Any:
    if get_origin(schema) not in (Union, types.UnionType):
        return None
    others = [kind for kind in get_args(schema) if kind is not types.NoneType]
    return others[0] if len(others) == 1 else None


def _type_name(schema: Any) -> str:
    if isinstance(schema, type) and get_origin(schema) is None:
        return schema.__name__
    return "a mapping" if isinstance(schema, Mapping) else str(schema).replace("typing.", "")

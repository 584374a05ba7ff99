"""Run config: what a run is told, as the user writes it and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plain_data import as_plain, plain_copy, plain_problems
from .config import Config
from .configurable_resource import ConfigurableResource
from .errors import CheckError, DagsterInvalidConfigError

#: The keys that run config may have at its root.
ROOT_KEYS = frozenset(("ops", "resources", "execution", "loggers"))


class RunConfig:
    """Run config built from `Config` values instead of nested dicts.

    Attributes:
        ops: By op name: a `Config`, or plain data such as ``{"config": {...}}``.
        resources: By resource key, likewise.
        loggers: By logger name, plain data.
        execution: Plain data.
    """

    def __init__(
        self,
        ops: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        self.ops = _mapping(ops, "ops")
        self.resources = _mapping(resources, "resources")
        self.loggers = _mapping(loggers, "loggers")
        self.execution = _mapping(execution, "execution")

    def to_config_dict(self) -> dict[str, Any]:
        """Return the run config as nested dicts, each `Config` under the key ``config``."""
        return {
            "loggers": dict(self.loggers),
            "resources": {key: _expanded(value) for key, value in self.resources.items()},
            "ops": {key: _expanded(value) for key, value in self.ops.items()},
            "execution": dict(self.execution),
        }

    def __eq__(self, other: object) -> bool:
        return (
            self.to_config_dict() == other.to_config_dict()
            if isinstance(other, RunConfig)
            else NotImplemented
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"RunConfig(ops={self.ops!r}, resources={self.resources!r}, "
            f"loggers={self.loggers!r}, execution={self.execution!r})"
        )


def plain_run_config(value: Mapping[str, Any] | RunConfig | None) -> dict[str, Any]:
    """Return run config as plain data, a copy; None is empty run config.

    Raises:
        CheckError: *value* is neither a mapping, nor a `RunConfig`, nor None.
        DagsterInvalidConfigError: Something in it is not plain data; the message says where.
    """
    if value is None:
        return {}
    if isinstance(value, RunConfig):
        value = value.to_config_dict()
    if not isinstance(value, Mapping):
        raise CheckError(
            f"run config must be a mapping or a RunConfig, got {type(value).__name__}: {value!r}"
        )
    quick: dict[str, Any] | None = plain_copy(value)
    if quick is not None:
        return quick
    with_builtins = _configs_to_builtins(value)
    problems = list(plain_problems(with_builtins, "run_config"))
    if problems:
        raise DagsterInvalidConfigError(
            "run config must be plain data (text, numbers, booleans, None, lists, mappings): "
            + "; ".join(problems),
            problems,
        )
    plain: dict[str, Any] = as_plain(with_builtins)
    return plain


def _mapping(value: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise CheckError(f"{name} of a RunConfig must be a mapping, got {value!r}")
    return dict(value or {})


def _expanded(value: Any) -> Any:
    return {"config": value.to_builtins()} if isinstance(value, Config | ConfigurableResource) else value


def _configs_to_builtins(value: Any) -> Any:
    """Replace every `Config` in *value*, at the top and in nested mappings."""
    if isinstance(value, Config | ConfigurableResource):
        return value.to_builtins()
    if isinstance(value, Mapping):
        return {key: _configs_to_builtins(item) for key, item in value.items()}
    return value

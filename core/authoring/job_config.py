"""Run config against the steps of a job: every way in which it does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .composition import Node
from .config_schema import has_fields, schema_problems
from .resource_scope import resource_config_problems
from .run_config import ROOT_KEYS


class RunConfigCheck:
    """What run config of a job has to fit, looked up once for any number of run configs."""

    def __init__(
        self, nodes: Collection[Node], selected: Collection[str], resources: Mapping[str, object]
    ) -> None:
        """Look it up.

        Args:
            nodes: The steps of the job.
            selected: Names of those that are to run; the others may go without config.
            resources: The job's resources.
        """
        self._resources = resources
        self._required = {
            key for node in nodes if node.name in selected for key in node.op.function.required_resource_keys
        }
        self._ops = [
            (node.name, node.op.function.config_schema, node.name in selected, f"ops.{node.name}")
            for node in nodes
        ]
        self._op_names = frozenset(node.name for node in nodes)

    def problems(self, run_config: Any) -> list[str]:
        """Return one line for each thing in *run_config*, which is plain data, that does not fit."""
        if not _is_mapping(run_config):
            return [f"run config: expected a mapping, got {run_config!r}"]
        problems: list[str] = []
        for key, section in run_config.items():
            if key not in ROOT_KEYS:
                problems += _unknown("", (key,), ROOT_KEYS, "key")
            elif section is not None and not _is_mapping(section):
                problems.append(f"{key}: expected a mapping, got {section!r}")
        resources, ops = _section(run_config, "resources"), _section(run_config, "ops")
        if self._resources or resources:
            problems += _unknown("resources.", resources, self._resources, "resource")
            problems += resource_config_problems(self._resources, self._required, resources)
        if not ops.keys() <= self._op_names:
            problems += _unknown("ops.", ops, self._op_names, "op")
        for name, schema, selected, where in self._ops:
            entry = ops.get(name)
            if schema is not None or not _is_config_alone(entry):
                problems += _op_problems(where, schema, entry, required=selected)
        return problems


def _is_mapping(value: object) -> bool:
    # The look at the type is what makes this quick: an abstract class is asked for the others only.
    return type(value) is dict or isinstance(value, Mapping)


def _is_config_alone(entry: object) -> bool:
    return entry is None or (type(entry) is dict and len(entry) == 1 and "config" in entry)


def _section(run_config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = run_config.get(key)
    return {} if section is None or not _is_mapping(section) else section


def _op_problems(where: str, schema: Any, entry: Any, required: bool) -> Iterator[str]:
    if entry is None:
        entry = {}
    if not _is_mapping(entry):
        yield f"{where}: expected a mapping with the key config, got {entry!r}"
        return
    for key in entry:
        if key != "config":
            yield f"{where}.{key}: unknown key, known are: config"
    if schema is None or not (required or "config" in entry):
        return
    value = entry.get("config")
    if value is None and has_fields(schema):
        # So that each missing field is named.
        value = {}
    yield from schema_problems(schema, value, f"{where}.config")


def _unknown(where: str, given: Iterable[str], known: Collection[str], what: str) -> Iterator[str]:
    for key in given:
        if key not in known:
            yield f"{where}{key}: unknown {what}, known are: {', '.join(sorted(known)) or 'none'}"

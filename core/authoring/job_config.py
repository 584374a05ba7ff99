"""Run config against the steps of a job: every way in which it does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .composition import Node
from .config_schema import has_fields, schema_problems
from .resource_scope import resource_config_problems
from .run_config import ROOT_KEYS


def run_config_problems(
    nodes: Collection[Node], selected: Collection[str], resources: Mapping[str, object], run_config: Any
) -> Iterator[str]:
    """Yield one line for each thing in *run_config* that does not fit.

    Args:
        nodes: The steps of the job.
        selected: Names of those that are to run; the others may go without config.
        resources: The job's resources.
        run_config: Plain data.
    """
    if not isinstance(run_config, Mapping):
        yield f"run config: expected a mapping, got {run_config!r}"
        return
    yield from _unknown("", run_config, ROOT_KEYS, "key")
    sections = {key: run_config.get(key) for key in ROOT_KEYS}
    for key, section in sections.items():
        if section is not None and not isinstance(section, Mapping):
            yield f"{key}: expected a mapping, got {section!r}"
            sections[key] = None
    yield from _unknown("resources.", sections["resources"] or {}, resources, "resource")
    required = {
        key for node in nodes if node.name in selected for key in node.op.function.required_resource_keys
    }
    yield from resource_config_problems(resources, required, sections["resources"] or {})
    ops = sections["ops"] or {}
    yield from _unknown("ops.", ops, [node.name for node in nodes], "op")
    for node in nodes:
        yield from _op_problems(node, ops, required=node.name in selected)


def _op_problems(node: Node, ops: Mapping[str, Any], required: bool) -> Iterator[str]:
    where = f"ops.{node.name}"
    entry = ops.get(node.name)
    if entry is None:
        entry = {}
    if not isinstance(entry, Mapping):
        yield f"{where}: expected a mapping with the key config, got {entry!r}"
        return
    yield from _unknown(f"{where}.", entry, ("config",), "key")
    schema = node.op.function.config_schema
    if schema is None or not (required or "config" in entry):
        return
    value = entry.get("config")
    if value is None and has_fields(schema):
        # So that each missing field is named.
        value = {}
    yield from schema_problems(schema, value, f"{where}.config")


def _unknown(where: str, given: Mapping[str, Any], known: Collection[str], what: str) -> Iterator[str]:
    for key in given:
        if key not in known:
            yield f"{where}{key}: unknown {what}, known are: {', '.join(sorted(known)) or 'none'}"

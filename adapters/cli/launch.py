"""``ticktrail run launch``: a run that an operator asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from ...core.authoring.jobs import JobDefinition
from ...core.authoring.partitioned_run import PartitionedRun, partitioned_run
from ...core.errors import TickTrailError
from ...core.events import RunRequested
from ...projections.dynamic_partitions import DynamicPartitions
from ..folding import fold
from ..home import Home
from ..identity import actor as current_actor
from ..system import SystemClock, new_run_id
from .operator import UnknownName
from .options import CODE, COMMON, Code, Common, open_for_action
from .output import Output
from .reading import opened
from .text import UsageError


def launch(
    job: Annotated[str, Parameter(help="Name of the job.")],
    /,
    *,
    config: Annotated[
        str | None, Parameter(help="Run config: a JSON object, or @ and the path of a file with one.")
    ] = None,
    tag: Annotated[Sequence[str], Parameter(help="A tag of the run, as key=value; may be repeated.")] = (),
    partition: Annotated[str | None, Parameter(help="Key of the partition to run.")] = None,
    actor: Annotated[
        str | None, Parameter(help="Who acts; the operating system's user@host by default.")
    ] = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Ask for a run of a job; the engine launches it as soon as it has room."""
    tags = dict(_tag(text) for text in tag)
    run_config = _config(config)
    home = open_for_action(common, code)
    definitions = code.load(home).definitions
    if not definitions.has_job_def(job):
        raise UnknownName("job", job, (known.name for known in definitions.get_all_jobs()))
    found = definitions.get_job_def(job)
    asked = _for_partition(found, partition, run_config, tags, home)
    found.validate_run_config(asked.run_config)
    who, now = actor or current_actor(), SystemClock().now()
    event = RunRequested(
        at=now,
        run=new_run_id(),
        job=job,
        run_config=dict(found.run_config_or_default(asked.run_config)),
        given_tags={**(found.tags if found.run_tags is None else found.run_tags), **asked.tags},
        partition_key=partition,
        actor=who,
    )
    with opened(home) as log:
        offset = log.append([event], expected=None, recorded_at=now, writer=f"cli:{who}")
    out, running = Output(json=common.json), home.engine() is not None
    if out.json:
        out.record({"run": event.run, "job": job, "offset": offset, "engine_running": running})
    else:
        out.line(f"run {event.run} of {job} requested")
    if not running:
        out.note("no engine runs on this home: the run starts when `ticktrail dev` does")
    return 0


def _for_partition(
    job: JobDefinition,
    partition: str | None,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    home: Home,
) -> PartitionedRun:
    store = _PartitionsOfHome(home)
    if partition is not None:
        return partitioned_run(job, partition, run_config=run_config, tags=tags, store=store)
    partitions = job.partitions_for()
    if partitions is not None:
        keys = partitions.describe_keys(None, store)
        raise TickTrailError(
            f"job {job.name!r} has partitions, say with --partition which one to run: {keys}"
        )
    return PartitionedRun(run_config, dict(tags))


class _PartitionsOfHome:
    """Dynamic partitions, read when they are asked for: most jobs have none, and the log may be long."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @cached_property
    def _read(self) -> DynamicPartitions:
        partitions = DynamicPartitions()
        with opened(self._home) as log:
            fold(log, partitions)
        return partitions

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        return self._read.get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return self._read.has_dynamic_partition(partitions_def_name, partition_key)


def _tag(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise UsageError(f"--tag {text!r}: expected key=value")
    return key, value


def _config(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    where = "--config"
    if text.startswith("@"):
        where = text[1:]
        try:
            text = Path(where).read_text()
        except OSError as error:
            raise TickTrailError(f"the run config {where} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TickTrailError(f"the run config {where} is no UTF-8 text: {error}") from error
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise UsageError(f"{where} is no JSON object: {error}") from error

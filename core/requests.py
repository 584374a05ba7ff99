"""Requests for runs as plain values: each with its job found, or with the reason why it can't run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from .authoring.errors import CheckError, DagsterError
from .authoring.evaluate_tick import with_partition
from .authoring.job_config import RunConfigCheck
from .authoring.jobs import JobDefinition
from .authoring.run_request import NotPlain, RunRequest
from .errors import TickTrailError
from .events import RUN_KEY_TAG, TICK_TAG, TRY_TAG
from .partitions_store import DynamicPartitionsStore
from .plain_data import fits_log, plain_copy, plain_problems, storable_text
from .stale_assets import stale_selection

if TYPE_CHECKING:
    from .authoring.repository import RepositoryDefinition
    from .authoring.sensor_context import SensorEvaluationContext
    from .authoring.sensor_definition import SensorDefinition


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One run that a sensor asks for.

    Attributes:
        job: Name of the job.
        run_key: As the sensor gave it; None and ``""`` stand for no key.
        run_config: Plain data; the job's own where the sensor gave none. Requests may share it.
        tags: The `given_tags` of the run. Requests may share them.
        partition_key: Partition of the run, None if it has none.
        asset_selection: Asset keys as people write them, None for all of the job's.
        problem: Why this can't become a run, in one line; such a request keeps only its job and key.
    """

    job: str | None = None
    run_key: str | None = None
    run_config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    partition_key: str | None = None
    asset_selection: list[str] | None = None
    problem: str | None = None


def as_requests(
    sensor: SensorDefinition,
    run_requests: Sequence[RunRequest],
    context: SensorEvaluationContext,
    partitions: DynamicPartitionsStore | None,
) -> list[Request]:
    """Return plain requests for those that the evaluation let through, in the same order.

    What `evaluate_tick` refuses a partition for becomes the problem of that request alone. A request
    for stale assets only that finds none is left out, and the context's log says so.

    Args:
        context: Of the evaluation; the jobs are found in its definitions, or else the sensor's own.
        partitions: Knows the keys of dynamic partitions; None if nothing does.
    """
    targets: dict[str | None, _Target] = {}
    requests = []
    configs = [asked.run_config for asked in run_requests if asked.run_config]
    # Requests have plain run config, or know that it is not, but for integers that are too large.
    all_plain = not any(type(config) is NotPlain for config in configs) and fits_log(configs)
    for index, asked in enumerate(run_requests):
        target, key = targets.get(asked.job_name), asked.run_key
        if target is None:
            name = asked.job_name or sensor.job_name
            target = _Target(sensor, name, _find_job(sensor, name, context.repository_def))
            targets[asked.job_name] = target
        # Most say no more than a run key, if that: those are not worth a call, there may be a hundred thousand.
        if target.plain is not None and not (
            asked.run_config
            or asked.tags
            or asked.partition_key is not None
            or asked.asset_selection is not None
            or asked.asset_check_keys
            or asked.stale_assets_only
            or not (key is None or key.isascii())
        ):
            config, tags = target.plain
            requests.append(Request(job=target.name, run_key=key, run_config=config, tags=tags))
        elif (request := _detailed(target, index, asked, all_plain, partitions, context)) is not None:
            requests.append(request)
    return requests


def _detailed(
    target: _Target,
    index: int,
    run_request: RunRequest,
    plain: bool,
    partitions: DynamicPartitionsStore | None,
    context: SensorEvaluationContext,
) -> Request | None:
    """Return the request, None for one that asks for no run."""
    asked, problem = run_request, None
    if run_request.stale_assets_only:
        asked, problem = _stale_only(target.job, run_request, context)
    if asked is not run_request and not asked.asset_selection:
        key = f" (run key {asked.run_key!r})" if asked.run_key else ""
        context.log.info(f"run request {index}{key} asks for no run: all of its assets are up to date")
        return None
    return _as_request(target, asked, plain, partitions, problem, context.partitions_at)


class _Target:
    """A job that requests of one tick are for; what they all need of it is looked up once.

    Attributes:
        job: The job, or why there is none; None when only a repository could tell.
        plain: Run config and tags for a request that gives none, None if such a one can't become a run.
    """

    def __init__(self, sensor: SensorDefinition, name: str, job: JobDefinition | str | None) -> None:
        self.name, self.job = name, job
        self._own_tags: Mapping[str, str] = {}
        self._sensor_tag = {sensor.name_tag: sensor.name}
        self._checks: dict[tuple[str, ...] | None, RunConfigCheck] = {}
        if isinstance(job, JobDefinition):
            self._own_tags = job.tags if job.run_tags is None else job.run_tags
        self._tags_of_most = self._merged({}, None)
        # Most requests have no run config of their own: what becomes of those is found out once.
        self._without_config: dict[tuple[str, ...] | None, tuple[dict[str, Any], list[str]]] = {}
        self.plain = self._plain()

    def _plain(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        if isinstance(self.job, str):
            return None
        config, problems = self.run_config({}, None)
        return None if problems else (config, self._tags_of_most)

    def tags(self, asked: Mapping[str, str], key: str | None) -> dict[str, str]:
        """Return the tags of a run: the job's, those that are asked for, and the sensor's."""
        return self._merged(asked, key) if asked else self._tags_of_most

    def _merged(self, asked: Mapping[str, str], key: str | None) -> dict[str, str]:
        merged = {**self._own_tags, **asked, **self._sensor_tag}
        # Those say who asked: not for the sensor to make up.
        merged.pop(TICK_TAG, None)
        merged.pop(TRY_TAG, None)
        if key:
            merged.pop(RUN_KEY_TAG, None)
        return merged

    def run_config(
        self, asked: Mapping[str, Any], selection: list[str] | None
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the run config for what is asked, and what of it does not fit the job."""
        if asked:
            return (asked if type(asked) is dict else dict(asked)), self._misfits(asked, selection)
        selected = None if selection is None else tuple(selection)
        found = self._without_config.get(selected)
        if found is None:
            config = dict(self.job.run_config_or_default({})) if isinstance(self.job, JobDefinition) else {}
            found = self._without_config[selected] = config, self._misfits(config, selection)
        return found

    def _misfits(self, run_config: Mapping[str, Any], selection: list[str] | None) -> list[str]:
        job = self.job
        if not isinstance(job, JobDefinition):
            return []
        selected = None if selection is None else tuple(selection)
        try:
            check = self._checks.get(selected)
            if check is None:
                check = self._checks[selected] = job.run_config_check(selection)
        except DagsterError as error:
            return [_line(error)]
        problems = check.problems(run_config)
        return [f"run config does not fit job {job.name!r}: {'; '.join(problems)}"] if problems else []


def _stale_only(
    job: JobDefinition | str | None, asked: RunRequest, context: SensorEvaluationContext
) -> tuple[RunRequest, str | None]:
    """Return the request for what is missing or stale, or as it is and why that is not known."""
    if isinstance(job, str):
        return asked, None
    repository = context.repository_def
    if job is None or repository is None:
        return asked, "stale_assets_only needs to know the assets: give definitions"
    if not context.has_instance:
        return asked, "stale_assets_only needs to know what was materialized: give the context an instance"
    try:
        selection = stale_selection(job, asked, repository.asset_graph, context.instance)
    except TickTrailError as error:
        return asked, _line(error)
    return asked.with_replaced_attrs(asset_selection=selection), None


def _find_job(
    sensor: SensorDefinition, name: str, repository: RepositoryDefinition | None
) -> JobDefinition | str | None:
    """Return the job, or why there is none; None when only a repository could tell."""
    if repository is not None:
        try:
            return repository.get_job(name)
        except DagsterError as error:
            return _line(error)
    known = (job for job in sensor.target_jobs if job.name == name)
    return next((job for job in known if isinstance(job, JobDefinition)), None)


def _as_request(
    target: _Target,
    asked: RunRequest,
    plain: bool,
    partitions: DynamicPartitionsStore | None,
    problem: str | None,
    current_time: datetime | None,
) -> Request:
    name, job, keys = target.name, target.job, asked.asset_selection
    selection = None if keys is None else [key.to_user_string() for key in keys]
    problems = [] if problem is None else [problem]
    if asked.asset_check_keys:
        problems.append("asset_check_keys are not supported yet: leave them out")
    if asked.partition_key is not None and not isinstance(job, str):
        resolved = _for_partition(name, job, asked, partitions, current_time)
        if isinstance(resolved, str):
            problems.append(resolved)
        else:
            asked, plain = resolved, False
    key = asked.run_key
    if (key is not None and not key.isascii()) or asked.tags:
        problems += _text_problems(asked)
    if asked.run_config and not plain and plain_copy(asked.run_config) is None:
        problems += plain_problems(asked.run_config, "run_config")
    if isinstance(job, str):
        problems.append(job)
    if not problems:
        config, problems = target.run_config(asked.run_config, selection)
    if problems:
        shown_key = None if key is None else storable_text(key)
        return Request(job=storable_text(name), run_key=shown_key, problem=storable_text("; ".join(problems)))
    return Request(
        job=name,
        run_key=key,
        run_config=config,
        tags=target.tags(asked.tags, key),
        partition_key=asked.partition_key,
        asset_selection=selection,
    )


def _for_partition(
    name: str,
    job: JobDefinition | None,
    asked: RunRequest,
    partitions: DynamicPartitionsStore | None,
    current_time: datetime | None,
) -> RunRequest | str:
    """Return the request with what its partition adds, or why it cannot be for that partition."""
    try:
        if job is None:
            raise CheckError(
                f"job {name!r} is known by its name only, so are its partitions: give definitions"
            )
        return with_partition(job, asked, partitions, current_time)
    except TickTrailError as error:
        return _line(error)
    # The user's function of the partition may raise anything; it costs this one request.
    except Exception as error:  # noqa: BLE001
        return f"config of job {name!r} for partition {asked.partition_key!r}: {type(error).__name__}: {_line(error)}"


def _text_problems(asked: RunRequest) -> Iterator[str]:
    if asked.run_key is not None and not is_storable(asked.run_key):
        yield f"run key {asked.run_key!r} is not valid text (UTF-8): escape what is not, or use a digest"
    for name, value in asked.tags.items():
        if not is_storable(name) or not is_storable(value):
            yield f"tag {name!r} with the value {value!r} is not valid text (UTF-8): escape what is not"


def is_storable(text: str) -> bool:
    """Return whether the log can hold *text*: whether it is free of lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())

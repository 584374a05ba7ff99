"""`DagsterInstance`: the questions and reports of sensors, steps and tests, answered from an event log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, cast

from ...core.authoring.asset_key import AssetKey
from ...core.authoring.dynamic_partitions import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    partition_changes,
)
from ...core.authoring.errors import CheckError, DagsterInvariantViolationError
from ...core.authoring.metadata import plain_metadata
from ...core.authoring.results import AssetMaterialization, AssetObservation
from ...core.errors import LogConflict
from ...core.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    DynamicPartitionsChanged,
    RunCanceled,
    RunFailed,
    RunSucceeded,
)
from ...core.frames import check_readable
from ...core.log import EventLog
from ...core.moment_text import EPOCH
from ...core.partitions_store import ChangedPartitions
from ...core.records.asset_records import AssetEntry, AssetRecord
from ...core.records.dagster_event import DagsterEventType
from ...core.records.dagster_run import DagsterRun, RunRecord
from ...core.records.event_log import EventLogEntry, EventLogRecord, EventRecordsResult
from ...core.records.filters import AssetRecordsFilter, EventRecordsFilter, RunStatusChangeRecordsFilter
from ...core.records.run_status import DagsterRunStatus
from ...core.records.runs_filter import RunsFilter
from ...core.tape import reading
from ...core.taped_instance import TapedInstance
from ...projections.positions import AssetPositions
from ..event_log.memory import MemoryEventLog
from ..identity import actor as actor_here
from ..past import log_at, log_until, recorded_until
from ..system import SystemClock
from ..tape.unrecorded import unrecorded
from .asked_history import AskedHistory
from .chosen_runs import chosen_runs
from .read_models import ReadModels
from .run_records import dagster_run, run_record

if TYPE_CHECKING:
    from ..history.database import History

_STATUS_OF = {
    DagsterEventType.RUN_ENQUEUED: DagsterRunStatus.QUEUED,
    DagsterEventType.RUN_STARTING: DagsterRunStatus.STARTING,
    DagsterEventType.RUN_START: DagsterRunStatus.STARTED,
    DagsterEventType.RUN_SUCCESS: DagsterRunStatus.SUCCESS,
    DagsterEventType.RUN_FAILURE: DagsterRunStatus.FAILURE,
    DagsterEventType.RUN_CANCELED: DagsterRunStatus.CANCELED,
}

#: Beyond any number of records.
_ALL = 2**62


class DagsterInstance:
    """What the log says up to its head at the moment of each call; the port `Instance`.

    Ids of events (``storage_id``) are their offsets. Safe to use from several threads.
    """

    #: What `get` returns for the length of a test.
    _of_test: ClassVar[DagsterInstance | None] = None

    def __init__(
        self,
        log: EventLog,
        *,
        writer: str = "instance",
        actor: str | None = "instance",
        run: str | None = None,
        read_only: str | None = None,
    ) -> None:
        """Look at *log*, which stays the caller's.

        Args:
            writer: Who appends what is reported.
            actor: Who is said to have changed partitions, None if a run did.
            run: The run that reports, None if none does.
            read_only: Why nothing can be reported, None if it can.
        """
        self._log, self._clock, self._models = log, SystemClock(), ReadModels(log)
        self._writer, self._actor, self._run, self._read_only = writer, actor, run, read_only
        self._owns_log, self._ephemeral = False, isinstance(log, MemoryEventLog)
        self._asked = AskedHistory(log, self._clock.now)

    @classmethod
    def ephemeral(cls) -> Self:
        """Return an instance of its own in memory, gone with the process."""
        return cls(MemoryEventLog())

    @classmethod
    def get(cls) -> DagsterInstance:
        """Return an instance over the log of the home in TICKTRAIL_HOME, or of ``.ticktrail`` in this folder.

        `dispose`, or the end of a ``with`` block, closes its log. In a block of `instance_for_test` it is
        the test's instance.

        Raises:
            HomeError: There is no such home, or it cannot be used.
            LogUnavailable: The log cannot be opened.
        """
        if reading() is not None:
            return cls._taped()
        return cls._get()

    @classmethod
    def _taped(cls) -> DagsterInstance:
        opened = list[DagsterInstance]()

        def real() -> DagsterInstance:
            if not opened:
                opened.append(unrecorded(cls._get)())
            return opened[0]

        def close() -> None:
            for instance in opened:
                unrecorded(instance.dispose)()

        return cast("DagsterInstance", TapedInstance(real, close=close))

    @classmethod
    def _get(cls) -> DagsterInstance:
        if cls._of_test is not None:
            return cls._of_test
        # Only scripts need a home here; importing the package is not to wait for it.
        from ..home import Home

        home = Home.open(os.environ.get("TICKTRAIL_HOME", ".ticktrail"), create=False)
        instance = cls(home.log(), writer=f"script:{actor_here()}", actor=actor_here())
        instance._owns_log = True
        instance._asked.folder = home.history_path
        return instance

    def as_of(self, moment: int | datetime) -> DagsterInstance:
        """Return an instance that answers as this one would have then; it is good as long as this one's log is open.

        Args:
            moment: A position, which is a number of events: the instance knows those at the offsets below it.
                Or a time, in UTC if it says no other: it knows all that was recorded at it or before.

        Raises:
            CheckError: It is neither.
            NoSuchPosition: It is beyond the head.
            NoSuchMoment: It is before the first event, or still to come.
        """
        if isinstance(moment, datetime):
            at = _microseconds(moment)
            log = log_at(self._log, at, self._clock.now())
        elif isinstance(moment, int) and not isinstance(moment, bool):
            log = log_until(self._log, moment)
            at = recorded_until(log) or 0
        else:
            raise CheckError(f"as_of is {moment!r} ({type(moment).__name__}): give a position or a datetime")
        past = DagsterInstance(log, read_only=f"it shows the log as it was at position {log.head()}")
        past._ephemeral = self._ephemeral
        past._asked = self._asked.as_of(log.head(), at)
        return past

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"DagsterInstance has no {name} here: it answers about runs, assets and dynamic partitions; for "
            "more, read `ticktrail log --json`"
        )

    @property
    def is_ephemeral(self) -> bool:
        """Whether the log is in memory."""
        return self._ephemeral

    @property
    def history(self) -> History:
        """The tick history, for questions in SQL: ``instance.history.sql("SELECT ...")`` is a DuckDB relation.

        Raises:
            CheckError: The extra ``history`` is not installed.
            HistoryError: It cannot be read.
        """
        return self._asked.history()

    def dispose(self) -> None:
        """Close the log if `get` opened it; every report was durable when it returned."""
        self._asked.close()
        if self._owns_log:
            self._log.close()

    def head(self) -> int:
        """Return the offset up to which the log is known: at least the head when this was called."""
        with self._models.at_head() as models:
            return models.head

    def record(self, events: Sequence[AnyEvent]) -> int:
        """Append *events*, wherever the head is; return the offset of the first.

        Raises:
            UnreadableEvent: An event holds what its type does not allow; nothing was written.
            DagsterInvariantViolationError: The instance is read-only.
            LogUnavailable: The storage refused; nothing was written.
        """
        return self._append(events, None)

    def record_from(self, events: Callable[[int], Sequence[AnyEvent]]) -> int:
        """Append what *events* returns for the offset of its first; called again if that is taken meanwhile.

        Raises:
            UnreadableEvent: An event holds what its type does not allow; nothing was written.
            DagsterInvariantViolationError: The instance is read-only.
            LogUnavailable: The storage refused; nothing was written.
        """
        while True:
            head = self.head()
            try:
                return self._append(events(head), head)
            except LogConflict:
                continue

    # --- runs ----------------------------------------------------------------------------------

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        *,
        ascending: bool = False,
    ) -> list[DagsterRun]:
        """Return the runs that fit, the newest first; *cursor* is the id of a run to go on after."""
        with self._models.at_head() as models:
            rows = chosen_runs(models.runs, filters, order_by=None, ascending=ascending, cursor=cursor)
            return [dagster_run(row) for row in islice(rows, limit)]

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> list[RunRecord]:
        """Return the runs that fit, by request or by the time *order_by* names, the newest first."""
        with self._models.at_head() as models:
            rows = chosen_runs(models.runs, filters, order_by=order_by, ascending=ascending, cursor=cursor)
            return [run_record(row) for row in islice(rows, limit)]

    def get_run_by_id(self, run_id: str) -> DagsterRun | None:
        """Return the run, None if there is none of that id."""
        with self._models.at_head() as models:
            row = models.runs.get(run_id)
            return None if row is None else dagster_run(row)

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return the record of the run, None if there is none of that id."""
        with self._models.at_head() as models:
            row = models.runs.get(run_id)
            return None if row is None else run_record(row)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs fit."""
        with self._models.at_head() as models:
            rows = chosen_runs(models.runs, filters, order_by=None, ascending=True, cursor=None)
            return sum(1 for _ in rows)

    def has_run(self, run_id: str) -> bool:
        """Return whether there is a run of that id."""
        return self.get_run_by_id(run_id) is not None

    def all_logs(self, run_id: str, of_type: DagsterEventType | None = None) -> list[EventLogEntry]:
        """Return the entries of a run, in order, of one sort if one is named."""
        with self._models.at_head() as models:
            row = models.runs.get(run_id)
            if row is None:
                return []
            entries = [models.entry(event) for event in self._events_of(run_id, row.offset)]
        if of_type is None:
            return entries
        events = [(entry, entry.dagster_event) for entry in entries]
        return [entry for entry, event in events if event is not None and event.event_type is of_type]

    def _events_of(self, run: str, start: int) -> Iterator[AnyEvent]:
        """Yield the events of a run, from its request to its end."""
        for frame in self._log.read(start):
            for event in frame.events:
                if getattr(event, "run", None) == run:
                    yield event
                    if isinstance(event, RunSucceeded | RunFailed | RunCanceled):
                        return

    # --- changes of runs -------------------------------------------------------------------------

    def status_changes(self, status: DagsterRunStatus, *, after: int, limit: int) -> list[EventLogRecord]:
        """Return up to *limit* changes of runs to *status* behind the offset *after*, in order."""
        with self._models.at_head() as models:
            return [models.record(offset) for offset in models.statuses.after(status.value, after, limit)]

    def latest_status_change(self, status: DagsterRunStatus) -> int | None:
        """Return the offset of the newest change of a run to *status*, None if there was none."""
        with self._models.at_head() as models:
            return models.statuses.latest(status.value)

    def fetch_run_status_changes(
        self,
        records_filter: DagsterEventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return changes of runs to one status, the newest first; *cursor* is that of an earlier result."""
        asked = (
            RunStatusChangeRecordsFilter(records_filter)
            if isinstance(records_filter, DagsterEventType)
            else records_filter
        )
        status = _STATUS_OF.get(asked.event_type)
        if status is None:
            raise CheckError(
                f"{asked.event_type} tells of no status of a run: choose from {list(_STATUS_OF)}"
            )
        with self._models.at_head() as models:
            places = models.statuses.all(status.value, ascending=ascending)
            offsets = (offset for offset in places if asked.may_be_at(offset))
            records = (models.record(offset) for offset in _behind(offsets, cursor, ascending))
            return _result((record for record in records if asked.fits(record)), limit, cursor)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return events of one sort, the newest first."""
        asked = event_records_filter
        count = _ALL if limit is None else limit
        if asked.event_type in _STATUS_OF:
            changes = RunStatusChangeRecordsFilter(
                asked.event_type,
                None,
                asked.after_cursor,
                asked.before_cursor,
                asked.after_timestamp,
                asked.before_timestamp,
                asked.storage_ids,
            )
            return self.fetch_run_status_changes(changes, count, ascending=ascending).records
        if asked.asset_key is None:
            raise CheckError(f"EventRecordsFilter of {asked.event_type} needs an asset_key: give one")
        about = AssetRecordsFilter(
            asked.asset_key,
            asked.asset_partitions,
            asked.after_timestamp,
            asked.before_timestamp,
            asked.after_cursor,
            asked.before_cursor,
            asked.storage_ids,
        )
        if asked.event_type is DagsterEventType.ASSET_OBSERVATION:
            return self.fetch_observations(about, count, ascending=ascending).records
        if asked.event_type is DagsterEventType.ASSET_MATERIALIZATION:
            return self.fetch_materializations(about, count, ascending=ascending).records
        raise CheckError(
            f"{asked.event_type} cannot be asked for: ask for events of runs' statuses or of assets"
        )

    # --- assets ----------------------------------------------------------------------------------

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return materializations of an asset, the newest first; *cursor* is that of an earlier result."""
        return self._fetch(self._models.materializations, records_filter, limit, cursor, ascending)

    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return observations of an asset, the newest first; *cursor* is that of an earlier result."""
        return self._fetch(self._models.observations, records_filter, limit, cursor, ascending)

    def materializations_after(self, asset_key: AssetKey, *, after: int, limit: int) -> list[EventLogRecord]:
        """Return up to *limit* materializations of an asset behind the offset *after*, in order."""
        with self._models.at_head() as models:
            offsets = models.materializations.after(_name(asset_key), after, limit)
            return [models.record(offset) for offset in offsets]

    def latest_materialization(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> EventLogRecord | None:
        """Return the newest materialization of an asset, or of one of its partitions; None if there is none."""
        with self._models.at_head() as models:
            offset = models.materializations.latest(_name(asset_key), partition)
            return None if offset is None else models.record(offset)

    def get_latest_materialization_event(self, asset_key: AssetKey) -> EventLogEntry | None:
        """Return the newest materialization of an asset, None if there is none."""
        record = self.latest_materialization(asset_key)
        return None if record is None else record.event_log_entry

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return the newest materialization of each asset, None for one that has none."""
        return {key: self.get_latest_materialization_event(key) for key in asset_keys}

    def get_materialized_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions of an asset that were ever materialized."""
        with self._models.at_head() as models:
            return models.materializations.partitions(_name(asset_key))

    def all_asset_keys(self) -> list[AssetKey]:
        """Return the keys of the assets that were ever told of, sorted."""
        with self._models.at_head() as models:
            names = {*models.materializations.names(), *models.observations.names()}
        return [AssetKey.from_user_string(name) for name in sorted(names)]

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Return whether the asset was ever told of."""
        with self._models.at_head() as models:
            return models.knows_asset(_name(asset_key))

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> list[AssetRecord]:
        """Return what is known of the assets that were ever told of, or of these among them."""
        if isinstance(asset_keys, AssetKey | str):
            raise CheckError(f"asset_keys is {asset_keys!r}: give a list of AssetKey")
        keys = self.all_asset_keys() if asset_keys is None else asset_keys
        return [self._asset_record(key) for key in keys if self.has_asset_key(key)]

    def _asset_record(self, asset_key: AssetKey) -> AssetRecord:
        with self._models.at_head() as models:
            latest = [
                None if offset is None else models.record(offset)
                for positions in (models.materializations, models.observations)
                for offset in [positions.latest(_name(asset_key))]
            ]
        entry = AssetEntry(
            asset_key=asset_key, last_materialization_record=latest[0], last_observation_record=latest[1]
        )
        return AssetRecord(
            storage_id=max(record.storage_id for record in latest if record is not None), asset_entry=entry
        )

    def _fetch(
        self,
        positions: AssetPositions,
        asked: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None,
        ascending: bool,
    ) -> EventRecordsResult:
        about = asked if isinstance(asked, AssetRecordsFilter) else AssetRecordsFilter(asked)
        with self._models.at_head() as models:
            places = positions.all(_name(about.asset_key), ascending=ascending)
            offsets = (offset for offset, partition in places if about.may_be_at(offset, partition))
            records = (models.record(offset) for offset in _behind(offsets, cursor, ascending))
            return _result((record for record in records if about.fits(record)), limit, cursor)

    def report_runless_asset_event(self, asset_event: AssetMaterialization | AssetObservation) -> None:
        """Record an event about an asset that belongs to no run.

        Raises:
            CheckError: It is no such event.
        """
        if not isinstance(asset_event, AssetMaterialization | AssetObservation):
            raise CheckError(
                f"{asset_event!r} is no event: give an AssetMaterialization or an AssetObservation"
            )
        kind = AssetMaterialized if isinstance(asset_event, AssetMaterialization) else AssetObserved
        event = kind(
            at=self._clock.now(),
            asset=asset_event.asset_key.to_user_string(),
            partition_key=asset_event.partition,
            description=asset_event.description,
            metadata=plain_metadata(asset_event.metadata),
            tags=dict(asset_event.tags),
        )
        self.record([event])

    # --- dynamic partitions --------------------------------------------------------------------

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of a set of dynamic partitions, in the order in which they were added."""
        with self._models.at_head() as models:
            return models.partitions.get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a set of dynamic partitions has the key."""
        with self._models.at_head() as models:
            return models.partitions.has_dynamic_partition(partitions_def_name, partition_key)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add keys to a set of dynamic partitions; those that are there stay.

        Raises:
            CheckError: The name is no str, or the keys are not a list of str.
            DagsterInvalidDefinitionError: The name or a key contains what it may not.
        """
        if isinstance(partition_keys, str):
            raise CheckError(f"partition_keys is the str {partition_keys!r}: give a list of str")
        self._change(AddDynamicPartitionsRequest(partitions_def_name, list(partition_keys)))

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key from a set of dynamic partitions, if it is there.

        Raises:
            CheckError: The name or the key is no str.
            DagsterInvalidDefinitionError: The name or the key contains what it may not.
        """
        self._change(DeleteDynamicPartitionsRequest(partitions_def_name, [partition_key]))

    def _change(self, asked: AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest) -> None:
        """Append what changes at the head; decide again when somebody else was faster."""
        [change] = partition_changes([asked])
        while True:
            with self._models.at_head() as models:
                changed, head = ChangedPartitions(models.partitions).apply(change), models.head
            if not changed.added and not changed.deleted:
                return
            event = DynamicPartitionsChanged(
                at=self._clock.now(),
                partitions=change.partitions,
                run=self._run,
                actor=self._actor,
                **changed._asdict(),
            )
            try:
                self._append([event], head)
            except LogConflict:
                continue
            return

    def _append(self, events: Sequence[AnyEvent], expected: int | None) -> int:
        if self._read_only is not None:
            raise DagsterInvariantViolationError(
                f"nothing can be reported to this instance: {self._read_only}"
            )
        check_readable(events)
        return self._log.append(events, expected=expected, recorded_at=self._clock.now(), writer=self._writer)


def _name(value: object) -> str:
    """Return what the log calls the asset."""
    if isinstance(value, AssetKey):
        return value.to_user_string()
    raise CheckError(f"{value!r} ({type(value).__name__}) is no AssetKey: give AssetKey([...])")


def _microseconds(moment: datetime) -> int:
    """Return a time as events have it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def _behind(offsets: Iterator[int], cursor: str | None, ascending: bool) -> Iterator[int]:
    """Return the offsets that follow the one that *cursor* stands for."""
    if not cursor:
        return offsets
    try:
        last = int(cursor)
    except ValueError as error:
        raise CheckError(f"cursor is {cursor!r}: give the cursor of an earlier result") from error
    return (offset for offset in offsets if (offset > last if ascending else offset < last))


def _result(records: Iterator[EventLogRecord], limit: int, cursor: str | None) -> EventRecordsResult:
    found = list(islice(records, limit))
    more = next(records, None) is not None
    return EventRecordsResult(found, str(found[-1].storage_id) if found else cursor or "", more)

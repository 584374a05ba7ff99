"""What the function of a multi-asset sensor gets to know: the materializations it has not consumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .multi_asset_cursor import AssetPlace, MultiAssetCursor
from .partition_ancestry import downstream_partition_keys
from .resources import checked_resources
from .run_chain import chain_of
from .sensor_context import SensorEvaluationContext

if TYPE_CHECKING:
    from ..records import EventLogRecord
    from .assets import AssetsDefinition
    from .definitions import Definitions
    from .partitions import PartitionsDefinition
    from .repository import RepositoryDefinition

#: How many materializations are asked for at once.
_PAGE = 500

Monitored = Sequence[AssetKey] | AssetSelection


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """The context of one tick of a multi-asset sensor.

    Attributes:
        asset_keys: The monitored assets.
    """

    def __init__(
        self,
        monitored_assets: Monitored,
        **known: Any,
    ) -> None:
        """Take what is known.

        Args:
            known: As for `SensorEvaluationContext`.

        Raises:
            CheckError: *monitored_assets* is neither keys nor a selection.
            DagsterInvariantViolationError: The context knows no definitions.
        """
        super().__init__(**known)
        self.asset_keys = monitored_keys(monitored_assets, self._repository)
        self._cursor_before = MultiAssetCursor.of(self.cursor)
        self._cursor_after = MultiAssetCursor.of(self.cursor)
        self.cursor_advanced = False

    @property
    def _repository(self) -> RepositoryDefinition:
        if self.repository_def is None:
            raise DagsterInvariantViolationError(
                "a multi-asset sensor needs to know the assets: give definitions= or repository_def="
            )
        return self.repository_def

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition | None]:
        """Who makes each monitored asset, None for one that is made elsewhere."""
        return {key: self._repository.asset_graph.by_key.get(key) for key in self.asset_keys}

    @property
    def next_cursor(self) -> str:
        """The cursor as the function has advanced it."""
        return str(self._cursor_after)

    def update_cursor(self, cursor: str | None) -> NoReturn:
        """Refuse: the cursor goes by what is consumed.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        self.refuse_cursor("the multi-asset sensor: call advance_cursor() or advance_all_cursors()")

    # --- what is there -------------------------------------------------------------------------

    def latest_materialization_records_by_key(
        self, asset_keys: Sequence[AssetKey] | None = None
    ) -> dict[AssetKey, EventLogRecord | None]:
        """Return the newest materialization of each asset that is not consumed, None if there is none."""
        found = {}
        for key in self.asset_keys if asset_keys is None else asset_keys:
            self._check_monitored(key)
            latest = self.instance.latest_materialization(key)
            consumed = self._cursor_before.place(key).consumed
            new = latest is not None and (consumed is None or latest.storage_id > consumed)
            found[key] = latest if new else None
        return found

    def materialization_records_for_key(
        self, asset_key: AssetKey, limit: int | None = None
    ) -> list[EventLogRecord]:
        """Return the materializations after the consumed one, the oldest first."""
        self._check_monitored(asset_key)
        after = self._after(asset_key)
        if limit is not None:
            return list(self.instance.materializations_after(asset_key, after=after, limit=limit))
        return list(self._records_after(asset_key, after))

    def latest_materialization_records_by_partition(
        self, asset_key: AssetKey, after_cursor_partition: bool | None = False
    ) -> Mapping[str, EventLogRecord]:
        """Return the newest materialization of each partition that is not consumed, in the partitions' order.

        Args:
            after_cursor_partition: Only partitions behind that of the consumed materialization.

        Raises:
            DagsterInvalidDefinitionError: The asset has no partitions.
        """
        self._check_monitored(asset_key)
        keys = list(self._partition_keys(asset_key))
        cursor_partition = self.get_cursor_partition(asset_key)
        if after_cursor_partition and cursor_partition in keys:
            keys = keys[keys.index(cursor_partition) + 1 :]
        newest = {
            record.partition_key: record for record in self._unconsumed(asset_key) if record.partition_key
        }
        return {key: newest[key] for key in keys if key in newest}

    def latest_materialization_records_by_partition_and_asset(
        self,
    ) -> Mapping[str, Mapping[AssetKey, EventLogRecord]]:
        """Return, by partition and asset, the newest materializations that are not consumed."""
        found: dict[str, dict[AssetKey, EventLogRecord]] = {}
        for asset_key in self.asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(asset_key).items():
                found.setdefault(partition, {})[asset_key] = record
        return found

    def get_trailing_unconsumed_events(self, asset_key: AssetKey) -> Sequence[EventLogRecord]:
        """Return the materializations that the cursor has passed and that were not consumed, the oldest first."""
        self._check_monitored(asset_key)
        offsets = sorted(self._cursor_before.place(asset_key).trailing.values())
        return [record for offset in offsets for record in self._record_at(asset_key, offset)]

    def get_cursor_partition(self, asset_key: AssetKey | None) -> str | None:
        """Return the partition of the consumed materialization; *asset_key* may be None if there is one asset."""
        if asset_key is None and len(self.asset_keys) != 1:
            raise DagsterInvalidDefinitionError(
                "get_cursor_partition() needs an asset key, for several assets are monitored: "
                f"{', '.join(key.to_user_string() for key in self.asset_keys)}"
            )
        key = self.asset_keys[0] if asset_key is None else asset_key
        self._check_monitored(key)
        return self._cursor_before.place(key).partition

    def all_partitions_materialized(
        self, asset_key: AssetKey, partitions: Sequence[str] | None = None
    ) -> bool:
        """Return whether all of *partitions*, or of the asset's, were ever materialized."""
        self._check_monitored(asset_key)
        wanted = self._partition_keys(asset_key) if partitions is None else partitions
        return set(wanted) <= set(self.instance.get_materialized_partitions(asset_key))

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: AssetKey, to_asset_key: AssetKey
    ) -> Sequence[str]:
        """Return the partitions of an asset that are made from one of another asset.

        Raises:
            DagsterInvalidDefinitionError: One of the assets has no partitions.
        """
        origin, target = self._partitions(from_asset_key), self._partitions(to_asset_key)
        return downstream_partition_keys(partition_key, origin, target, self._instance)

    # --- what is consumed ----------------------------------------------------------------------

    def advance_cursor(
        self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]
    ) -> None:
        """Consume these materializations; what lies before one, in other partitions, is left trailing.

        Raises:
            DagsterInvariantViolationError: Too many partitions of an asset are left trailing.
        """
        for key, record in materialization_records_by_key.items():
            self._check_monitored(key)
            if record is None:
                continue
            passed = [
                (one.partition_key, one.storage_id)
                for one in self._records_after(key, self._after(key, self._cursor_after))
                if one.partition_key is not None and one.storage_id < record.storage_id
            ]
            place = self._cursor_after.place(key)
            self._cursor_after.put(key, place.advanced(record.storage_id, record.partition_key, passed))
            self.cursor_advanced = True

    def advance_all_cursors(self) -> None:
        """Consume all there is of every monitored asset."""
        for key in self.asset_keys:
            latest = self.instance.latest_materialization(key)
            if latest is not None:
                self._cursor_after.put(key, AssetPlace(latest.partition_key, latest.storage_id))
        self.cursor_advanced = True

    def end_tick(self) -> None:
        """Take the advanced cursor for the stored one: further calls with this context are later ticks."""
        self._cursor = self.next_cursor if self.cursor_advanced else self._cursor
        self._cursor_before = MultiAssetCursor.of(self._cursor)
        self.cursor_advanced = False

    def has_more(self) -> bool:
        """Return whether materializations are there that the advanced cursor has not passed."""
        return any(
            self.instance.materializations_after(key, after=self._after(key, self._cursor_after), limit=1)
            for key in self.asset_keys
        )

    def chain_of_consumed(self) -> list[str]:
        """Return the sensors by whose reactions the runs came about that made what was consumed now."""
        chain: dict[str, None] = {}
        for key in self.asset_keys:
            consumed = self._cursor_after.place(key).consumed
            if consumed is None or consumed == self._cursor_before.place(key).consumed:
                continue
            for record in self._record_at(key, consumed):
                run = self.instance.get_run_by_id(record.run_id) if record.run_id else None
                chain.update(dict.fromkeys(chain_of(run.tags) if run is not None else ()))
        return list(chain)

    # --- parts -----------------------------------------------------------------------------------

    def _unconsumed(self, asset_key: AssetKey) -> Iterator[EventLogRecord]:
        yield from self.get_trailing_unconsumed_events(asset_key)
        yield from self._records_after(asset_key, self._after(asset_key))

    def _records_after(self, asset_key: AssetKey, after: int) -> Iterator[EventLogRecord]:
        while records := self.instance.materializations_after(asset_key, after=after, limit=_PAGE):
            yield from records
            after = records[-1].storage_id

    def _record_at(self, asset_key: AssetKey, offset: int) -> list[EventLogRecord]:
        records = self.instance.materializations_after(asset_key, after=offset - 1, limit=1)
        return [record for record in records if record.storage_id == offset]

    def _after(self, asset_key: AssetKey, cursor: MultiAssetCursor | None = None) -> int:
        consumed = (cursor or self._cursor_before).place(asset_key).consumed
        return -1 if consumed is None else consumed

    def _partitions(self, asset_key: AssetKey) -> PartitionsDefinition:
        asset = self._repository.asset_graph.by_key.get(asset_key)
        if asset is None or asset.partitions_def is None:
            raise DagsterInvalidDefinitionError(
                f"asset {asset_key.to_user_string()} has no partitions here: ask for its materializations by key"
            )
        return asset.partitions_def

    def _partition_keys(self, asset_key: AssetKey) -> Collection[str]:
        return self._partitions(asset_key).get_partition_keys(dynamic_partitions_store=self._instance)

    def _check_monitored(self, asset_key: AssetKey) -> None:
        if asset_key not in self.asset_keys:
            raise DagsterInvalidDefinitionError(
                f"asset {asset_key!r} is not monitored: choose from "
                f"{', '.join(key.to_user_string() for key in self.asset_keys)}"
            )


def monitored_keys(monitored: Monitored, repository: RepositoryDefinition) -> list[AssetKey]:
    """Return the keys of the monitored assets.

    Raises:
        CheckError: *monitored* is neither keys nor a selection.
    """
    if isinstance(monitored, AssetSelection):
        return sorted(monitored.resolve(repository.asset_graph), key=lambda key: key.parts)
    return list(checked_monitored(monitored, "a multi-asset sensor"))


def checked_monitored(monitored: object, what: str) -> Sequence[AssetKey]:
    """Return the list of keys that *monitored* is.

    Raises:
        CheckError: It is none.
    """
    listed = isinstance(monitored, Sequence) and not isinstance(monitored, str)
    if isinstance(monitored, Sequence) and listed and all(isinstance(key, AssetKey) for key in monitored):
        return monitored
    raise CheckError(
        f"monitored_assets of {what} is {monitored!r}: give a list of AssetKey or an AssetSelection"
    )


def build_multi_asset_sensor_context(
    *,
    monitored_assets: Monitored,
    repository_def: RepositoryDefinition | None = None,
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, Any] | None = None,
    definitions: Definitions | None = None,
    sensor_name: str | None = None,
    last_sensor_start_time: float | None = None,
) -> MultiAssetSensorEvaluationContext:
    """Build a context to call a multi-asset sensor with.

    Args:
        monitored_assets: As declared with the sensor.
        instance: Where the materializations are.
        cursor_from_latest_materializations: Whether all that is there now counts as consumed.
        definitions: Where the assets are; or *repository_def*.

    Raises:
        CheckError: An argument has the wrong type, or both a cursor and *cursor_from_latest_materializations*.
        DagsterInvariantViolationError: There are no definitions.
    """
    if cursor is not None and cursor_from_latest_materializations:
        raise CheckError("give cursor or cursor_from_latest_materializations, not both")
    known: dict[str, Any] = {
        "instance": instance,
        "repository_name": repository_name,
        "repository_def": repository_def,
        "definitions": definitions,
        "sensor_name": sensor_name,
        "resources": checked_resources(resources, "build_multi_asset_sensor_context"),
        "last_sensor_start_time": last_sensor_start_time,
    }
    context = MultiAssetSensorEvaluationContext(monitored_assets, cursor=cursor, **known)
    if not cursor_from_latest_materializations:
        return context
    context.advance_all_cursors()
    return MultiAssetSensorEvaluationContext(monitored_assets, cursor=context.next_cursor, **known)

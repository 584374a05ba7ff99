"""The instance as an evaluation sees it that is recorded, or played: its answers are reads, and on the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self

import msgspec

from .authoring.asset_key import AssetKey
from .records.asset_records import AssetRecord
from .records.dagster_run import DagsterRun, RunRecord
from .records.event_log import EventLogEntry, EventLogRecord, EventRecordsResult
from .tape import NotOnTape, Recorder, observe, reading

#: What may be asked, and the type of the answer.
_READS: dict[str, Any] = {
    "head": int,
    "get_runs": list[DagsterRun],
    "get_run_records": list[RunRecord],
    "get_run_by_id": DagsterRun | None,
    "get_run_record_by_id": RunRecord | None,
    "get_runs_count": int,
    "has_run": bool,
    "all_logs": list[EventLogEntry],
    "status_changes": list[EventLogRecord],
    "latest_status_change": int | None,
    "fetch_run_status_changes": EventRecordsResult,
    "get_event_records": list[EventLogRecord],
    "fetch_materializations": EventRecordsResult,
    "fetch_observations": EventRecordsResult,
    "materializations_after": list[EventLogRecord],
    "latest_materialization": EventLogRecord | None,
    "get_latest_materialization_event": EventLogEntry | None,
    "get_materialized_partitions": set[str],
    "all_asset_keys": list[AssetKey],
    "has_asset_key": bool,
    "get_asset_records": list[AssetRecord],
    "get_dynamic_partitions": list[str],
    "has_dynamic_partition": bool,
}

#: What may be reported; while a tape is played, what was reported then happens no second time.
_REPORTS = frozenset(
    (
        "record", "record_from", "report_runless_asset_event", "add_dynamic_partitions", "delete_dynamic_partition",
    )
)  # fmt: skip


class TapedInstance:
    """Does as an instance, on the record.

    Args:
        real: Returns the instance; not called while a tape is played that has the answers.
        past: Of which time it is, for people; ``""`` for now.
        close: Closes what *real* opened.
    """

    def __init__(
        self, real: Callable[[], Any], past: str = "", close: Callable[[], None] | None = None
    ) -> None:
        self._real, self._past, self._close = real, past, close

    def __getattr__(self, name: str) -> Any:
        if name in _READS:
            return partial(self._read, name)
        if name in _REPORTS:
            return partial(self._report, name)
        if (current := reading()) is not None:
            current.miss(f"context.instance.{name}")
        return getattr(self._real(), name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    def as_of(self, moment: Any) -> TapedInstance:
        """Return the instance as it was; see `DagsterInstance.as_of`."""
        return TapedInstance(lambda: self._real().as_of(moment), f"as of {moment!r}: ")

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> dict[AssetKey, EventLogEntry | None]:
        """Return the newest materialization of each asset, None for one that has none."""
        return {key: self.get_latest_materialization_event(key) for key in asset_keys}

    def dispose(self) -> None:
        """Close what was opened for it; what was not stays open."""
        if self._close is not None:
            self._close()

    def _read(self, name: str, *arguments: Any, **named: Any) -> Any:
        return observe(
            "instance",
            name,
            self._past + _told(arguments, named),
            lambda: getattr(self._real(), name)(*arguments, **named),
            _plain,
            partial(_restored, _READS[name]),
        )

    def _report(self, name: str, *arguments: Any, **named: Any) -> Any:
        def report() -> Any:
            if not isinstance(reading(), Recorder):
                raise NotOnTape(f"context.instance.{name}: nothing is reported while a tape is played")
            return getattr(self._real(), name)(*arguments, **named)

        return observe("instance", name, self._past + _told(arguments, named), report)


def _told(arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    return ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])


def _plain(answer: Any) -> Any:
    return msgspec.to_builtins(answer, enc_hook=_encoded)


def _restored(kind: Any, plain: Any) -> Any:
    return msgspec.convert(plain, kind, dec_hook=_decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, AssetKey):
        return value.to_user_string()
    raise NotImplementedError(f"{type(value).__name__} in an answer of the instance")


def _decoded(kind: type, value: Any) -> Any:
    if kind is AssetKey:
        return AssetKey.from_user_string(value)
    raise NotImplementedError(f"{kind.__name__} in an answer of the instance")

"""``ticktrail info``: where things are and what there is."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict

from ...core.log import EventLog
from ...projections.assets import Assets
from ...projections.runs import Runs
from ...projections.sensor_states import SensorStates
from ..engine_lock import EngineHolder
from ..folding import fold
from ..home import DefinitionsSource, Home
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import opened, viewed
from .text import bytes_text


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the log holds.

    Attributes:
        runs: How many runs stand how.
    """

    events: int
    sensors: int
    sensors_running: int
    runs: dict[str, int]
    assets: int


def info(*, when: When = WHEN, common: Common = COMMON) -> int:
    """Show where the home and the log are, whether an engine runs, and what the log holds.

    Of what was, the log alone tells: with --as-of there is no word of the engine and the definitions.
    """
    home, out = common.open(), Output(json=common.json)
    with viewed(home, when) as view:
        held = _held(view.log)
    now = _Now.of(home) if when.as_of is None else None
    if out.json:
        out.record(
            {
                "release": version("ticktrail"),
                "home": str(home.path),
                "log": home.log_name,
                **({} if now is None else now.record()),
                **asdict(held),
            }
        )
    else:
        _show(out, home, held, now)
    return 0


class _Now(msgspec.Struct, frozen=True, kw_only=True):
    """What is so at present, and not in the log.

    Attributes:
        log_bytes: Size of the log's storage, None if it lies on a server.
        archived: How many of the log's events are archived.
        archive_bytes: Size of the archive.
    """

    log_bytes: int | None
    archived: int
    archive_bytes: int
    engine: EngineHolder | None
    definitions: DefinitionsSource | None

    @classmethod
    def of(cls, home: Home) -> _Now:
        with opened(home) as log:
            archive = log.archived.manifest
        return cls(
            log_bytes=_size(home),
            archived=archive.end.offset,
            archive_bytes=sum(segment.bytes for segment in archive.segments),
            engine=home.engine(),
            definitions=home.definitions,
        )

    def record(self) -> dict[str, Any]:
        """Return it for JSON, each field whether it is set or not."""
        definitions = None if self.definitions is None else asdict(self.definitions)
        return {**asdict(self), "definitions": definitions}


def _held(log: EventLog) -> _Held:
    states, runs, assets = SensorStates(), Runs(), Assets()
    head = fold(log, states, runs, assets)
    sensors = [states.get(name) for name in states.names()]
    return _Held(
        events=head,
        sensors=len(sensors),
        sensors_running=sum(state.running for state in sensors),
        runs=Counter(run.status for run in runs),
        assets=len(assets.names()),
    )


def _show(out: Output, home: Home, held: _Held, now: _Now | None) -> None:
    size = None if now is None else now.log_bytes
    runs = [f"{count} {status}" for status, count in sorted(held.runs.items())]
    present: dict[str, str | None] = {}
    if now is not None:
        if now.archived:
            present["archived"] = f"{now.archived} of the events in {bytes_text(now.archive_bytes)}"
        present["engine"] = "not running" if now.engine is None else f"running: {now.engine}"
        present["definitions"] = str(now.definitions or "none remembered")
    out.facts(
        {
            "ticktrail": version("ticktrail"),
            "home": str(home.path),
            "log": home.log_name,
            "events": f"{held.events}" + ("" if size is None else f" in {bytes_text(size)}"),
            **present,
            "sensors": f"{held.sensors}, {held.sensors_running} running",
            "runs": ", ".join([str(sum(held.runs.values())), *runs]),
            "assets": str(held.assets),
        }
    )


def _size(home: Home) -> int | None:
    """Return the bytes of the log's files, None if it lies on a server."""
    if "://" in home.log_url:
        return None
    files = (Path(home.log_url + suffix) for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())

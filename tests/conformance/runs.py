"""Runs as workers write them, without a worker."""

from __future__ import annotations

from typing import Any

from harness.engine import EngineHarness
from ticktrail.core.events import AnyEvent, AssetMaterialized, RunRequested, RunStarted


def _append(engine: EngineHarness, event: AnyEvent, writer: str) -> int:
    return engine.log.append([event], expected=None, recorded_at=engine.clock.now(), writer=writer)


def request_run(engine: EngineHarness, run: str, job: str = "the_job", **options: Any) -> int:
    """Ask for a run as an operator does; returns the offset of its request."""
    asked = RunRequested(at=engine.clock.now(), run=run, job=job, actor="ann", **options)
    return _append(engine, asked, "cli:tester")


def start_run(engine: EngineHarness, run: str) -> int:
    """Claim a run as its worker does."""
    started = RunStarted(
        at=engine.clock.now(), run=run, cause=_cause(engine, run), where="here", host="h", pid=1
    )
    return _append(engine, started, f"run:{run}")


def end_run(engine: EngineHarness, run: str, kind: type, **options: Any) -> int:
    """End a run as its worker does; returns the offset of the end."""
    ended = kind(at=engine.clock.now(), run=run, cause=_cause(engine, run), **options)
    return _append(engine, ended, f"run:{run}")


def materialize_asset(engine: EngineHarness, asset: str, **options: Any) -> int:
    """Tell that an asset was materialized; returns the offset of the event."""
    return _append(engine, AssetMaterialized(at=engine.clock.now(), asset=asset, **options), "run:r")


def _cause(engine: EngineHarness, run: str) -> int:
    offsets = (
        offset
        for frame in engine.log.read()
        for offset, event in enumerate(frame.events, frame.first_offset)
        if isinstance(event, RunRequested) and event.run == run
    )
    return next(offsets)

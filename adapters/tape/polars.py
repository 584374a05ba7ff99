"""Files and databases that `polars` reads: it does so in Rust, where nothing is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .unseen import Missed, Refused, Watched, is_written, watched

#: It reads by a connection of another library's, which is met there.
_BY_OTHERS = "read_database"

#: Ways to have what a lazy frame stands for, which may be older than the tick.
_COLLECTS = ("collect", "collect_async", "collect_batches", "execute", "profile", "fetch")

_WRITES = (
    "write_avro", "write_csv", "write_delta", "write_iceberg", "write_ipc", "write_ipc_stream", "write_json",
    "write_ndjson", "write_parquet",
)  # fmt: skip

#: How a plan says that files are read which Python has not opened.
_SCAN = re.compile(r"\bSCAN \[(?!(?:(?:\d+ in-mem bytes|open-file)(?:, )?)+\])")


def _package(module: Any) -> Iterator[tuple[Any, str, Any]]:
    reads = [name for name in dir(module) if name.startswith(("read_", "scan_")) and name != _BY_OTHERS]
    yield from watched(module, reads, lambda really, name: Missed(really, _named(name), at=0))
    yield from watched(module, ("collect_all", "collect_all_async"), _missed)
    yield from watched(module.LazyFrame, _COLLECTS, _missed)
    sinks = [name for name in dir(module.LazyFrame) if name.startswith("sink_")]
    yield from watched(module.LazyFrame, sinks, lambda really, name: _written(_missed(really, name), name))
    yield from watched(module.DataFrame, _WRITES, _written)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {"polars": _package}


def _named(name: str) -> str:
    return f"polars {name}"


def _missed(really: Callable[..., Any], name: str) -> Watched:
    return Missed(really, _named(name), at=0, outside=_scans)


def _written(really: Callable[..., Any], name: str) -> Watched:
    return Refused(really, _named(name), at=1, outside=is_written)


def _scans(frames: Any) -> bool:
    """Return whether a lazy frame, or one of several, reads files."""
    if isinstance(frames, (list, tuple)):
        return any(map(_scans, frames))
    # Of several that can be gone through only once nobody knows.
    return not hasattr(frames, "explain") or _SCAN.search(frames.explain(optimized=False)) is not None

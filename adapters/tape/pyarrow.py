"""Files that `pyarrow` reads, also those of S3 and the like: it does so in C++, where nothing is recorded.

Its file systems are replaced by subclasses of them, as types of C++ cannot be changed. So nothing is noticed of data sets that
are older than the tick, of `pyarrow.OSFile`, and of file systems that `FileSystem.from_uri` has made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .unseen import Missed, Refused, Watched, is_outside, is_written, watched

Patches = Iterator[tuple[Any, str, Any]]

#: By module, what reads, a function or a class; its first argument says what.
_READS: Mapping[str, Sequence[str]] = {
    "pyarrow": ("memory_map", "input_stream"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.feather": ("read_feather", "read_table"),
    "pyarrow.fs": ("copy_files",),
    "pyarrow.ipc": ("open_file", "open_stream"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.orc": ("read_table", "ORCFile"),
    "pyarrow.parquet": (
        "read_table", "read_pandas", "read_metadata", "read_schema", "ParquetFile", "ParquetDataset",
    ),
}  # fmt: skip

#: The same of what writes: where to is said second by functions, first by classes.
_WRITES: Mapping[str, Sequence[str]] = {
    "pyarrow.csv": ("write_csv",),
    "pyarrow.dataset": ("write_dataset",),
    "pyarrow.feather": ("write_feather",),
    "pyarrow.fs": ("copy_files",),
    "pyarrow.orc": ("write_table", "ORCWriter"),
    "pyarrow.parquet": ("write_table", "write_to_dataset", "write_metadata", "ParquetWriter"),
}

_FILE_SYSTEMS = ("LocalFileSystem", "S3FileSystem", "GcsFileSystem", "AzureFileSystem", "HadoopFileSystem")
_FILE_SYSTEM_READS = ("get_file_info", "open_input_file", "open_input_stream")
_FILE_SYSTEM_WRITES = (
    "copy_file", "create_dir", "delete_dir", "delete_dir_contents", "delete_file", "move", "open_append_stream",
    "open_output_stream",
)  # fmt: skip


def _module(module: Any) -> Patches:
    name = module.__name__
    for names, watch in ((_WRITES, _written), (_READS, _missed)):
        for each in names.get(name, ()):
            function = getattr(module, each)
            holder, inner = (function, "__init__") if isinstance(function, type) else (module, each)
            yield from watched(holder, (inner,), partial(watch, f"{name} {each}"))


def _file_systems(module: Any) -> Patches:
    yield from _module(module)
    for name in _FILE_SYSTEMS:
        # Those that were not built are not there.
        if (kind := vars(module).get(name)) is not None:
            yield module, name, _watched_kind(kind)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Patches]] = {
    **dict.fromkeys(_READS, _module),
    "pyarrow.fs": _file_systems,
}


def _missed(what: str, really: Callable[..., Any], name: str) -> Watched:
    return Missed(really, what, at=1 if name == "__init__" else 0, outside=_is_read)


def _written(what: str, really: Callable[..., Any], name: str) -> Watched:
    return Refused(really, what, at=1, outside=is_written)


def _is_read(source: Any) -> bool:
    """Return whether a source is read by `pyarrow` itself: tables are content, and data sets were opened before."""
    if isinstance(source, (list, tuple)):
        return any(map(_is_read, source))
    return not hasattr(source, "schema") and (type(source).__name__ == "OSFile" or is_outside(source))


class _Kind(type):
    """Instances of what such a type watches are said to be its own, as `pyarrow` makes some itself."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, vars(cls).get("taped_kind", ())) or super().__instancecheck__(instance)


def _watched_kind(kind: type) -> type:
    members: dict[str, Any] = {"__module__": kind.__module__, "__doc__": kind.__doc__, "taped_kind": kind}
    for name in _FILE_SYSTEM_READS:
        members[name] = Missed(getattr(kind, name), f"pyarrow.fs {name}")
    for name in _FILE_SYSTEM_WRITES:
        members[name] = Refused(getattr(kind, name), f"pyarrow.fs {name}")
    return _Kind(kind.__name__, (kind,), members)

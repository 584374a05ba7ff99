"""The history as Parquet files of one moment, for any tool: a folder with a file for each relation."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ...core.errors import TickTrailError
from ...core.moment_text import moment_text
from ...projections.history.document import readme
from ...projections.history.health_queries import AS_OF_NOW
from ...projections.history.schema import SCHEMA_VERSION, Relation
from ...projections.history.stored import STORED
from ...projections.history.views import VIEWS
from .database import History, reading_errors
from .segments import described, synced

#: All that is exported. What `as_of` says is in the manifest.
EXPORTED = (*STORED, *VIEWS)

#: Rows that are fetched at a time; then bytes and rows at which they become a row group.
_BATCH, _GROUP_BYTES, _GROUP_ROWS = 8_192, 64 << 20, 122_880


class ExportError(TickTrailError):
    """The export cannot be written; nothing of it is there."""


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one relation.

    Attributes:
        relation: The relation's name.
        file: The file's name.
        rows: How many rows it has.
        bytes: Its size.
        digest: BLAKE2b of its bytes, 16 bytes in hexadecimal.
    """

    relation: str
    file: str
    rows: int
    bytes: int
    digest: str


class ExportManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export says of itself, in ``manifest.json``.

    Attributes:
        schema: Version of the relations.
        position: How many events of the log are in it.
        moment: The moment that ages count back from, ISO 8601, UTC.
        files: One for each relation.
    """

    schema: int
    position: int
    moment: str
    files: list[ExportedFile]


#: Is told of the rows that were written, of which relation.
Progress = Callable[[Relation, int], None]


def export(history: History, target: Path, progress: Progress) -> ExportManifest:
    """Write the relations to a folder, all as of one moment: whole, or not at all.

    The memory it takes does not follow the number of ticks, that of the views the number of runs.

    Raises:
        ExportError: The folder holds something, or cannot be written.
        HistoryError: The history cannot be read.
    """
    with _whole_folder(target) as folder, history.still():
        ((position, moment),) = history.rows(AS_OF_NOW)
        written = [_exported(history, relation, folder, progress) for relation in EXPORTED]
        manifest = ExportManifest(
            schema=SCHEMA_VERSION, position=position, moment=moment_text(moment), files=written
        )
        (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        (folder / "README.md").write_text(readme(position, manifest.moment), encoding="utf-8")
    return manifest


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Make a folder that gets the name *target* at the end of the block, or is removed if that fails.

    Raises:
        ExportError: There is something of that name that holds something, or it cannot be written.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise ExportError(f"{target} is there and holds something: name a folder that is new or empty")
    try:
        scratch = Path(tempfile.mkdtemp(dir=target.absolute().parent, prefix=f".{target.name}-"))
        try:
            # One of the usual permissions, which that of `mkdtemp` has not.
            folder = scratch / "export"
            folder.mkdir()
            yield folder
            for path in [*folder.iterdir(), folder]:
                synced(path)
            os.rename(folder, target)
            synced(target.absolute().parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise ExportError(
            f"the export cannot be written to {target} ({error.strerror or error}): nothing of it was kept"
        ) from error


def _exported(history: History, relation: Relation, folder: Path, progress: Progress) -> ExportedFile:
    path, rows = folder / f"{relation.name}.parquet", 0
    progress(relation, 0)
    with reading_errors(f"the relation {relation.name} of the history"):
        reader = history.sql(f"FROM {relation.name}").to_arrow_reader(_BATCH)
        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for group in _row_groups(reader):
                writer.write_table(group)
                rows += group.num_rows
                progress(relation, rows)
    file = described(path, rows)
    return ExportedFile(
        relation=relation.name, file=path.name, rows=rows, bytes=file.bytes, digest=file.digest
    )


def _row_groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(batches)
            batches, rows, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches)

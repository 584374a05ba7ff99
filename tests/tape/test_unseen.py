"""Libraries in C++ and Rust read where Python hears nothing of it: ticks that use them say so, and no replay reads by them."""

from __future__ import annotations

import inspect
import io
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.fs
import pyarrow.json
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, Tape, under
from ticktrail.core.tape.history_player import HistoryPlayer

TABLE = pa.table({"id": [1, 2], "name": ["a", "b"]})
TABLE_LAZY = pl.DataFrame({"id": [1]}).lazy()


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.fixture
def folder(tmp_path: Path) -> str:
    frame = pl.DataFrame({"id": [1, 2], "name": ["a", "b"]})
    for ending in ("csv", "parquet", "ndjson", "json", "avro", "ipc"):
        getattr(frame, f"write_{ending}")(tmp_path / f"orders.{ending}")
    frame.write_ipc_stream(tmp_path / "orders.stream")
    pa.orc.write_table(TABLE, str(tmp_path / "orders.orc"))
    pa.feather.write_feather(TABLE, str(tmp_path / "orders.feather"))
    with duckdb.connect(str(tmp_path / "orders.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
    return str(tmp_path)


class Older:
    """What was made before the tick."""

    def __init__(self, folder: str) -> None:
        self.connection = duckdb.connect(f"{folder}/orders.duckdb")
        self.relation: Any = duckdb.sql(f"FROM '{folder}/orders.parquet'")
        self.lazy = pl.scan_parquet(f"{folder}/*.parquet").filter(pl.col("id") > 1)
        self.files = pa.fs.LocalFileSystem()


def rows(relation: Any) -> list[Any]:
    """Return its rows."""
    found: list[Any] = relation.fetchall()
    return found


READS: dict[str, Callable[[str, Older], Any]] = {
    "duckdb connect": lambda folder, _: duckdb.connect(f"{folder}/orders.duckdb", read_only=False).close(),
    "duckdb execute": lambda _, older: older.connection.execute("SELECT * FROM orders").fetchall(),
    "duckdb executemany": lambda _, older: older.connection.executemany("SELECT ?", [[1]]).fetchall(),
    "duckdb sql": lambda folder, _: rows(duckdb.sql(f"FROM '{folder}/orders.csv'")),
    "duckdb table": lambda _, older: older.connection.table("orders").fetchall(),
    "duckdb read_csv": lambda folder, _: duckdb.read_csv(f"{folder}/orders.csv").fetchall(),
    "duckdb read_parquet": lambda folder, older: older.connection.read_parquet(f"{folder}/*.parquet"),
    "duckdb fetchall": lambda _, older: older.relation.fetchall(),
    "duckdb to_arrow_table": lambda _, older: older.relation.to_arrow_table(),
    "duckdb __len__": lambda _, older: len(older.relation),
    "pyarrow memory_map": lambda folder, _: pa.memory_map(f"{folder}/orders.csv").read(),
    "pyarrow input_stream": lambda folder, _: pa.input_stream(f"{folder}/orders.csv").read(),
    "pyarrow.csv read_csv": lambda folder, _: pa.csv.read_csv(f"{folder}/orders.csv"),
    "pyarrow.csv open_csv": lambda folder, _: pa.csv.open_csv(input_file=f"{folder}/orders.csv").read_all(),
    "pyarrow.json read_json": lambda folder, _: pa.json.read_json(f"{folder}/orders.ndjson"),
    "pyarrow.orc read_table": lambda folder, _: pa.orc.read_table(f"{folder}/orders.orc"),
    "pyarrow.orc ORCFile": lambda folder, _: pa.orc.ORCFile(f"{folder}/orders.orc").read(),
    "pyarrow.feather read_table": lambda folder, _: pa.feather.read_table(f"{folder}/orders.feather"),
    "pyarrow.ipc open_file": lambda folder, _: pa.ipc.open_file(pa.OSFile(f"{folder}/orders.ipc")).read_all(),
    "pyarrow.parquet read_table": lambda folder, _: pq.read_table(Path(folder, "orders.parquet")),
    "pyarrow.parquet read_metadata": lambda folder, _: pq.read_metadata(f"{folder}/orders.parquet"),
    "pyarrow.parquet ParquetFile": lambda folder, _: pq.ParquetFile(f"{folder}/orders.parquet").read(),
    "pyarrow.parquet ParquetDataset": lambda folder, _: pq.ParquetDataset(f"{folder}/orders.parquet").read(),
    "pyarrow.dataset dataset": lambda folder, _: pa.dataset.dataset([f"{folder}/orders.parquet"]).to_table(),
    "pyarrow.fs get_file_info": lambda folder, older: older.files.get_file_info(pa.fs.FileSelector(folder)),
    "pyarrow.fs open_input_stream": lambda folder, _: (
        pa.fs.LocalFileSystem().open_input_stream(f"{folder}/orders.csv").read()
    ),
    "polars read_csv": lambda folder, _: pl.read_csv(f"{folder}/orders.csv"),
    "polars read_parquet": lambda folder, _: pl.read_parquet(source=Path(folder, "orders.parquet")),
    "polars read_ndjson": lambda folder, _: pl.read_ndjson(f"{folder}/orders.ndjson"),
    "polars read_json": lambda folder, _: pl.read_json(f"{folder}/orders.json"),
    "polars read_avro": lambda folder, _: pl.read_avro(f"{folder}/orders.avro"),
    "polars read_ipc": lambda folder, _: pl.read_ipc(f"{folder}/orders.ipc"),
    "polars read_ipc_stream": lambda folder, _: pl.read_ipc_stream(f"{folder}/orders.stream"),
    "polars scan_csv": lambda folder, _: pl.scan_csv([f"{folder}/orders.csv"]).collect(),
    "polars collect": lambda _, older: older.lazy.select("id").collect(),
    "polars collect_all": lambda _, older: pl.collect_all([TABLE_LAZY, older.lazy]),
}


@pytest.mark.parametrize("name", READS)
def test_a_tick_that_reads_unseen_is_partial_and_no_replay_reads_so(folder: str, name: str) -> None:
    """Seen to fail: all such tapes were called complete, and a replay read the files."""
    older = Older(folder)

    _, tape = record(lambda: READS[name](folder, older))
    player = Player(tape)
    with under(player), pytest.raises(NotOnTape, match=f"{name} is on no tape"):
        READS[name](folder, older)

    assert not tape.complete and name in tape.uncovered
    assert player.missing == [name]


@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_the_same_on_the_record_as_off_it(folder: str, name: str) -> None:
    older = Older(folder)

    plain = READS[name](folder, older)
    then, _ = record(lambda: READS[name](folder, older))

    assert type(then) is type(plain)
    assert _ADDRESS.sub("", str(then)) == _ADDRESS.sub("", str(plain))


_ADDRESS = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)


def _content(write: Callable[[io.BytesIO], Any]) -> io.BytesIO:
    write(content := io.BytesIO())
    return io.BytesIO(content.getvalue())


IN_MEMORY: dict[str, Callable[[], Any]] = {
    "polars, content": lambda: pl.read_csv(b"id\n1\n"),
    "polars, a file in memory": lambda: pl.read_csv(io.BytesIO(b"id\n1\n")),
    "polars, several": lambda: pl.scan_csv([b"id\n1\n", b"id\n2\n"]).collect(),
    "polars, a frame": lambda: TABLE_LAZY.filter(pl.col("id") == 1).collect().group_by("id").len(),
    "polars, a frame written": lambda: TABLE_LAZY.collect().write_csv(),
    "pyarrow, content": lambda: pa.csv.read_csv(pa.py_buffer(b"id\n1\n")),
    "pyarrow, parquet": lambda: pq.read_table(_content(lambda file: pq.write_table(TABLE, file))),
    "pyarrow, a table as a data set": lambda: pa.dataset.dataset([TABLE, TABLE]).to_table(),
}


@pytest.mark.parametrize("name", IN_MEMORY)
def test_what_is_in_memory_is_read_from_no_outside(name: str) -> None:
    """Seen to fail when whatever the readers read was named."""
    then, tape = record(IN_MEMORY[name])

    assert tape.complete, tape.uncovered
    assert str(play(tape, IN_MEMORY[name])) == str(then)


def test_files_that_python_has_opened_come_from_the_tape(folder: str) -> None:
    def read() -> list[Any]:
        with open(f"{folder}/orders.parquet", "rb") as one, open(f"{folder}/orders.csv", "rb") as other:
            return [*pq.read_table(one).to_pylist(), *pl.read_csv(other).rows()]

    then, tape = record(read)
    for name in ("orders.parquet", "orders.csv"):
        Path(folder, name).unlink()

    assert tape.complete, tape.uncovered
    assert play(tape, read) == then == [*TABLE.to_pylist(), (1, "a"), (2, "b")]


WRITES: dict[str, Callable[[str, Older], Any]] = {
    "duckdb write_parquet": lambda folder, older: older.relation.write_parquet(f"{folder}/new"),
    "duckdb append": lambda _, older: older.connection.append("orders", pl.DataFrame({"id": [1]})),
    "polars write_csv": lambda folder, _: TABLE_LAZY.collect().write_csv(f"{folder}/new"),
    "polars sink_parquet": lambda folder, _: TABLE_LAZY.sink_parquet(f"{folder}/new"),
    "pyarrow.csv write_csv": lambda folder, _: pa.csv.write_csv(TABLE, f"{folder}/new"),
    "pyarrow.dataset write_dataset": lambda folder, _: pa.dataset.write_dataset(TABLE, folder, format="csv"),
    "pyarrow.feather write_feather": lambda folder, _: pa.feather.write_feather(TABLE, f"{folder}/new"),
    "pyarrow.orc write_table": lambda folder, _: pa.orc.write_table(TABLE, f"{folder}/new"),
    "pyarrow.parquet write_table": lambda folder, _: pq.write_table(TABLE, f"{folder}/new"),
    "pyarrow.parquet ParquetWriter": lambda folder, _: pq.ParquetWriter(f"{folder}/new", TABLE.schema),
    "pyarrow.fs delete_file": lambda folder, older: older.files.delete_file(f"{folder}/orders.csv"),
    "pyarrow.fs copy_files": lambda folder, _: pa.fs.copy_files(f"{folder}/orders.csv", f"{folder}/new"),
}


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_while_a_tape_is_played_though_it_may_read(folder: str, name: str) -> None:
    """Seen to fail: such files were written, as the audit hook hears nothing of them."""
    older = Older(folder)
    before = {path: path.stat().st_mtime_ns for path in Path(folder).iterdir()}
    player = HistoryPlayer(Tape(), "live", {}, at=0)

    with under(player), pytest.raises(NotOnTape, match=f"{name}: nothing is written while a tape is played"):
        WRITES[name](folder, older)

    assert {path: path.stat().st_mtime_ns for path in Path(folder).iterdir()} == before
    assert player.missing[-1] == name


def test_what_the_tape_lacks_is_read_if_that_is_wished(folder: str) -> None:
    player = HistoryPlayer(Tape(), "live", {}, at=0)

    with under(player):
        found = pl.read_csv(f"{folder}/orders.csv").rows()

    assert found == [(1, "a"), (2, "b")] and player.missing == ["polars read_csv"]


def test_duckdb_finds_the_variables_of_who_asks_it(folder: str) -> None:
    """Seen to fail when the functions had frames of their own, in which DuckDB looked for the variables."""
    connection = duckdb.connect()

    def ask() -> list[Any]:
        variable = TABLE
        assert variable is TABLE
        return [
            rows(duckdb.sql("SELECT max(id) FROM variable")),
            duckdb.execute("SELECT max(id) FROM variable").fetchall(),
            rows(connection.sql("SELECT max(id) FROM variable")),
            connection.execute("SELECT max(id) FROM variable").fetchall(),
        ]

    recorded, tape = record(ask)

    assert ask() == recorded == [[(2,)]] * 4
    assert tape.uncovered == ("duckdb sql", "duckdb fetchall", "duckdb execute")


def test_a_warning_is_for_the_line_that_caused_it() -> None:
    relation = duckdb.from_arrow(TABLE)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        relation.fetch_arrow_table()
        record(relation.fetch_arrow_table)

    assert [Path(each.filename).name for each in warned] == [Path(__file__).name, "tapes.py"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (pl, "read_csv"),
        (pl, "scan_parquet"),
        (pa.csv, "read_csv"),
        (pq, "read_table"),
        (pa, "memory_map"),
        (duckdb, "sql"),
        (duckdb, "query"),
    ],
)
def test_a_function_can_be_sent_to_other_processes(module: Any, name: str) -> None:
    """Seen to fail when functions were not replaced where they are defined: pickle said that they were not the same."""
    function = getattr(module, name)

    assert pickle.loads(pickle.dumps(function)) is function


def test_functions_and_types_are_what_they_were() -> None:
    assert list(inspect.signature(pl.read_csv).parameters)[:2] == ["source", "columns"]
    assert list(inspect.signature(pq.ParquetFile).parameters)[:2] == ["source", "metadata"]
    assert str(pq.read_table.__doc__).startswith("\nRead a Table from Parquet format")
    assert type(duckdb.connect()) is duckdb.DuckDBPyConnection
    assert isinstance(pa.dataset.dataset(TABLE), pa.dataset.InMemoryDataset)


def test_file_systems_are_what_they_were(folder: str) -> None:
    by_name, by_place = pa.fs.LocalFileSystem(), pa.fs.FileSystem.from_uri(f"file://{folder}")[0]

    class Ours(pa.fs.LocalFileSystem):  # type: ignore[misc]
        pass

    for each in (by_name, by_place, pickle.loads(pickle.dumps(by_name))):
        assert isinstance(each, pa.fs.LocalFileSystem) and not isinstance(each, pa.fs.S3FileSystem)
        assert isinstance(each, pa.fs.FileSystem) and not isinstance(each, Ours)
        assert each == by_name and repr(type(each)) == "<class 'pyarrow._fs.LocalFileSystem'>"
    assert isinstance(Ours(), Ours) and isinstance(Ours(), pa.fs.LocalFileSystem)
    assert issubclass(pa.fs.LocalFileSystem, pa.fs.FileSystem)


_IMPORTED_LATER = """
from ticktrail.adapters.tape import install
install()
import sys
assert not {"duckdb", "polars", "pyarrow", "psycopg2"} & set(sys.modules)
from ticktrail.core.tape import Recorder, under
import duckdb, polars, pyarrow.parquet
from pyarrow.parquet import read_table
with under(recorder := Recorder()):
    duckdb.sql("SELECT 1")
    polars.read_parquet(sys.argv[1])
    read_table(sys.argv[1])
print(*recorder.tape().uncovered, sep=", ")
"""


def test_libraries_that_are_imported_later_are_made_ready_then(folder: str) -> None:
    command = [sys.executable, "-c", _IMPORTED_LATER, f"{folder}/orders.parquet"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)

    assert done.stdout == "duckdb sql, polars read_parquet, pyarrow.parquet read_table\n"

"""Segments: nothing half-written, what is damaged is named, and nobody waits for a lock to read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from history.seen import content, log_of, opened, rows, seal
from long_history import History as LongHistory
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.history import segments
from ticktrail.adapters.history.comparison import history_digests
from ticktrail.adapters.history.errors import HistoryDamaged, HistoryError
from ticktrail.adapters.history.resealing import reseal
from ticktrail.adapters.history.sealing import sealing
from ticktrail.adapters.history.segments import chained
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent
from ticktrail.projections.history.schema import SCHEMA_VERSION


@pytest.fixture(scope="module")
def told() -> LongHistory:
    history = LongHistory(seed=5)
    history.tell(1_500)
    return history


@pytest.fixture(scope="module")
def appends(told: LongHistory) -> list[list[AnyEvent]]:
    return list(told.appends())


@pytest.fixture
def log(appends: list[list[AnyEvent]]) -> MemoryEventLog:
    return log_of(*appends)


@pytest.fixture
def sealed(log: MemoryEventLog, tmp_path: Path) -> Path:
    seal(tmp_path, log, 120)
    assert len(chained(tmp_path / "segments")) > 2
    return tmp_path


def test_the_digest_of_what_is_sealed_is_that_of_a_rebuild(sealed: Path, log: MemoryEventLog) -> None:
    digests = history_digests(sealed, log)

    assert digests is not None
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "relation", ["ticks", "events", "carried_ticks", "day_parts", "gap_parts", "run_parts"]
)
def test_a_row_that_is_not_the_logs_is_found_though_its_digest_is_right(
    sealed: Path, log: MemoryEventLog, relation: str
) -> None:
    _alter(chained(sealed / "segments")[-1], relation)

    digests = history_digests(sealed, log)

    assert digests is not None
    assert digests[0] != digests[1]


def _alter(segment: segments.Segment, relation: str) -> None:
    """Leave out a row, and seal that."""
    import duckdb
    import msgspec

    path = segment.file(relation)
    with closing(duckdb.connect()) as database:
        database.execute(f"COPY (FROM read_parquet('{path}') OFFSET 1) TO '{path}.new' (FORMAT parquet)")
        ((count,),) = database.execute(f"SELECT count(*) FROM read_parquet('{path}.new')").fetchall()
    os.replace(f"{path}.new", path)
    manifest = segment.manifest()
    assert count == manifest.files[relation].rows - 1
    files = manifest.files | {relation: segments.described(path, count)}
    altered = msgspec.structs.replace(manifest, files=files)
    (segment.path / "segment.json").write_bytes(msgspec.json.encode(altered))


def test_a_changed_file_is_named(sealed: Path, log: MemoryEventLog) -> None:
    file = chained(sealed / "segments")[0].file("ticks")
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 1
    file.write_bytes(bytes(changed))

    with pytest.raises(HistoryDamaged, match=f"{file} is not what was sealed.*ticktrail rebuild"):
        history_digests(sealed, log)


def test_a_missing_segment_is_named(sealed: Path, log: MemoryEventLog) -> None:
    missing = chained(sealed / "segments")[1]
    shutil.rmtree(missing.path)

    with pytest.raises(HistoryDamaged, match=f"{missing.path.name} is missing"), opened(sealed, log):
        pass


def test_a_missing_file_is_named(sealed: Path, log: MemoryEventLog) -> None:
    chained(sealed / "segments")[0].file("ticks").unlink()

    with pytest.raises(HistoryDamaged, match=r"ticks\.parquet"), opened(sealed, log, segment_events=120):
        pass


def test_what_is_damaged_is_made_anew(sealed: Path, log: MemoryEventLog) -> None:
    shutil.rmtree(chained(sealed / "segments")[1].path)

    reseal(sealed, log)

    with opened(sealed, log) as anew, opened(None, log) as whole:
        assert content(anew) == content(whole)


def test_the_history_of_another_log_is_refused(sealed: Path, told: LongHistory) -> None:
    other = MemoryEventLog()
    other.append(told.story.events, expected=None, recorded_at=1, writer="someone")

    with pytest.raises(HistoryError, match="is of another log"), opened(sealed, other):
        pass


def test_segments_of_another_schema_are_refused(
    sealed: Path, log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SCHEMA_VERSION", SCHEMA_VERSION + 1)

    with (
        pytest.raises(
            HistoryError, match=f"has schema {SCHEMA_VERSION}, this release knows {SCHEMA_VERSION + 1}"
        ),
        opened(sealed, log),
    ):
        pass


def test_a_folder_without_its_manifest_is_no_segment(sealed: Path, log: MemoryEventLog) -> None:
    """As a crash leaves one that was being removed."""
    last = chained(sealed / "segments")[-1]
    (last.path / "segment.json").unlink()

    with opened(sealed, log, segment_events=120) as again, opened(None, log) as whole:
        assert content(again) == content(whole)


def test_one_process_seals_at_a_time_and_readers_do_not_wait(log: MemoryEventLog, tmp_path: Path) -> None:
    with sealing(tmp_path, log, 120) as first, sealing(tmp_path, log, 120) as second:
        assert first is not None
        assert second is None
        with opened(tmp_path, log, segment_events=120) as history:
            assert rows(history, "SELECT count(*) FROM events") == [(log.head(),)]
        assert chained(tmp_path / "segments") == []


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert list(tmp_path.glob("**/.scratch-*")) == []


def test_merged_segments_stay_for_their_readers_and_go_then(
    appends: list[list[AnyEvent]], tmp_path: Path
) -> None:
    log, folder = MemoryEventLog(), tmp_path / "segments"
    for append in appends[:40]:
        log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")
        seal(tmp_path, log, 1)
    assert len(list(folder.iterdir())) > len(chained(folder))

    segments.remove_merged(folder, chained(folder), grace=0.0)

    assert len(list(folder.iterdir())) == len(chained(folder)) < 40


def test_questions_are_answered_while_segments_are_sealed_and_merged(
    appends: list[list[AnyEvent]], tmp_path: Path
) -> None:
    """At every question all that was appended before it is there, once."""
    home = Home.open(tmp_path, create=True)
    done = threading.Event()
    with closing(home.log()) as log:

        def write() -> None:
            for append in appends[:60]:
                log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")
                seal(home.history_path, log, 1)
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        asked = 0
        with closing(home.log()) as other, opened(home.history_path, other, segment_events=10**9) as history:
            while not done.is_set():
                before = other.head()
                ((count, distinct),) = rows(
                    history, "SELECT count(*), count(DISTINCT event_offset) FROM events"
                )
                assert before <= count == distinct <= other.head()
                asked += 1
        writer.join()
    assert asked > 3


_ASK = """
import sys
from pathlib import Path
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent
from ticktrail.adapters.history.database import History
home = Home.open(Path(sys.argv[1]), create=False)
log = home.log()
history = History(home.history_path, log, now=lambda: 0)
for _ in sys.stdin:
    print(*history.sql("SELECT count(*), max(event_offset) FROM events").fetchall()[0], flush=True)
"""


def test_another_process_sees_at_once_what_was_appended(
    appends: list[list[AnyEvent]], tmp_path: Path
) -> None:
    """No question lags behind the head by a row."""
    home = Home.open(tmp_path, create=True)
    with closing(home.log()) as log:
        asking = subprocess.Popen(
            [sys.executable, "-c", _ASK, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with asking:
            assert asking.stdin is not None and asking.stdout is not None
            for append in appends[:60]:
                log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")
                asking.stdin.write("\n")
                asking.stdin.flush()
                assert asking.stdout.readline().split() == [str(log.head()), str(log.head() - 1)]
            asking.stdin.close()


def test_a_full_disk_leaves_what_was_sealed_before(sealed: Path, log: MemoryEventLog) -> None:
    """The limit on the size of files stands for the disk: writing fails in the midst of a segment."""
    before = [segment.path for segment in chained(sealed / "segments")]
    program = (
        "import sys, resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); sys.path[:0] = sys.argv[2:]; "
        "from pathlib import Path; from history.seen import log_of, seal; from long_history import History; "
        "told = History(seed=5); told.tell(4000); seal(Path(sys.argv[1]), log_of(*told.appends()), 120)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(sealed), *sys.path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "cannot be written" in done.stderr and "HistoryError" in done.stderr
    assert [segment.path for segment in chained(sealed / "segments")] == before
    with opened(sealed, log, segment_events=120) as history, opened(None, log) as whole:
        assert content(history) == content(whole)

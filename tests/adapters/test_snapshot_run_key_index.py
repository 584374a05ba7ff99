"""The run-key index with a snapshot file: the shared promises, and what becomes of bad files."""

from __future__ import annotations

import itertools
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.run_key_index import KeptRunKeyIndexContract
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex, SnapshotRunKeyIndex
from ticktrail.core.events import EngineStopped
from ticktrail.core.log import EventLog
from ticktrail.core.run_keys import RunKeyIndex

#: Saves an index of many keys over and over, until it is killed.
SAVING = """
import sys
from ticktrail.adapters.run_key_index import SnapshotRunKeyIndex

index = SnapshotRunKeyIndex(sys.argv[1])
for checkpoint in range(1, 1_000_000):
    index.claim("inbox", [(f"{checkpoint}/{n}", n) for n in range(1000)])
    index.advance(checkpoint)
    index.save()
    print(checkpoint, flush=True)
"""


class TestSnapshotRunKeyIndex(KeptRunKeyIndexContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run-keys"

    @pytest.fixture
    def index(self, file: Path) -> SnapshotRunKeyIndex:
        return SnapshotRunKeyIndex(file)

    @pytest.fixture
    def another(self, tmp_path: Path) -> Callable[[], RunKeyIndex]:
        numbers = itertools.count()
        return lambda: SnapshotRunKeyIndex(tmp_path / f"another{next(numbers)}")

    @pytest.fixture
    def reopen(self, file: Path) -> Callable[[RunKeyIndex], RunKeyIndex]:
        def close_and_open(index: RunKeyIndex) -> RunKeyIndex:
            index.close()
            return SnapshotRunKeyIndex(file)

        return close_and_open

    @pytest.fixture
    def saved(self, file: Path) -> bytes:
        """The bytes of a snapshot of two keys with checkpoint 9."""
        index = SnapshotRunKeyIndex(file)
        index.claim("inbox", [("a", 1), ("b", 2)])
        index.advance(9)
        index.save()
        return file.read_bytes()

    def test_its_digest_is_the_one_of_the_index_in_memory(self, index: RunKeyIndex) -> None:
        memory = MemoryRunKeyIndex()
        for each in (index, memory):
            each.claim("inbox", [("a", 1), ("b", 2)])

        assert index.digest() == memory.digest()

    def test_a_snapshot_truncated_anywhere_is_passed_over(self, file: Path, saved: bytes) -> None:
        for size in range(len(saved)):
            file.write_bytes(saved[:size])
            assert_begins_anew(SnapshotRunKeyIndex(file))

    def test_a_snapshot_changed_anywhere_is_passed_over(self, file: Path, saved: bytes) -> None:
        for place in range(len(saved)):
            changed = bytearray(saved)
            changed[place] ^= 0x20
            file.write_bytes(changed)
            assert_begins_anew(SnapshotRunKeyIndex(file))

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "it is no snapshot of run keys"),
            (b"SQLite format 3\0" * 10, "it is no snapshot of run keys"),
            (b"ttrunkey\x07\0\0\0" + bytes(50), "it has version 7, this release reads 1"),
            (b"ttrunkey\x01\0\0\0" + bytes(8) + b"\xff" * 40, "it is truncated or changed"),
        ],
    )
    def test_a_foreign_file_is_passed_over_with_a_warning_that_names_it(
        self, file: Path, content: bytes, why: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        file.write_bytes(content)

        assert_begins_anew(SnapshotRunKeyIndex(file))

        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert str(file) in record.message and why in record.message

    def test_a_file_that_cannot_be_read_is_passed_over_with_a_warning(
        self, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file.mkdir()

        assert_begins_anew(SnapshotRunKeyIndex(file))

        assert "Is a directory" in caplog.text

    def test_no_warning_is_given_when_there_is_no_snapshot_yet(
        self, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert_begins_anew(SnapshotRunKeyIndex(file))

        assert not caplog.records

    def test_a_save_that_was_killed_in_the_middle_leaves_the_last_one(self, file: Path, saved: bytes) -> None:
        file.with_name(file.name + ".unfinished").write_bytes(saved[: len(saved) // 2])

        index = SnapshotRunKeyIndex(file)
        assert (index.checkpoint, index.owners("inbox", ["a", "b"])) == (9, [1, 2])

        index.advance(10)
        index.save()
        assert SnapshotRunKeyIndex(file).checkpoint == 10

    def test_a_process_killed_while_it_saves_leaves_a_whole_snapshot(self, file: Path) -> None:
        arguments = [sys.executable, "-c", SAVING, str(file)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            saved = [int(line) for line in itertools.islice(process.stdout, 12)][-1]
            process.send_signal(signal.SIGKILL)

        index = SnapshotRunKeyIndex(file)

        assert index.checkpoint >= saved
        assert index.count() == 1000 * index.checkpoint

    def test_a_save_that_fails_warns_and_leaves_the_last_one(
        self, file: Path, saved: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        index = SnapshotRunKeyIndex(file)
        index.claim("inbox", [(f"file_{n}", n) for n in range(1000)])
        index.advance(1000)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(saved) + 10, limits[1]))
        try:
            index.save()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        assert file.read_bytes() == saved
        assert f"run keys could not be kept in {file}" in caplog.text
        index.save()
        assert SnapshotRunKeyIndex(file).checkpoint == 1000


def assert_begins_anew(index: SnapshotRunKeyIndex) -> None:
    """The index is empty, and the log is to be folded in from its beginning."""
    assert (index.count(), index.checkpoint) == (0, 0)


class TestTheLogOfASnapshot:
    """A snapshot beside a log that is not the one it was folded from would keep files from ever running."""

    @staticmethod
    def log_of(*writers: str) -> MemoryEventLog:
        log = MemoryEventLog()
        for writer in writers:
            log.append(
                [EngineStopped(at=1, engine="e", reason="")], expected=None, recorded_at=1, writer=writer
            )
        return log

    @staticmethod
    def save(file: Path, log: EventLog, checkpoint: int) -> None:
        index = SnapshotRunKeyIndex(file, log)
        index.claim("s", [("k", 0)])
        index.advance(checkpoint)
        index.save()

    def test_it_is_used_beside_its_own_log_however_that_has_grown(self, tmp_path: Path) -> None:
        log = self.log_of("a", "b")
        self.save(tmp_path / "keys", log, 2)
        log.append([EngineStopped(at=1, engine="e", reason="")], expected=None, recorded_at=1, writer="c")

        assert SnapshotRunKeyIndex(tmp_path / "keys", log).owners("s", ["k"]) == [0]

    @pytest.mark.parametrize("writers", [(), ("a",), ("a", "other"), ("a", "other", "c")])
    def test_it_is_passed_over_beside_a_shorter_or_a_different_log(
        self, tmp_path: Path, writers: tuple[str, ...]
    ) -> None:
        """Seen to fail with the comparison of marks replaced by one of the checkpoint and the head."""
        self.save(tmp_path / "keys", self.log_of("a", "b"), 2)

        index = SnapshotRunKeyIndex(tmp_path / "keys", self.log_of(*writers))

        assert (index.checkpoint, index.count()) == (0, 0)

    def test_an_index_that_nothing_was_folded_into_belongs_to_any_log(self, tmp_path: Path) -> None:
        SnapshotRunKeyIndex(tmp_path / "keys", self.log_of()).save()

        assert SnapshotRunKeyIndex(tmp_path / "keys", self.log_of("a")).checkpoint == 0

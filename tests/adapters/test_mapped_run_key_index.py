"""The run-key index in a mapped file: the shared promises, growth, and what becomes of bad files."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.run_key_index import KeptRunKeyIndexContract
from keyed import claim, owners, release
from story import Story
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.run_key_index import MappedRunKeyIndex, MemoryRunKeyIndex, recent_table
from ticktrail.adapters.run_key_index.errors import (
    RunKeyIndexDamaged,
    RunKeyIndexNoRoom,
    RunKeyIndexUnavailable,
)
from ticktrail.adapters.run_key_index.layout import DIRECT, HEADER_SIZE, SEGMENT_SIZE, TABLE_WORDS
from ticktrail.adapters.run_key_index.main_table import MainTable
from ticktrail.adapters.run_key_index.table_file import write_zeros
from ticktrail.core.events import EngineStopped, RunRequested
from ticktrail.core.log import EventLog
from ticktrail.core.run_keys import NOBODY, RunKeyIndex, run_key_digests
from ticktrail.projections.run_keys import RunKeys


class TestMappedRunKeyIndex(KeptRunKeyIndexContract):
    #: When new keys begin to be gathered in a recent table: here never.
    direct = DIRECT

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run-keys"

    @pytest.fixture
    def index(self, file: Path) -> Iterator[MappedRunKeyIndex]:
        index = MappedRunKeyIndex(file, direct=self.direct)
        yield index
        index.close()

    @pytest.fixture
    def another(self, tmp_path: Path) -> Callable[[], RunKeyIndex]:
        numbers = itertools.count()
        return lambda: MappedRunKeyIndex(tmp_path / f"another{next(numbers)}")

    @pytest.fixture
    def reopen(self, file: Path) -> Callable[[RunKeyIndex], RunKeyIndex]:
        def close_and_open(index: RunKeyIndex) -> RunKeyIndex:
            index.close()
            return MappedRunKeyIndex(file)

        return close_and_open

    @pytest.mark.parametrize("batch", [500, 30_000])
    def test_it_equals_the_model_over_several_rounds_of_growth(
        self, index: MappedRunKeyIndex, batch: int
    ) -> None:
        """Seen to fail when a split put keys by one bit of the hash too few, and when it lost those around the end."""
        model = MemoryRunKeyIndex()
        for first in range(0, 150_000, batch):
            keys = digests(first - batch // 3, batch)
            for each in (index, model):
                each.claim(keys, range(first, first + batch))
                each.release(keys[:: 7 if first % 4 else 2])

        assert (index.count(), index.digest()) == (model.count(), model.digest())
        everything = digests(-batch, 150_000 + 2 * batch)
        assert index.owners(everything) == model.owners(everything)
        assert index.owners(everything[:30]) == model.owners(everything[:30])

    def test_one_by_one_gives_what_batches_give(self, index: MappedRunKeyIndex, tmp_path: Path) -> None:
        other = MappedRunKeyIndex(tmp_path / "other", direct=self.direct)
        keys = digests(0, 21_000)
        index.claim(keys, range(21_000))
        index.release(keys[5:3000])
        for offset, key in enumerate(keys):
            other.claim([key], [offset])
        for key in keys[5:3000]:
            other.release([key])

        assert (other.count(), other.digest()) == (index.count(), index.digest())
        assert [other.owners([key])[0] for key in keys[:4000]] == index.owners(keys[:4000])
        other.close()

    def test_keys_released_and_never_asked_for_again_take_no_more_room_than_owned_ones(
        self, index: MappedRunKeyIndex, file: Path, tmp_path: Path
    ) -> None:
        """Seen to hang when what splits had dropped slowed the round down: a segment had no free slot left."""
        owned = MappedRunKeyIndex(tmp_path / "owned", direct=self.direct)
        for first in range(0, 400_000, 4000):
            keys = digests(first, 4000)
            index.claim(keys, range(4000))
            index.release(keys)
            owned.claim(keys, range(4000))
        owned.close()

        assert index.count() == 0
        assert index.owners(digests(0, 400_000)) == [NOBODY] * 400_000
        assert file.stat().st_size <= (tmp_path / "owned").stat().st_size


class Killed(BaseException):
    """A process ends here."""


def kill(*_: object) -> None:
    raise Killed


def test_a_process_killed_in_the_middle_of_a_split_is_carried_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when the lower half was left in the scratch segment, where the next split's came."""
    index, model = MappedRunKeyIndex(tmp_path / "keys"), MemoryRunKeyIndex()
    for each in (index, model):
        each.claim(digests(0, 20_000), range(20_000))
    monkeypatch.setattr(MainTable, "put_back", kill)
    with pytest.raises(Killed):
        index.claim(digests(20_000, 9_000), range(20_000, 29_000))
    monkeypatch.undo()
    index.close()

    again = MappedRunKeyIndex(tmp_path / "keys")
    assert again.digest() == model.digest()
    for each in (again, model):
        each.claim(digests(20_000, 30_000), range(20_000, 50_000))
    assert (again.count(), again.digest()) == (model.count(), model.digest())
    again.close()


class TestWithARecentTable(TestMappedRunKeyIndex):
    """Keys come by way of a recent table of one segment, from some 7,000 keys on."""

    direct = 1


class TestWithARecentTableOfTwoSegments(TestMappedRunKeyIndex):
    """They do from some 65,000 keys on."""

    direct = 8

    def test_it_gets_there(self, index: MappedRunKeyIndex) -> None:
        for first in range(0, 100_000, 5_000):
            index.claim(digests(first, 5_000), range(first, first + 5_000))

        main, recent = index._tables
        assert (recent.segments, main.segments > 10) == (2, True)
        counts = [table.mapping.words[table.count] for table in (main, recent)]
        assert sum(counts) == 100_000 and all(counts)

    def test_a_process_killed_while_it_drained_is_carried_on_from(
        self, index: MappedRunKeyIndex, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Seen to fail when the drain was not done once more: keys were counted twice, and came back after a release."""
        keys = digests(0, 90_000)
        index.claim(keys, range(90_000))

        monkeypatch.setattr(recent_table, "wipe", kill)
        with pytest.raises(Killed):
            index.claim(digests(90_000, 9_000), range(90_000, 99_000))
        monkeypatch.undo()
        index.close()

        again, model = MappedRunKeyIndex(file), MemoryRunKeyIndex()
        model.claim(keys, range(90_000))
        assert (again.count(), again.digest()) == (model.count(), model.digest())
        for each in (again, model):
            each.release(keys[::3])
            each.claim(digests(90_000, 30_000), range(90_000, 120_000))
        assert (again.count(), again.digest()) == (model.count(), model.digest())
        again.close()


@pytest.mark.parametrize("size", [1, 100])
class TestDigestsThatGetInEachOthersWay:
    """Keys of one bucket, handed in one by one or together."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run-keys"

    @staticmethod
    def assert_told_apart(file: Path, keys: list[bytes], size: int) -> None:
        index, model = MappedRunKeyIndex(file), MemoryRunKeyIndex()
        for first in range(0, len(keys), size):
            part = keys[first : first + size]
            for each in (index, model):
                each.claim(part, range(first, first + len(part)))
                each.release(part[::3])
                each.claim(part[::6], range(1000, 1000 + len(part[::6])))
        for first in range(0, len(keys), size):
            part = keys[first : first + size]
            assert index.owners(part) == model.owners(part)
        assert (index.count(), index.digest()) == (model.count(), model.digest())
        index.close()

    def test_keys_of_a_segments_last_bucket_go_on_in_its_first(self, file: Path, size: int) -> None:
        """Seen to fail when the way of single keys, or that of batches, did not go around the end."""
        MappedRunKeyIndex(file).close()
        multiplier = struct.unpack("=8sIIQ", file.read_bytes()[:24])[3]
        inverse = pow(multiplier, -1, 2**64)
        # The hash is the product with its upper half over the lower: these have the upper bits of the last bucket.
        lanes = [(2**64 - 1 - number) * inverse % 2**64 for number in range(100)]

        self.assert_told_apart(file, [struct.pack("<QQ", lane, 7) for lane in lanes], size)

    def test_keys_with_one_first_lane_are_told_apart_by_the_second(self, file: Path, size: int) -> None:
        """Seen to fail when the second lane was not looked at."""
        self.assert_told_apart(file, [struct.pack("<QQ", 5, number) for number in range(100)], size)

    def test_a_first_lane_of_zero_is_no_free_slot(self, file: Path, size: int) -> None:
        index = MappedRunKeyIndex(file)
        keys = [struct.pack("<QQ", 0, number) for number in range(100)]
        for first in range(0, 100, size):
            index.claim(keys[first : first + size], range(first, first + size))

        assert [
            owner for first in range(0, 100, size) for owner in index.owners(keys[first : first + size])
        ] == [*range(100)]
        assert index.count() == 100
        index.close()


class TestWhatIsThere:
    """What becomes of a file that is there already."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run-keys"

    @pytest.fixture
    def saved(self, file: Path) -> bytes:
        """The bytes of an index of two keys with checkpoint 9."""
        index = MappedRunKeyIndex(file)
        claim(index, "inbox", [("a", 1), ("b", 2)])
        index.advance(9)
        index.save()
        index.close()
        return file.read_bytes()

    def test_a_file_truncated_anywhere_is_begun_anew(self, file: Path, saved: bytes) -> None:
        for size in (1, 7, 8, 100, HEADER_SIZE - 1, HEADER_SIZE, HEADER_SIZE + 1, len(saved) - 1):
            file.write_bytes(saved[:size])
            assert_begins_anew(file)

    def test_a_header_changed_anywhere_is_begun_anew(self, file: Path, saved: bytes) -> None:
        """Seen to fail when the checksum left out the checkpoint."""
        for place in [*range(28), *range(64, 164)]:
            changed = bytearray(saved)
            changed[place] ^= 0x20
            file.write_bytes(changed)
            assert_begins_anew(file)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"ttrunkey", "it is truncated"),
            (b"SQLite format 3\0" * 60_000, "it is no index of run keys"),
            (bytes(900_000), "it is no index of run keys"),
        ],
    )
    def test_a_foreign_file_is_begun_anew_with_a_warning_that_names_it(
        self, file: Path, content: bytes, why: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        file.write_bytes(content)

        assert_begins_anew(file)

        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert str(file) in record.message and why in record.message

    def test_no_warning_is_given_when_there_is_no_file_yet(
        self, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert_begins_anew(file)

        assert not caplog.records

    def test_a_file_of_a_newer_release_is_left_as_it_is(self, file: Path, saved: bytes) -> None:
        fixed = struct.pack("=8sIIQ", b"ttrunkey", 7, 16384, 1)
        newer = fixed + struct.pack("=I", zlib.crc32(fixed)) + saved[28:]
        file.write_bytes(newer)

        with pytest.raises(RunKeyIndexUnavailable) as raised:
            MappedRunKeyIndex(file)

        assert str(raised.value) == (
            f"the index of run keys {file} cannot be used: it has version 7, this release reads 4; "
            "it was made by a newer ticktrail: upgrade, or delete it, the log will fill a new one"
        )
        assert file.read_bytes() == newer

    def test_a_folder_in_its_place_is_an_error_that_says_what_to_do(self, file: Path) -> None:
        file.mkdir()

        with pytest.raises(RunKeyIndexUnavailable, match="is a directory; make it writable, or delete it"):
            MappedRunKeyIndex(file)

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(RunKeyIndexUnavailable, match="no such file or directory"):
            MappedRunKeyIndex(tmp_path / "none" / "run-keys")

    def test_a_second_writer_is_refused_until_the_first_one_closes(self, file: Path) -> None:
        first = MappedRunKeyIndex(file)
        with pytest.raises(RunKeyIndexUnavailable, match="another process writes to it; stop that one first"):
            MappedRunKeyIndex(file)
        first.close()

        assert_begins_at(file, 0)

    def test_a_forked_child_that_lives_on_does_not_keep_it_locked(self, file: Path) -> None:
        """Seen to fail with the lock on the descriptor that is mapped, which a map keeps a copy of."""
        index = MappedRunKeyIndex(file)
        child = os.fork()
        if not child:
            signal.pause()
        index.close()

        try:
            assert_begins_at(file, 0)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def test_a_copy_of_a_saved_one_is_used(self, file: Path, saved: bytes) -> None:
        copy = file.with_name("copy")
        copy.write_bytes(saved)

        assert_begins_at(copy, 9)

    def test_a_copy_of_one_in_use_is_begun_anew(
        self, file: Path, saved: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        index = MappedRunKeyIndex(file)
        claim(index, "inbox", [("c", 10)])
        copy = file.with_name("copy")
        copy.write_bytes(file.read_bytes())
        index.close()

        assert_begins_anew(copy)
        assert "it is a copy of one that was in use" in caplog.text
        assert_begins_at(file, 9)

    @pytest.mark.parametrize("boot", [bytes(16), b"another boot's."])
    def test_one_that_was_not_saved_before_the_machine_stopped_is_begun_anew(
        self, file: Path, saved: bytes, boot: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        index = MappedRunKeyIndex(file)
        index.advance(12)
        index.close()
        with open(file, "r+b") as content:
            content.seek(128)
            content.write(boot)

        assert_begins_anew(file)
        assert "it was not saved before the machine stopped" in caplog.text

    def test_what_changed_before_a_kill_is_saved_by_the_next_writer(self, file: Path) -> None:
        """Seen to fail when segments that were changed before the kill got no checksum: they passed for damaged."""
        killed = MappedRunKeyIndex(file)
        claim(killed, "inbox", [("a", 1)])
        killed.advance(2)
        killed.close()
        after = MappedRunKeyIndex(file)
        after.save()
        after.close()

        again = MappedRunKeyIndex(file)
        assert (owners(again, "inbox", ["a"]), again.checkpoint) == ([1], 2)
        again.close()

    def test_after_a_kill_keys_are_counted_anew(self, file: Path) -> None:
        """A kill may come between a claim and its count. Seen to fail when the header was believed."""
        killed = MappedRunKeyIndex(file)
        claim(killed, "inbox", [("a", 1), ("b", 2)])
        killed._header.count, killed._header.used = 1, 1
        killed.close()

        index = MappedRunKeyIndex(file)
        assert (index.count(), index._header.used) == (2, 2)
        index.close()

    def test_what_changes_after_a_save_is_known_not_to_be_saved(self, file: Path, saved: bytes) -> None:
        """Seen to fail when the first change after a save left the header as it was."""
        index = MappedRunKeyIndex(file)
        release(index, "inbox", ["a"])
        state = file.read_bytes()[64:72]
        index.save()
        index.close()

        assert (state, file.read_bytes()[64:72]) == (bytes(8), b"\1" + bytes(7))
        again = MappedRunKeyIndex(file)
        assert owners(again, "inbox", ["a", "b"]) == [None, 2]
        again.close()


class TestDamageBehindTheHeader:
    """A segment that is not what was saved is found when one of its keys is asked for."""

    @pytest.fixture
    def log(self) -> MemoryEventLog:
        story = Story()
        story.define("s")
        for turn in range(100):
            story.end_tick(story.start_tick("s"), str(turn), str(turn // 2))
        log = MemoryEventLog()
        for frame in story.frames(4):
            log.append(frame.events, expected=None, recorded_at=frame.recorded_at, writer=frame.writer)
        return log

    @staticmethod
    def filled(file: Path, log: MemoryEventLog) -> MappedRunKeyIndex:
        index = MappedRunKeyIndex(file, log)
        keys = RunKeys(index)
        for frame in log.read(keys.checkpoint):
            keys.apply(frame.first_offset, frame.events)
        return index

    @staticmethod
    def damage(file: Path) -> None:
        with open(file, "r+b") as content:
            content.seek(HEADER_SIZE + SEGMENT_SIZE + 5000)
            byte = content.read(1)[0]
            content.seek(-1, os.SEEK_CUR)
            content.write(bytes([byte ^ 1]))

    @pytest.fixture
    def damaged(self, tmp_path: Path, log: MemoryEventLog) -> Path:
        file = tmp_path / "run-keys"
        index = self.filled(file, log)
        index.save()
        index.close()
        self.damage(file)
        return file

    @pytest.mark.parametrize("asked", [1, 100])
    def test_the_index_fills_itself_from_the_log_before_it_answers(
        self, damaged: Path, tmp_path: Path, log: MemoryEventLog, asked: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        index, sound = MappedRunKeyIndex(damaged, log), self.filled(tmp_path / "other", log)
        keys = run_key_digests("s", [str(n) for n in range(asked)])

        assert index.owners(keys) == sound.owners(keys)
        assert (index.digest(), index.checkpoint) == (sound.digest(), log.head())
        assert f"{damaged} cannot be used: segment 0 is not what was saved" in caplog.text

    def test_what_is_folded_in_when_it_is_found_is_not_lost(
        self, damaged: Path, tmp_path: Path, log: MemoryEventLog
    ) -> None:
        index = MappedRunKeyIndex(damaged, log)
        asked = RunRequested(at=1, run="new", job="j", tick=0, sensor="s", run_key="new")
        log.append([asked], expected=None, recorded_at=1, writer="w")
        keys = RunKeys(index)

        for frame in log.read(keys.checkpoint):
            keys.apply(frame.first_offset, frame.events)

        assert index.digest() == self.filled(tmp_path / "other", log).digest()

    def test_without_a_log_it_is_an_error_that_says_what_to_do(self, damaged: Path) -> None:
        index = MappedRunKeyIndex(damaged)

        with pytest.raises(RunKeyIndexDamaged) as raised:
            index.owners(run_key_digests("s", ["1"]))

        assert str(raised.value) == (
            f"the index of run keys {damaged} is damaged: segment 0 is not what was saved; "
            "run `ticktrail rebuild`, nothing is lost, the log has every key"
        )


class TestTheLogOfAnIndex:
    """An index beside a log that is not the one it was folded from would keep files from ever running."""

    @staticmethod
    def log_of(*writers: str, partition: str = "main") -> MemoryEventLog:
        log = MemoryEventLog(partition)
        for writer in writers:
            log.append(
                [EngineStopped(at=1, engine="e", reason="")], expected=None, recorded_at=1, writer=writer
            )
        return log

    @staticmethod
    def leave(file: Path, log: EventLog, checkpoint: int, *, saved: bool) -> None:
        index = MappedRunKeyIndex(file, log)
        claim(index, "s", [("k", 0)])
        index.advance(checkpoint)
        if saved:
            index.save()
        index.close()

    @pytest.mark.parametrize("saved", [True, False])
    def test_it_is_used_beside_its_own_log_however_that_has_grown(self, tmp_path: Path, saved: bool) -> None:
        log = self.log_of("a", "b")
        self.leave(tmp_path / "keys", log, 2, saved=saved)
        log.append([EngineStopped(at=1, engine="e", reason="")], expected=None, recorded_at=1, writer="c")

        assert owners(MappedRunKeyIndex(tmp_path / "keys", log), "s", ["k"]) == [0]

    @pytest.mark.parametrize("saved", [True, False])
    @pytest.mark.parametrize("writers", [(), ("a",), ("a", "other"), ("a", "other", "c")])
    def test_it_is_begun_anew_beside_a_shorter_or_a_different_log(
        self, tmp_path: Path, writers: tuple[str, ...], saved: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Seen to fail with the comparison of marks replaced by one of the checkpoint and the head."""
        self.leave(tmp_path / "keys", self.log_of("a", "b"), 2, saved=saved)

        index = MappedRunKeyIndex(tmp_path / "keys", self.log_of(*writers))

        assert (index.checkpoint, index.count()) == (0, 0)
        assert "it is of another log, or of 2 events that this one has not" in caplog.text

    def test_it_is_begun_anew_beside_another_partition(self, tmp_path: Path) -> None:
        self.leave(tmp_path / "keys", self.log_of("a", "b"), 2, saved=True)

        assert MappedRunKeyIndex(tmp_path / "keys", self.log_of("a", "b", partition="other")).checkpoint == 0

    def test_an_index_that_went_on_after_its_log_was_marked_is_begun_anew_beside_a_shorter_one(
        self, tmp_path: Path
    ) -> None:
        log = self.log_of("a", "b", "c")
        index = MappedRunKeyIndex(tmp_path / "keys", log)
        index.advance(1)
        index.advance(3)
        index.close()

        assert MappedRunKeyIndex(tmp_path / "keys", self.log_of("a", "b")).checkpoint == 0
        self.leave(tmp_path / "others", log, 3, saved=False)
        assert MappedRunKeyIndex(tmp_path / "others", log).checkpoint == 3

    def test_an_index_that_nothing_was_folded_into_belongs_to_any_log(self, tmp_path: Path) -> None:
        index = MappedRunKeyIndex(tmp_path / "keys", self.log_of())
        index.save()
        index.close()

        assert MappedRunKeyIndex(tmp_path / "keys", self.log_of("a")).checkpoint == 0


#: Claims keys of which the file has no room for, then more when there is.
ON_A_FULL_DISK = """
import logging, resource, sys
from ticktrail.adapters.run_key_index import MappedRunKeyIndex, MemoryRunKeyIndex
from ticktrail.adapters.run_key_index.errors import RunKeyIndexFull
from ticktrail.core.run_keys import NOBODY, run_key_digests

logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
index, model = MappedRunKeyIndex(sys.argv[1]), MemoryRunKeyIndex()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
claimed = 0
try:
    while True:
        keys = run_key_digests("s", [str(n) for n in range(claimed, claimed + 1000)])
        index.claim(keys, range(claimed, claimed + 1000))
        model.claim(keys, range(claimed, claimed + 1000))
        claimed += 1000
except RunKeyIndexFull as full:
    print("FULL", claimed, full)
assert index.digest() == model.digest()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for first in range(claimed, claimed + 100_000, 1000):
    keys = run_key_digests("s", [str(n) for n in range(first, first + 1000)])
    index.claim(keys, range(first, first + 1000))
    model.claim(keys, range(first, first + 1000))
assert index.digest() == model.digest()
print("WENT ON", index.count())
"""


@pytest.mark.parametrize(("segments", "at_the_beginning"), [(9, 8), (20, 16)])
def test_on_a_full_disk_it_fills_up_then_stops_with_an_error_and_goes_on_when_there_is_room(
    tmp_path: Path, segments: int, at_the_beginning: int
) -> None:
    """Seen to fail when a table that would have taken more than eight splits was full although there was room."""
    room = HEADER_SIZE + (segments + 1) * SEGMENT_SIZE + 1000
    arguments = [sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path / "keys"), str(room)]

    result = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=60)

    assert result.returncode == 0, result.stderr
    warning, full, went_on = result.stdout.splitlines()
    assert warning.startswith(f"WARNING {tmp_path / 'keys'} cannot be made longer (File too large): it takes")
    claimed = int(full.split()[1])
    # Of the segments that the round began with, those not split yet are the fullest.
    assert claimed > 0.9 * at_the_beginning * 16384
    assert f"{tmp_path / 'keys'} is full with {claimed} keys and cannot be made longer" in full
    assert full.endswith("make room on its disk and start again; nothing is lost, the log has every key")
    assert went_on == f"WENT ON {claimed + 100_000}"


def test_no_room_for_a_new_index_says_so(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        with pytest.raises(
            RunKeyIndexNoRoom, match=r"keys cannot be used: file too large; make room on its disk$"
        ):
            MappedRunKeyIndex(tmp_path / "keys")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("asked", [1, 100])
def test_a_segment_without_a_free_slot_is_damage_and_no_endless_search(tmp_path: Path, asked: int) -> None:
    file = tmp_path / "keys"
    index = MappedRunKeyIndex(file)
    claim(index, "inbox", [("a", 1)])
    with open(file, "r+b") as content:
        content.seek(HEADER_SIZE + SEGMENT_SIZE)
        content.write(b"\x07" * 8 * TABLE_WORDS)

    with pytest.raises(RunKeyIndexDamaged, match="is full"):
        index.owners(digests(0, asked))
    index.close()


def test_where_the_system_reserves_no_room_zeros_are_written(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w+b") as file:
        file.write(b"abc")
        file.flush()

        write_zeros(file.fileno(), 3, 3_000_000)

        assert (tmp_path / "file").read_bytes() == b"abc" + bytes(3_000_000)


def digests(first: int, count: int) -> list[bytes]:
    return run_key_digests("inbox", [str(n) for n in range(first, first + count)])


def assert_begins_anew(file: Path) -> None:
    """The index is empty, and the log is to be folded in from its beginning."""
    assert_begins_at(file, 0, count=0)


def assert_begins_at(file: Path, checkpoint: int, count: int | None = None) -> None:
    index = MappedRunKeyIndex(file)
    assert index.checkpoint == checkpoint
    assert count is None or index.count() == count
    index.close()

"""The tape, its recorder and its player."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from ticktrail.core.events import BlobStored, TapeRecorded
from ticktrail.core.tape import NotOnTape, Player, Recorder, Tape, observe, under
from ticktrail.core.tape.limits import TapeLimits
from ticktrail.core.tape.mentions import mentions
from ticktrail.core.tape.storing import MissingBlob, tape_events, tape_of
from ticktrail.core.tape.tape import digest_of


def recorded(*reads: tuple[str, Any]) -> Tape:
    """The tape of an evaluation that read these subjects, which had these answers or raised these errors."""
    recorder = Recorder()
    with under(recorder):
        for subject, answer in reads:
            try:
                observe("files", "listdir", subject, functools.partial(given, answer))
            except OSError:
                continue
    return recorder.tape()


def given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def played(tape: Tape, *subjects: str) -> list[Any]:
    with under(Player(tape)):
        return [observe("files", "listdir", subject, unread) for subject in subjects]


def unread() -> Any:
    raise AssertionError("the outside world was read")


def test_without_a_recorder_a_read_is_just_made() -> None:
    assert observe("files", "listdir", "/in", lambda: ["a"]) == ["a"]


def test_a_subject_that_is_read_again_has_its_answers_in_their_order() -> None:
    """Seen to fail when the first answer was given for each read."""
    tape = recorded(("/in", ["a"]), ("/out", []), ("/in", ["a", "b"]))

    assert played(tape, "/in", "/in", "/out") == [["a"], ["a", "b"], []]


def test_an_error_comes_again_as_what_it_was() -> None:
    tape = recorded(("/in", FileNotFoundError(2, "No such file or directory", "/in")))

    with pytest.raises(FileNotFoundError) as raised:
        played(tape, "/in")

    assert (raised.value.errno, raised.value.filename) == (2, "/in")


def test_an_error_of_a_type_that_only_others_know_comes_as_one_that_says_so() -> None:
    class Strange(Exception):
        pass

    recorder = Recorder()
    with under(recorder), pytest.raises(Strange):
        observe("http", "GET", "/", lambda: given(Strange("odd")))

    with under(Player(recorder.tape())), pytest.raises(RuntimeError, match="Strange: odd"):
        observe("http", "GET", "/", unread)


def test_what_is_not_on_the_tape_is_named_and_not_read() -> None:
    """Seen to fail when the player read what it had no answer for."""
    player = Player(recorded(("/in", ["a"])))

    with under(player):
        observe("files", "listdir", "/in", unread)
        with pytest.raises(NotOnTape, match="listdir '/in' is not on the tape"):
            observe("files", "listdir", "/in", unread)

    assert player.missing == ["listdir /in"]


def test_one_answer_that_is_too_large_is_named_and_the_others_are_kept() -> None:
    tape = recorded(("/small", ["a"]), ("/large", "x" * TapeLimits().read))

    assert not tape.complete
    assert tape.uncovered == ("listdir /large: too large, 1,048,576 bytes are recorded at most",)
    assert played(tape, "/small") == [["a"]]


def test_of_more_than_a_tape_may_have_the_largest_source_is_left_out_and_named() -> None:
    """Seen to fail when the limit was one for each source."""
    recorder = Recorder(limits=TapeLimits(read=80, tick=150))
    for channel, size in (("files", 40), ("http", 70), ("clock", 50)):
        recorder.record(channel, "read", "a", "x" * size)

    tape = recorder.tape()

    assert sorted(tape.channels) == ["clock", "files"]
    (uncovered,) = tape.uncovered
    assert uncovered.startswith("http: too large, ") and "150 bytes of all that a tick reads" in uncovered


def test_no_more_than_twenty_uncovered_reads_are_named() -> None:
    recorder = Recorder()
    for number in range(100):
        recorder.miss(f"socket.connect {number}")

    assert len(recorder.tape().uncovered) == 20


class TestStoring:
    """How a tape is kept in the log."""

    @staticmethod
    def events(tape: Tape, stored: frozenset[bytes] = frozenset()) -> list[BlobStored | TapeRecorded]:
        return list(tape_events(tape, stored, tick=1, sensor="inbox", at=1))

    def test_what_is_short_is_kept_in_the_event_itself(self) -> None:
        (event,) = self.events(recorded(("/in", ["a"])))

        assert isinstance(event, TapeRecorded) and list(event.short) == ["files"] and not event.stored

    def test_what_is_large_is_stored_once(self) -> None:
        tape = recorded(("/in", [f"file {number}" for number in range(1000)]))

        blob, event = self.events(tape)
        assert isinstance(blob, BlobStored) and isinstance(event, TapeRecorded)
        assert event.stored == {"files": blob.digest} and len(blob.content) < 4000
        assert self.events(tape, frozenset([blob.digest])) == [event]

    def test_a_tape_comes_back_as_it_was(self) -> None:
        tape = recorded(("/in", [f"file {number}" for number in range(1000)]), ("/out", ["a"]))
        blob, event = self.events(tape)
        assert isinstance(blob, BlobStored) and isinstance(event, TapeRecorded)

        assert tape_of(event, {blob.digest: blob}.get) == tape

    def test_nothing_read_leaves_no_event(self) -> None:
        assert self.events(Recorder().tape()) == []

    def test_a_blob_that_is_missing_or_changed_is_said_so(self) -> None:
        """Seen to fail when a blob was taken for what its name says."""
        blob, event = self.events(recorded(("/in", [f"file {number}" for number in range(1000)])))
        other, _ = self.events(recorded(("/in", [f"other {number}" for number in range(1000)])))
        assert isinstance(blob, BlobStored) and isinstance(other, BlobStored)
        assert isinstance(event, TapeRecorded)

        with pytest.raises(MissingBlob, match="no blob"):
            tape_of(event, dict[bytes, BlobStored]().get)
        with pytest.raises(MissingBlob, match="is another blob's"):
            tape_of(event, {blob.digest: other}.get)
        changed = BlobStored(at=1, tick=1, sensor="inbox", digest=blob.digest, content=other.content)
        with pytest.raises(MissingBlob, match="is something else"):
            tape_of(event, {blob.digest: changed}.get)
        cut = BlobStored(at=1, tick=1, sensor="inbox", digest=blob.digest, content=blob.content[:50])
        with pytest.raises(MissingBlob, match="is damaged"):
            tape_of(event, {blob.digest: cut}.get)


def test_a_run_key_is_found_in_what_was_read() -> None:
    recorder = Recorder()
    recorder.record("files", "listdir", "/in", ["a.csv", "b.csv", "x"])
    recorder.record("files", "scandir", "/in/deep", (["b.csv.gz", "c.csv"], b"\x01\x01"))
    recorder.record("files", "stat", "/in/b.csv", (1, 2))
    recorder.record("files", "stat", "/in/a.csv", (1, 2))
    recorder.record("files", "open", "/gone/b.csv", None, ["FileNotFoundError", 2, "gone"])

    assert list(mentions(recorder.tape(), "b.csv.gz:17.5")) == [
        "listdir /in: 'b.csv', among 3 names",
        "scandir /in/deep: 'b.csv.gz', among 2 names",
        "stat /in/b.csv",
    ]
    assert list(mentions(recorder.tape(), "order 17")) == []


class TestWhatHasNotChanged:
    """A recorder that knows the sensor's last tape."""

    @staticmethod
    def taken(names: list[str], last: Tape) -> Tape:
        recorder = Recorder(last)
        recorder.record("files", "listdir", "/in", names)
        recorder.record("clock", "time", "", 1.5)
        return recorder.tape()

    def test_its_content_is_the_last_tapes_own(self) -> None:
        names = [f"file {number}" for number in range(1000)]
        last = self.taken(names, Tape())

        tape = self.taken(names, last)

        assert tape == last and tape.channels["files"] is last.channels["files"]

    @pytest.mark.parametrize("change", [lambda names: names[:-1], lambda names: [*names[:-1], "FILE 999"]])
    def test_what_has_changed_is_another_content(self, change: Callable[[list[str]], list[str]]) -> None:
        """Seen to fail when only the lengths were compared."""
        names = [f"file {number}" for number in range(1000)]
        last = self.taken(names, Tape())

        tape = self.taken(change(names), last)

        assert tape == self.taken(change(names), Tape())
        assert tape.digests["files"] == digest_of(tape.channels["files"]) != last.digests["files"]


def test_an_answer_is_on_the_tape_as_it_was_when_it_was_read() -> None:
    """Seen to fail when answers were encoded at the end of the tick."""
    names, recorder = ["b", "a"], Recorder()
    recorder.record("files", "listdir", "/in", names)
    names.clear()

    assert played(recorder.tape(), "/in") == [["b", "a"]]


def test_what_cannot_be_kept_makes_the_tape_partial_and_loses_nothing_else() -> None:
    """Seen to fail when it raised at the end of the tick, and when half of it stayed on the tape."""
    tape = recorded(
        ("/in", ["a"]), ("/in/\udcff", ["b"]), ("/out", ["\udcff.csv"]), ("/n", 2**70), ("/o", ["z"])
    )

    assert played(tape, "/in", "/o") == [["a"], ["z"]]
    assert [each.split(":")[0] for each in tape.uncovered] == [
        r"listdir /in/\udcff",
        "listdir /out",
        "listdir /n",
    ]
    assert all(each.encode() for each in tape.uncovered)


def test_too_much_of_one_kind_of_source_is_not_recorded_nor_held() -> None:
    recorder = Recorder()
    for number in range(40):
        recorder.record("files", "open", f"/in/{number}", bytes(TapeLimits().read - 100))
    recorder.record("clock", "time", "", 1.5)

    tape = recorder.tape()

    assert list(tape.channels) == ["clock"]
    assert tape.uncovered == (
        "files: too large, 16,777,216 bytes of all that a tick reads are recorded at most",
    )

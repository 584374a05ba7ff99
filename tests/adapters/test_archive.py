"""The archive of a log: its files, the order of its steps, and what is done about files that are not right."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.archived_event_log import ALL, in_storage, move
from contracts.event_log import events_of, put, skipped
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.archive import archiver
from ticktrail.adapters.event_log.archive.archiver import Archiver, NotArchived
from ticktrail.adapters.event_log.archive.manifest import ArchiveUnusable
from ticktrail.adapters.event_log.archive.segment import BLOCK, SegmentFile, write_segment
from ticktrail.adapters.event_log.recorder import RecorderLog


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def log(tmp_path: Path, archive: Path) -> Iterator[RecorderLog]:
    """A log of six frames with an event each."""
    log = open_event_log(tmp_path / "log.sqlite", archive=archive)
    for number in range(6):
        put(log, [skipped(number)])
    yield log
    log.close()


def test_each_step_is_durable_before_the_next_and_the_deletion_is_the_last(
    log: RecorderLog, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail with any two steps exchanged, and without any of the syncs."""
    steps: list[str] = []

    def told(owner: Any, name: str, tell: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def telling(*arguments: Any) -> Any:
            steps.append(tell(*arguments))
            return original(*arguments)

        monkeypatch.setattr(owner, name, telling)

    told(os, "fsync", lambda fd: f"sync {Path(os.readlink(f'/proc/self/fd/{fd}')).name}")
    told(os, "rename", lambda old, new: f"rename {Path(new).name}")
    told(os, "replace", lambda old, new: f"replace {Path(new).name}")
    told(SegmentFile, "frames", lambda segment: "read back")
    told(log, "delete_frames", lambda stop: f"delete below {stop}")

    Archiver(log, lambda: steps.append("announce")).run(ALL, at=1, by="ann@host")

    manifest = ["sync manifest.json.unfinished", "replace manifest.json", "sync main"]
    segment = f"{0:020}-{4:020}.frames"
    assert steps == [
        *manifest,
        "announce",
        f"sync {0:020}.frames.unfinished",
        "read back",
        f"rename {segment}",
        "sync main",
        *manifest,
        "delete below 5",
    ]


def test_the_manifest_says_what_is_where(log: RecorderLog, archive: Path) -> None:
    move(log, 2)
    move(log)

    manifest = json.loads((archive / "main" / "manifest.json").read_text())

    assert (manifest["format"], manifest["partition"]) == (1, "main")
    first, second = manifest["segments"]
    assert (first["first_frame"], first["frames"], first["first_offset"], first["events"]) == (0, 2, 0, 2)
    assert (second["first_frame"], second["frames"]) == (2, 3)
    assert first["chain_after"] == second["chain_before"]
    for segment in (first, second):
        assert (archive / "main" / segment["file"]).stat().st_size == segment["bytes"]
        assert (segment["archived_at"], segment["archived_by"]) == (1_700_000_000_000_000, "ann@host")


def test_of_a_large_segment_a_reader_reads_the_block_that_it_needs(
    log: RecorderLog, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when a block took in all frames of a segment."""
    for number in range(6, 206):
        put(log, [skipped(number, reason="x" * (BLOCK // 20))])
    move(log)
    read: list[int] = []
    pread = os.pread

    def counting(descriptor: int, size: int, position: int) -> bytes:
        read.append(size)
        return pread(descriptor, size, position)

    monkeypatch.setattr(os, "pread", counting)

    assert events_of(log, 150, 151)[0].at == 150

    [segment] = json.loads((archive / "main" / "manifest.json").read_text())["segments"]
    assert segment["frame_bytes"] > 9 * BLOCK
    assert sum(read) < segment["bytes"] / 3


# --- archivers that came to no good end ---------------------------------------------------------


def test_what_an_archiver_left_behind_is_cleared_away(log: RecorderLog, archive: Path) -> None:
    """A segment that the manifest does not name, and one that is not whole."""
    move(log, 2)
    left = [archive / "main" / name for name in (f"{2:020}-{3:020}.frames", f"{3:020}.frames.unfinished")]
    for file in left:
        file.write_bytes(b"half a segment")

    move(log)

    assert [segment.frames for segment in log.archived.manifest.segments] == [2, 3]
    assert [file for file in left if file.exists()] == []


def test_what_the_disk_changed_is_noticed_before_anything_is_deleted(
    log: RecorderLog, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when nothing was read back."""

    def write_badly(path: Path, *arguments: Any) -> Any:
        written = write_segment(path, *arguments)
        content = bytearray(path.read_bytes())
        content[20] ^= 1
        path.write_bytes(bytes(content))
        return written

    with monkeypatch.context() as failing:
        failing.setattr(archiver, "write_segment", write_badly)
        with pytest.raises(NotArchived, match=r"is not what was read back from it .* look at that disk"):
            move(log)

    assert in_storage(log) == list(range(6))
    assert [file.name for file in (archive / "main").iterdir()] == ["manifest.json"]
    assert move(log).frames == 5


def test_other_frames_than_those_of_the_storage_are_noticed_before_anything_is_deleted(
    log: RecorderLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when what was read back was only checked for damage."""

    def write_others(path: Path, frames: Any, before: Any) -> Any:
        others = [(replace(frame, topic="another"), after) for frame, after in frames]
        return write_segment(path, others, before)

    monkeypatch.setattr(archiver, "write_segment", write_others)

    with pytest.raises(NotArchived, match=r"frame 0 in .* is not the one in the log's storage"):
        move(log)

    assert in_storage(log) == list(range(6))


def test_one_process_archives_at_a_time(log: RecorderLog, archive: Path) -> None:
    move(log, 2)
    other = os.open(archive / "main", os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)

    with pytest.raises(NotArchived, match=r"another process is archiving into .*: wait until it has ended"):
        move(log)

    os.close(other)
    assert move(log).frames == 3


# --- manifests that are not right ---------------------------------------------------------------


def _newer(manifest: dict[str, Any]) -> None:
    manifest["format"] = 2
    manifest["segments"] = "in another form"


def _elsewhere(manifest: dict[str, Any]) -> None:
    manifest["partition"] = "west"


def _out_of_order(manifest: dict[str, Any]) -> None:
    manifest["segments"].reverse()


def _without_one(manifest: dict[str, Any]) -> None:
    del manifest["segments"][0]


def _without_a_field(manifest: dict[str, Any]) -> None:
    del manifest["segments"][0]["digest"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_newer, "has format 2, this release reads up to 1: it was written by a newer ticktrail, upgrade"),
        (_elsewhere, "is of partition 'west', not of 'main': put the right folder there"),
        (_out_of_order, r"is damaged \(.* does not follow the segment before it\): put it back from a copy"),
        (_without_one, r"is damaged \(.* does not follow the segment before it\): put it back from a copy"),
        (_without_a_field, r"is damaged \(.*digest.*\): put it back from a copy of the home"),
    ],
)
def test_a_manifest_that_is_not_right_is_told_when_the_log_is_opened(
    log: RecorderLog, archive: Path, change: Callable[[dict[str, Any]], None], text: str
) -> None:
    move(log, 2)
    move(log)
    file = archive / "main" / "manifest.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))

    with pytest.raises(ArchiveUnusable, match=text) as unusable:
        open_event_log(archive.parent / "log.sqlite", archive=archive)

    assert str(file) in str(unusable.value)


def test_a_manifest_that_is_no_json_is_told_when_the_log_is_opened(log: RecorderLog, archive: Path) -> None:
    move(log)
    (archive / "main" / "manifest.json").write_text("{")

    with pytest.raises(ArchiveUnusable, match="put it back from a copy of the home"):
        open_event_log(archive.parent / "log.sqlite", archive=archive)


def test_an_archive_that_is_no_folder_is_told_when_the_log_is_opened(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file of somebody else")

    with pytest.raises(ArchiveUnusable, match=r"manifest.json cannot be read \(not a directory\)"):
        open_event_log(tmp_path / "log.sqlite", archive=tmp_path / "archive")

    assert not (tmp_path / "log.sqlite").exists()

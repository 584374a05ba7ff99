"""`ticktrail replay`: ticks of a real log, evaluated again."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from cli.conftest import LISTING
from command_line import CommandLine
from ticktrail.adapters import progress
from ticktrail.adapters.cli import side_by_side
from ticktrail.core.events import BlobStored


def test_what_is_equal_is_counted_and_nothing_is_read_or_printed(recorded: CommandLine) -> None:
    head = recorded.head()
    result = recorded("replay", "files")

    assert (result.code, result.out) == (0, "files: 3 ticks replayed: 3 equal\n")
    assert result.err == "looking around\n" * 3
    assert recorded.head() == head


def test_changed_code_is_told_of_tick_by_tick_and_exits_with_1(
    recorded: CommandLine, listing_py: Path
) -> None:
    listing_py.write_text(listing_py.read_text().replace("st_size", "st_mode"))
    result = recorded("replay", "files")

    assert result.code == 1
    first, second, third, *_ = result.out.splitlines()
    assert first == "files: 3 ticks replayed: 3 different"
    assert second.split(" of ")[0] == "  tick 3" and second.endswith("different")
    assert third.startswith("    RunRequested 0 given_tags: was {'size': '0'")


def test_ticks_can_be_chosen(recorded: CommandLine) -> None:
    ticks = [tick["tick"] for tick in recorded("tick", "list", "files", "--json").records][::-1]

    def chosen(*arguments: str) -> list[int]:
        return [each["tick"] for each in recorded("replay", "files", "--json", *arguments).records]

    assert chosen() == ticks
    assert chosen("--ticks", str(ticks[1])) == [ticks[1]]
    assert chosen("--ticks", f"{ticks[1]}..") == ticks[1:]
    assert chosen("--ticks", f"..{ticks[1]}") == ticks[:2]
    assert chosen("--last", "2999-01-01") == []


def test_all_stands_for_the_sensors_that_are_recorded(recorded: CommandLine) -> None:
    result = recorded("replay", "--all", "--json")

    assert result.code == 0
    assert [(each["sensor"], each["verdict"]) for each in result.records] == [("files", "equal")] * 3
    unrecorded = recorded("replay", "unrecorded")
    assert unrecorded.out.splitlines()[0] == "unrecorded: 3 ticks replayed: 3 not recorded"


def test_a_bar_is_no_read_of_a_sensor_that_prints(
    recorded: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when what the sensor printed went through the bar's console, which asked the environment."""
    monkeypatch.setattr(progress, "_FEW", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    result = recorded("replay", "files")

    assert result.out == "files: 3 ticks replayed: 3 equal\n"
    assert "looking around" in result.err and "replaying files" in result.err


def test_several_sensors_are_replayed_side_by_side_and_told_in_their_order(
    recorded: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_processors", lambda: 2)
    result = recorded("replay", "unrecorded", "files", "unrecorded")

    assert result.code == 0
    assert [line.split(" ticks")[0] for line in result.out.splitlines() if line[0] != " "] == [
        "unrecorded: 3",
        "files: 3",
    ]


def test_what_a_process_could_not_do_is_told(recorded: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_processors", lambda: 2)
    monkeypatch.setattr(BlobStored, "digest", property(lambda _: bytes(16)), raising=False)
    result = recorded("replay", "unrecorded", "files")

    assert result.code == 1 and result.out.startswith("unrecorded: 3 ticks")
    assert "of sensor 'files' cannot be replayed: what the tick read of files is not in the log" in result.err


def test_a_blob_that_is_gone_is_said_so(recorded: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlobStored, "digest", property(lambda _: bytes(16)), raising=False)
    result = recorded("replay", "files")

    assert result.code == 1
    assert "of sensor 'files' cannot be replayed: what the tick read of files is not in the log" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give the name of a sensor, or --all"),
        (("files", "--all"), "give the name of a sensor, or --all"),
        (("nobody",), "there is no sensor 'nobody'"),
        (("files", "--ticks", "one"), "--ticks is 'one': give ids of ticks as A..B, A.., ..B, or one"),
        (("files", "--last", "soon"), "'soon' is no moment"),
    ],
)
def test_wrong_usage_is_said_so(recorded: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    result = recorded("replay", *arguments)

    assert result.code != 0 and result.out == ""
    assert said in result.err


def test_code_that_no_longer_loads_is_said_so(recorded: CommandLine, listing_py: Path) -> None:
    listing_py.write_text("import nothing_of_that_name")
    result = recorded("replay", "files")

    assert result.code == 1
    assert "nothing_of_that_name" in result.err
    assert os.path.exists(recorded.home)


def test_a_tape_can_be_looked_at(recorded: CommandLine) -> None:
    first, second, _ = recorded("tick", "list", "files", "--json").records[::-1]

    lines = recorded("tick", "tape", second["tick"]).out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["SOURCE", "WHAT"],
        ["files", "listdir"],
        ["files", "stat"],
        ["files", "stat"],
    ]
    assert "'0.csv'" in lines[1] and "'1.csv'" in lines[1]
    listing, stat, uncovered = recorded("tick", "tape", first["tick"], "--json").records
    assert (listing["channel"], listing["what"], listing["result"]) == ("files", "listdir", ["0.csv"])
    assert stat["subject"].endswith("/0.csv") and uncovered == {"uncovered": []}


def test_a_tick_without_a_tape_is_said_so(recorded: CommandLine) -> None:
    unrecorded = recorded("tick", "list", "unrecorded", "--json").records[0]["tick"]

    assert (
        f"what tick {unrecorded} of unrecorded read was not recorded"
        in recorded("tick", "tape", unrecorded).err
    )
    assert "there is no tick 0: see `ticktrail tick list`" in recorded("tick", "tape", 0).err


class TestSlices:
    """A sensor's past as a file, on another machine."""

    @pytest.fixture
    def file(self, recorded: CommandLine, tmp_path: Path) -> Path:
        file = tmp_path / "files.slice"
        result = recorded("slice", "files", "-o", file)
        assert (result.code, result.out) == (
            0,
            f"{file}: 3 ticks of files in {file.stat().st_size:,} bytes\n",
        )
        return file

    @pytest.fixture
    def elsewhere(self, recorded: CommandLine, listing_py: Path, file: Path) -> CommandLine:
        """There is neither the home nor the code."""
        shutil.rmtree(recorded.home)
        listing_py.unlink()
        return recorded

    def test_it_is_replayed_with_the_code_that_it_has(self, elsewhere: CommandLine, file: Path) -> None:
        result = elsewhere("replay", "files", "--slice", file)

        assert (result.code, result.out) == (0, "files: 3 ticks replayed: 3 equal\n")

    def test_it_is_tested_with_other_code(self, elsewhere: CommandLine, file: Path, tmp_path: Path) -> None:
        code = tmp_path / "new.py"
        code.write_text(LISTING.replace("run_key=name,", "run_key=name[:1],").replace("FOLDER", "/nowhere"))
        result = elsewhere("backtest", "files", "--slice", file, "--code", code)

        assert result.code == 1
        assert "read in 3 ticks, and not on their tapes: listdir /nowhere" in result.out

    def test_tapes_of_other_ticks_stay_at_home(
        self, recorded: CommandLine, file: Path, tmp_path: Path
    ) -> None:
        part = tmp_path / "part.slice"
        made = recorded("slice", "files", "-o", part, "--from", "2026-01-01T00:00:02", "--json").record

        assert made["ticks"] == 2
        verdicts = [
            each["verdict"] for each in recorded("replay", "files", "--slice", part, "--json").records
        ]
        assert verdicts == ["not recorded", "equal", "equal"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "it does not begin as one"),
            (b"ttslice1", "its content is damaged"),
            (b"ttslice1\x09\x00\x00\x00xxxx", "it is damaged or cut at byte 8"),
        ],
    )
    def test_a_file_that_is_none_is_said_so(
        self, ticktrail: CommandLine, tmp_path: Path, content: bytes, said: str
    ) -> None:
        file = tmp_path / "file"
        file.write_bytes(content)
        result = ticktrail("replay", "files", "--slice", file)

        assert result.code == 1
        assert f"{file} is no slice that can be used: {said}" in result.err

    def test_wherever_it_is_cut_or_changed_it_is_noticed(self, elsewhere: CommandLine, file: Path) -> None:
        """Seen to fail when what was left of a block was taken for it."""
        whole = file.read_bytes()
        for place in range(len(b"ttslice1"), len(whole), max(len(whole) // 25, 1)):
            file.write_bytes(whole[:place])
            assert elsewhere("replay", "files", "--slice", file).code != 0
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            assert elsewhere("replay", "files", "--slice", file).code != 0

    def test_what_cannot_be_written_or_read_is_said_so(self, recorded: CommandLine, tmp_path: Path) -> None:
        assert "cannot be written" in recorded("slice", "files", "-o", tmp_path / "no" / "file").err
        assert "there is no sensor 'nobody'" in recorded("slice", "nobody", "-o", tmp_path / "file").err
        assert "no such file" in recorded("replay", "files", "--slice", tmp_path / "none").err

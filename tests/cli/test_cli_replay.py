"""`ticktrail replay`: ticks of a real log, evaluated again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_line import CommandLine
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


def test_a_blob_that_is_gone_is_said_so(recorded: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlobStored, "digest", property(lambda _: b"another"), raising=False)
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

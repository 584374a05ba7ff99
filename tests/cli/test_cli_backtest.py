"""`ticktrail backtest` and `bisect`: other code on the ticks of a real log."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command_line import CommandLine
from ticktrail.adapters import progress
from ticktrail.adapters.cli import side_by_side


@pytest.fixture
def changed(listing_py: Path) -> Callable[..., Path]:
    """Write the definitions with some text in place of another, and return the file."""

    def write(old: str, new: str, name: str = "changed.py") -> Path:
        text = listing_py.read_text()
        assert old in text
        path = listing_py.with_name(name)
        path.write_text(text.replace(old, new))
        return path

    return write


def test_the_same_code_asks_for_the_same(recorded: CommandLine, listing_py: Path) -> None:
    head = recorded.head()
    result = recorded("backtest", "files", "--code", listing_py)

    assert result.code == 0
    first, before, after, counts, end = result.out.splitlines()
    assert first == f"files: {listing_py} on 3 ticks"
    assert before.split()[:4] == ["before", "3", "run", "requests"]
    assert after.split()[:4] == ["after", "3", "run", "requests"]
    assert before.split("requests")[1] == after.split("requests")[1]
    assert (counts, end) == ("  3 unchanged", "  no tick asks for anything else")
    assert recorded.head() == head


def test_other_code_is_told_by_what_it_asks_for(recorded: CommandLine, changed: Callable[..., Path]) -> None:
    result = recorded("backtest", "files", "--code", changed("run_key=name,", "run_key=name[:1],"))

    assert result.code == 0
    assert "  3 added, 3 removed" in result.out
    assert "  only the new code asks for 3 run keys: 0, 1, 2" in result.out
    assert "  only the old code asked for 3 run keys: 0.csv, 1.csv, 2.csv" in result.out
    assert "      + 0 (load_files)" in result.out and "      - 0.csv (load_files)" in result.out


def test_other_content_of_a_request_is_shown(recorded: CommandLine, changed: Callable[..., Path]) -> None:
    result = recorded("backtest", "files", "--code", changed('tags={"size"', 'tags={"bytes"'))

    assert "  3 changed" in result.out
    assert "      ~ 0.csv (load_files): given_tags {" in result.out and "→ {'bytes': '0'" in result.out


def test_json_has_a_line_per_tick_and_a_summary(recorded: CommandLine, changed: Callable[..., Path]) -> None:
    result = recorded("backtest", "files", "--json", "--code", changed("run_key=name,", "run_key=name[:1],"))

    *ticks, last = result.records
    assert [[each["change"] for each in tick["requests"]] for tick in ticks] == [["added", "removed"]] * 3
    assert last["summary"]["counts"] == {"added": 3, "removed": 3}
    assert last["summary"]["only_new"] == ["0", "1", "2"]


def test_the_page_opens_by_itself_and_tells_the_same(
    recorded: CommandLine, changed: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    code = changed("run_key=name,", 'run_key=f"<{name}>",')
    result = recorded("backtest", "files", "--html", page, "--code", code)

    assert result.code == 0 and str(page) in result.err
    text = page.read_text()
    assert "<svg" in text and "3 run requests before, 3 after; 3 added, 3 removed" in text
    assert "&lt;0.csv&gt;" in text and "<0.csv>" not in text
    assert "http:" not in text and "https:" not in text


def test_ticks_are_chosen_by_time_and_distance(recorded: CommandLine, listing_py: Path) -> None:
    def ticks(*arguments: str) -> int:
        *ticks, _ = recorded("backtest", "files", "--json", "--code", listing_py, *arguments).records
        return len(ticks)

    assert ticks() == 3
    assert ticks("--every", "2s") == 2
    assert ticks("--from", "2999-01-01") == 0
    assert ticks("--to", "2025-01-01") == 0


def test_code_that_fails_is_told_with_the_first_tick_and_exits_with_1(
    recorded: CommandLine, changed: Callable[..., Path]
) -> None:
    code = changed("for name in", "int(context.cursor or 0)\n    for name in")
    result = recorded("backtest", "files", "--code", code, "--start-cursor", "three")

    assert result.code == 1
    assert "3 ticks failed, the first is 3 of " in result.out
    assert "ValueError: invalid literal for int() with base 10: 'three'" in result.out


def test_a_read_that_the_tape_lacks_is_told(recorded: CommandLine, changed: Callable[..., Path]) -> None:
    result = recorded(
        "backtest", "files", "--code", changed("for name in", 'os.listdir("/")\n    for name in')
    )

    assert result.code == 1
    assert "read in 3 ticks, and not on their tapes: listdir /" in result.out


def test_keys_can_be_fresh_and_the_missing_can_be_nearest_or_live(
    recorded: CommandLine, changed: Callable[..., Path], listing_py: Path
) -> None:
    def counts(code: Path, *arguments: object) -> dict[str, int]:
        *_, last = recorded("backtest", "files", "--json", "--code", code, *arguments).records
        counts: dict[str, int] = last["summary"]["counts"]
        return counts

    last = recorded("tick", "list", "files", "--json").records[0]["started_at"]
    since = datetime.fromtimestamp(last / 1e6, UTC).isoformat()
    assert counts(listing_py, "--from", since) == {"unchanged": 1}
    assert counts(listing_py, "--from", since, "--fresh-keys") == {"added": 2, "unchanged": 1}

    code = changed(
        "for name in", 'if os.path.exists("/"): yield dg.RunRequest(run_key="root")\n    for name in'
    )
    assert counts(code) == {"removed": 3}
    assert counts(code, "--missing", "live") == {"added": 1, "unchanged": 3}


def test_what_is_live_is_told_as_missing(recorded: CommandLine, changed: Callable[..., Path]) -> None:
    code = changed("for name in", 'context.observe("now", dict)\n    for name in')

    failed = recorded("backtest", "files", "--code", code)
    live = recorded("backtest", "files", "--code", code, "--missing", "live")

    assert failed.code == 1 and live.code == 0
    assert "read in 3 ticks, and not on their tapes: now" in live.out


class TestSeveralSensors:
    """They are worked on side by side, and told of in the order of their names."""

    @pytest.fixture(autouse=True)
    def processors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(side_by_side, "_processors", lambda: 3)

    def test_it_is_as_if_each_were_tested_alone(
        self, recorded: CommandLine, changed: Callable[..., Path]
    ) -> None:
        """Seen to fail when what was done first was told first: the one that takes longer is named first."""
        each, code = ("files", "unrecorded"), changed("for name in", "sum(range(2_000_000))\n    for name in")
        alone = [recorded("backtest", name, "--code", code).out for name in each]
        together = recorded("backtest", *each, "--code", code)

        assert together.code == 0 and together.out == "".join(alone)
        records = recorded("backtest", *each, "--json", "--code", code).records
        assert [record["sensor"] for record in records] == ["files"] * 4 + ["unrecorded"] * 4

    def test_a_bar_shows_how_far_all_are(
        self, recorded: CommandLine, listing_py: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(progress, "_FEW", 0)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        head = recorded.head()

        result = recorded("backtest", "files", "unrecorded", "--code", listing_py)

        assert (
            "testing 2 sensors" in result.err and f"{2 * head}/{2 * head}" in result.err and result.code == 0
        ), result.out

    def test_one_that_fails_does_not_hide_what_came_before(
        self, recorded: CommandLine, changed: Callable[..., Path]
    ) -> None:
        code = changed("for name in", "os._exit(7)\n    for name in")
        result = recorded("backtest", "unrecorded", "files", "--code", code)

        assert result.code == 1 and result.out.startswith("unrecorded: ")
        assert "the process for sensor 'files' ended with code 7 before it was done" in result.err

    def test_the_page_has_a_part_for_each(
        self, recorded: CommandLine, listing_py: Path, tmp_path: Path
    ) -> None:
        page = tmp_path / "report.html"
        recorded("backtest", "files", "unrecorded", "--html", page, "--code", listing_py)

        headings = re.findall("<h2>(.*?)</h2>", page.read_text())
        assert [name for name in headings if name in ("files", "unrecorded")] == ["files", "unrecorded"]

    def test_a_cursor_to_begin_with_is_of_one(self, recorded: CommandLine, listing_py: Path) -> None:
        result = recorded("backtest", "files", "unrecorded", "--start-cursor", "1", "--code", listing_py)

        assert result.code != 0 and "--start-cursor is of one sensor" in result.err

    def test_tables_have_the_ticks_of_all(
        self, recorded: CommandLine, listing_py: Path, tmp_path: Path
    ) -> None:
        duckdb = pytest.importorskip("duckdb")
        tables = tmp_path / "tables"
        result = recorded("backtest", "files", "unrecorded", "--parquet", tables, "--code", listing_py)

        assert result.code == 0 and str(tables / "backtest_ticks") in result.err
        counts = duckdb.sql(
            f"FROM '{tables}/backtest_ticks/*.parquet' SELECT sensor, count(*) GROUP BY 1 ORDER BY 1"
        )
        assert counts.fetchall() == [("files", 3), ("unrecorded", 3)]
        asked = duckdb.sql(
            f"FROM '{tables}/backtest_requests/*.parquet' SELECT run_key, change ORDER BY tick"
        )
        assert asked.fetchall() == [(f"{number}.csv", "unchanged") for number in range(3)]
        assert not list(tables.rglob("*.unfinished"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--code", "{code}"), "give the name of a sensor, or --all"),
        (("nobody", "--code", "{code}"), "there is no sensor 'nobody'"),
        (("files", "--code", "nowhere.py"), "the definitions file nowhere.py does not exist"),
        (("files", "--code", "no.such.module"), "there is no module 'no.such.module'"),
        (("files", "--code", "git:HEAD"), "failed: not a git repository"),
        (("files", "--code", "{code}", "--missing", "maybe"), "maybe"),
        (("files",), "code"),
    ],
)
def test_wrong_usage_is_said_so(
    recorded: CommandLine, listing_py: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = recorded("backtest", *(each.format(code=listing_py) for each in arguments))

    assert result.code != 0 and result.out == ""
    assert said in result.err


class TestRevisions:
    """Definitions in a git repository."""

    @pytest.fixture
    def commit(self, listing_py: Path) -> Callable[[str, str, str], None]:
        def git(*arguments: str) -> None:
            who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
            command = ["git", "-C", str(listing_py.parent), *who, *arguments]
            subprocess.run(command, check=True, capture_output=True)

        def commit(old: str, new: str, subject: str) -> None:
            text = listing_py.read_text()
            assert old in text
            listing_py.write_text(text.replace(old, new))
            git("commit", "-am", subject)

        git("init", "-b", "main")
        git("add", listing_py.name)
        git("commit", "-m", "the beginning")
        return commit

    def test_code_comes_from_a_revision(
        self, recorded: CommandLine, commit: Callable[[str, str, str], None]
    ) -> None:
        commit("run_key=name,", "run_key=name[:1],", "shorter keys")

        assert "3 added, 3 removed" in recorded("backtest", "files", "--code", "git:HEAD").out
        assert "3 unchanged" in recorded("backtest", "files", "--code", "git:HEAD~1").out
        assert "unknown revision" in recorded("bisect", "files", "--git", "nothing..HEAD").err

    def test_the_first_revision_that_decides_otherwise_is_found(
        self, recorded: CommandLine, commit: Callable[[str, str, str], None]
    ) -> None:
        """Seen to fail when the search went on in the wrong half."""
        for number in range(3):
            commit('print("looking', f'print("{number}: looking', f"harmless {number}")
            listing = recorded.home.parent / "sensors.py"
            listing.write_text(listing.read_text().replace(f'print("{number}: ', 'print("'))
        commit("run_key=name,", "run_key=name[:1],", "shorter keys")
        commit('print("looking', 'print("still looking', "harmless 3")

        result = recorded("bisect", "files", "--git", "HEAD~5..HEAD")
        assert result.code == 1
        first, second, *_ = result.out.splitlines()
        assert first.endswith(" shorter keys")
        assert second.endswith("after 0 ticks in agreement")
        same = recorded("bisect", "files", "--git", "HEAD~1..HEAD")
        assert (same.code, same.out) == (0, "files: HEAD decides as HEAD~1 does on all ticks\n")

    def test_two_codes_part_in_a_tick(
        self, recorded: CommandLine, listing_py: Path, changed: Callable[..., Path]
    ) -> None:
        other = changed('name, tags={"size"', 'name.replace("1", "one"), tags={"size"')
        result = recorded("bisect", "files", "--code", listing_py, "--code", other)

        assert result.code == 1
        first, _, second = result.out.splitlines()
        assert "part in tick" in first and first.endswith("after 1 ticks in agreement")
        assert "asks for one.csv" in second
        same = recorded("bisect", "files", "--code", listing_py, "--code", listing_py)
        assert same.code == 0 and same.out.endswith("decide the same on all ticks\n")

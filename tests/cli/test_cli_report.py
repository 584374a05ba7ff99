"""`ticktrail report`: how sensors fared, in the terminal and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import CommandLine
from fared import BAD, GOOD, IDLE, fared
from long_history import History as LongHistory
from story import Story
from ticktrail.adapters.cli.report_words import SHOWN
from ticktrail.adapters.cli.sparkline import sparkline, summed
from ticktrail.projections.history import health_queries
from ticktrail.projections.history.stored import BUCKET


@pytest.fixture
def told(ticktrail: CommandLine) -> CommandLine:
    ticktrail.tell(fared())
    return ticktrail


def test_the_numbers_are_those_of_the_ticks(told: CommandLine) -> None:
    asked = (
        "SELECT sensor, count(*) AS ticks, count(*) FILTER (status = 'SUCCESS') AS succeeded, "
        "count(*) FILTER (status = 'SKIPPED') AS skipped, count(*) FILTER (status = 'FAILURE') AS failed, "
        "sum(t.requested) AS requested, sum(t.repeated) AS repeated FROM ticks t GROUP BY sensor ORDER BY sensor"
    )

    expected = told("query", "--json", asked).records
    records = told("report", "--json").records

    ticked = sorted((each for each in records if each["ticks"]), key=lambda each: each["sensor"])
    assert [{name: each[name] for name in expected[0]} for each in ticked] == expected
    assert [each["sensor"] for each in expected] == sorted([BAD, GOOD])
    assert sum(each["repeated"] for each in expected) > 0


def test_over_every_kind_of_event_it_agrees_with_the_views(ticktrail: CommandLine) -> None:
    """The log has interrupted ticks, imported ones, and some that go on."""
    ticktrail.tell(LongHistory(seed=11).tell(4_000))
    head = ticktrail.head()
    asked = (
        "SELECT h.sensor, h.ticks, h.last_status, h.requested, h.repeated, h.skip_rate, h.failure_rate, d.p50, d.p99 "
        "FROM sensor_health h LEFT JOIN tick_duration d USING (sensor) ORDER BY sensor"
    )

    expected = ticktrail("query", "--json", asked, "--as-of", head).records
    records = ticktrail("report", "--json", "--as-of", head).records

    told = {each["sensor"]: {name: each[name] for name in expected[0]} for each in records}
    assert [told[each["sensor"]] for each in expected] == expected
    assert sum(each["interrupted"] for each in records) > 0


def test_rates_are_shares_of_ticks_and_of_requests(told: CommandLine) -> None:
    record = told("report", GOOD, "--json").record

    assert record["skip_rate"] == record["skipped"] / record["ticks"]
    assert record["failure_rate"] == 0
    assert record["dedup_rate"] == record["repeated"] / (record["requested"] + record["repeated"])


@pytest.mark.parametrize("last", [(), ("--last", "5m")], ids=["all", "some"])
def test_quantiles_of_durations_are_those_of_the_ticks_to_about_one_percent(
    told: CommandLine, last: tuple[str, ...]
) -> None:
    """All ticks take 0.25 s but for the last one, which takes 2.5 s."""
    record = told("report", GOOD, "--json", "--as-of", told.head(), *last).record

    assert record["p50"] == pytest.approx(0.25, rel=BUCKET - 1)
    assert record["p99"] == pytest.approx(2.5, rel=BUCKET - 1)


def test_silences_come_with_their_reasons(told: CommandLine) -> None:
    """Seen to fail when the gaps were not limited to the sensor."""
    record = told("report", BAD, "--json", "--as-of", told.head()).record

    assert record["gap_count"] == 3
    assert sorted((gap["stopped_by"] or "", gap["engine_down"]) for gap in record["gaps"]) == [
        ("", False),
        ("", True),
        ("<b>ann</b>", False),
    ]
    assert all(600 < gap["seconds"] < 620 and gap["missed"] == 19 for gap in record["gaps"])
    out = told("report", BAD, "--as-of", told.head()).out
    for why in (
        "unexplained; 19 ticks missed",
        "stopped by <b>ann</b>",
        "no engine ran",
        "longest of 3 silences",
    ):
        assert why in out


def test_each_sensor_has_its_own_longest_silences(ticktrail: CommandLine) -> None:
    """Seen to fail when the silences of all sensors were ranked together."""
    story, names = Story(), [f"s{number}" for number in range(15)]
    for name in names:
        story.define(name)
    for _ in range(2):
        for name in names:
            story.end_tick(story.start_tick(name))
        story.begin += 600_000_000
    ticktrail.tell(story)

    records = ticktrail("report", "--json", "--as-of", ticktrail.head()).records

    assert {each["sensor"]: len(each["gaps"]) for each in records} == dict.fromkeys(names, 1)


def test_the_commonest_errors_and_skip_reasons_are_counted(told: CommandLine) -> None:
    record = told("report", BAD, "--json").record

    assert record["errors"] == [{"text": "ValueError: <img src=http://localhost/#>", "ticks": 24}]
    assert record["skip_reasons"] == [{"text": "<i>no</i> file", "ticks": 6}]


def test_reasons_that_differ_in_numbers_and_ids_are_one_and_others_are_told_as_they_are(
    ticktrail: CommandLine,
) -> None:
    story = Story()
    for number in range(3):
        run = f"0f8fad5b-d9cb-469f-a165-7086728{number}950e"
        for reason in (f"run {run} goes on for {number} s", "waiting for 3 files"):
            story.end_tick(story.start_tick("s"), reason=reason)
    story.end_tick(story.start_tick("s"))
    ticktrail.tell(story)

    assert ticktrail("report", "s", "--json").record["skip_reasons"] == [
        {"text": "run # goes on for # s", "ticks": 3},
        {"text": "waiting for 3 files", "ticks": 3},
        {"text": "no reason given", "ticks": 1},
    ]


def test_the_time_to_detect_is_told_where_it_is_known(told: CommandLine) -> None:
    records = {each["sensor"]: each for each in told("report", "--json").records}

    assert records[GOOD]["detection"] == {"runs": 1, "p50": pytest.approx(4), "p95": pytest.approx(4)}
    assert records[BAD]["detection"] is None
    assert "time to detect  4.00 s" in told("report", GOOD).out


def test_the_cursor_is_told_with_its_age_and_who_set_it(told: CommandLine) -> None:
    record = told("report", GOOD, "--json", "--as-of", told.head()).record

    assert record["cursor"]["changed_by"] == f"tick {record['cursor']['cursor']}"
    assert 0 < record["cursor"]["seconds"] < 60


def test_last_leaves_out_what_was_before(told: CommandLine) -> None:
    head = told.head()
    since = "(SELECT moment FROM as_of) - INTERVAL 5 MINUTE"
    asked = f"SELECT sensor, count(*) AS ticks FROM ticks WHERE started_at >= {since} GROUP BY sensor"
    expected = {
        each["sensor"]: each["ticks"] for each in told("query", "--json", asked, "--as-of", head).records
    }

    records = told("report", "--json", "--last", "5m", "--as-of", head).records

    assert {each["sensor"]: each["ticks"] for each in records} == {**expected, IDLE: 0}
    assert expected[BAD] == 10
    # The one that ended in that time.
    assert {each["sensor"]: each["gap_count"] for each in records} == {BAD: 1, GOOD: 1, IDLE: 0}


def test_as_of_tells_how_they_fared_then(told: CommandLine) -> None:
    records = {each["sensor"]: each for each in told("report", "--json", "--as-of", 20).records}
    asked = "SELECT count(*) AS ticks FROM ticks WHERE sensor = 'good' AND end_offset IS NOT NULL"

    assert records[GOOD]["ticks"] == told("query", "--json", asked, "--as-of", 20).record["ticks"]
    assert 0 < records[GOOD]["ticks"] < 6


def test_the_worst_sensor_comes_first_and_those_without_ticks_are_there(told: CommandLine) -> None:
    assert [each["sensor"] for each in told("report", "--json").records] == [BAD, GOOD, IDLE]


def test_the_terminal_shows_a_table_and_lines_over_time(told: CommandLine) -> None:
    out = told("report").out

    head, ticks, failed, requests, _, _, names, bad, good, idle, *_ = out.splitlines()
    assert head.startswith("3 sensors, 61 ticks from 2026-01-01 00:00 to 2026-01-01 00:3")
    assert [line.split()[0] for line in (ticks, failed, requests)] == ["ticks", "failed", "requests"]
    assert [line.split()[-1] for line in (ticks, failed, requests)] == ["61", "24", "27"]
    assert "█" in ticks and "▁" not in failed.split()[0]
    assert names.split()[:4] == ["SENSOR", "LAST", "TICKS", "FAILED"]
    assert bad.split()[0].startswith("<script>") and "FAILURE" in bad and "80 %" in bad
    assert good.split()[:4] == ["good", "SUCCESS", "31", "0"]
    assert idle.split()[:3] == ["idle", "-", "0"]
    assert "       24  ValueError: <img src=http://localhost/#>" in out


def test_an_unknown_sensor_is_refused_with_those_there_are(told: CommandLine) -> None:
    result = told("report", "goods")

    assert result.code == 1
    assert "there is no sensor 'goods': did you mean good?" in result.err


def test_without_ticks_there_is_a_report_all_the_same(ticktrail: CommandLine, tmp_path: Path) -> None:
    ticktrail.tell(Story())
    empty = ticktrail("report", "--html", tmp_path / "empty.html")
    story = Story()
    story.define("idle")
    ticktrail.tell(story)
    idle = ticktrail("report", "--html", tmp_path / "idle.html")

    assert (empty.code, idle.code) == (0, 0)
    assert empty.out == "0 sensors, no ticks ended in this time (as of position 0).\n"
    assert "1 sensor, no ticks ended in this time (as of position 1)." in idle.out
    assert "idle" in (tmp_path / "idle.html").read_text()


def test_a_page_that_cannot_be_written_is_one_line(told: CommandLine, tmp_path: Path) -> None:
    result = told("report", "--html", tmp_path / "no" / "page.html")

    assert result.code == 1
    assert result.err == f"ticktrail: {tmp_path}/no/page.html cannot be written: No such file or directory\n"


def test_a_page_of_many_sensors_stays_small_and_says_what_it_leaves_out(
    ticktrail: CommandLine, tmp_path: Path
) -> None:
    story, page = Story(), tmp_path / "page.html"
    names = [f"sensor_{number}_{'x' * 60}" for number in range(SHOWN + 20)]
    for turn in range(8):
        for number, name in enumerate(names):
            tick = story.start_tick(name)
            if (turn + number) % 3:
                story.end_tick(tick, *([f"{tick}"] if turn % 2 else []))
            else:
                story.fail_tick(tick, f"ValueError: {number}")
    ticktrail.tell(story)

    ticktrail("report", "--html", page)

    text = page.read_text()
    assert len(text) < 500_000
    assert text.count('<svg class="strip"') == SHOWN
    assert "20 more sensors fare better" in text


def test_of_very_many_sensors_only_the_worst_are_told_one_by_one(
    ticktrail: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticktrail.tell(LongHistory(seed=11).tell(4_000))
    before = ticktrail("report", "--json", "--as-of", ticktrail.head())
    lines = ticktrail("report", "--as-of", ticktrail.head()).out.split("sensors, the worst first")

    monkeypatch.setattr(health_queries, "WORST", 2)
    after = ticktrail("report", "--json", "--as-of", ticktrail.head())
    fewer = ticktrail("report", "--as-of", ticktrail.head())

    assert len(before.records) > 3
    assert after.records == before.records[:2]
    assert f"{len(before.records) - 2} more sensors fare better" in after.err
    assert f"{len(before.records) - 2} more sensors fare better" in fewer.err
    heading, rest = fewer.out.split("sensors, the worst first")
    assert heading == lines[0]
    assert rest.split("\n\n")[1:] == lines[1].split("\n\n")[1:]


def test_a_line_over_time_shows_what_is_there_at_all() -> None:
    assert sparkline([0, 1, 500, 1000]) == " ▁▄█"
    assert sparkline([0, 0]) == "  "
    assert sparkline([]) == ""
    assert summed([1, 2, 3, 4, 5, 6], 3) == [3, 7, 11]

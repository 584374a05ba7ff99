"""The pages that commands write, in a real browser: what they show, and that they need nothing but themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from fared import BAD, GOOD, fared
from harness.browser import Browser, browser_command, browsing
from story import Story

#: What is wrong with the plots of a page: those without an extent, and those that show nothing.
_PLOTS = """
[...document.querySelectorAll('svg')].map(svg => {
    const box = svg.getBoundingClientRect();
    const shown = [...svg.querySelectorAll('path')].map(path => path.getBBox()).filter(b => b.width + b.height > 0);
    return [svg.getAttribute('aria-label'), box.width, box.height, shown.length];
})
"""

_FACTS = "Object.fromEntries([...document.querySelectorAll('.facts div')].map(d => [...d.children].map(c => c.textContent)))"

_TABLE = """
(() => {
    const table = document.querySelector('table[aria-label=Sensors]');
    const names = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
    return [...table.tBodies[0].rows].map(row =>
        Object.fromEntries([...row.cells].map((cell, place) => [names[place], cell.textContent])));
})()
"""

#: Width of the window, and whether it is dark.
WINDOWS = [(1280, False), (1280, True), (420, False), (420, True)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if browser_command() is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium to test with: apt-get install chromium-headless-shell")
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def assert_sound(browser: Browser, page: Path, plots: int) -> None:
    """Check a page in every window: nothing asked for, nothing complained of, all plots seen, nothing cut."""
    for width, dark in WINDOWS:
        browser.open(page, width=width, dark=dark)
        assert browser.requests == [page.as_uri()]
        assert browser.complaints == []
        shown = browser.value(_PLOTS)
        assert len(shown) == plots
        assert [plot for plot in shown if not (plot[1] > 50 and plot[2] > 10)] == []
        assert [plot for plot in shown if not plot[3] and plot[0] != "Outcomes over time"] == []
        assert browser.value("document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.value("document.scripts.length") == 0


def test_a_page_that_asks_the_network_or_complains_is_noticed(browser: Browser, page: Path) -> None:
    page.write_text(
        "<img src='http://localhost:9/x.png'><script>console.error('oh'); throw new Error('no')</script>"
    )

    browser.open(page)

    assert browser.requests == [page.as_uri(), "http://localhost:9/x.png"]
    assert len([text for text in browser.complaints if "oh" in text or "no" in text]) >= 2


def test_the_report_needs_nothing_but_itself_and_shows_its_plots_in_every_window(
    ticktrail: CommandLine, browser: Browser, page: Path
) -> None:
    """Seen to fail on a plot without height, a table that was not scrolled, and a sensor's name that was no text."""
    ticktrail.tell(fared())

    ticktrail("report", "--html", page)

    assert_sound(browser, page, plots=4 + 3)


def test_the_report_of_one_sensor_does_so_too(ticktrail: CommandLine, browser: Browser, page: Path) -> None:
    ticktrail.tell(fared())

    ticktrail("report", GOOD, "--html", page)

    assert_sound(browser, page, plots=4)
    assert browser.value("document.querySelector('h1').textContent") == f"Health of {GOOD}"


def test_the_numbers_on_the_page_are_those_of_the_history(
    ticktrail: CommandLine, browser: Browser, page: Path
) -> None:
    """Seen to fail when repeats were counted with the requests."""
    ticktrail.tell(fared())
    sums = (
        "count(*) AS ticks, sum(t.requested) AS requested, sum(t.repeated) AS repeated, "
        "printf('%.4g %%', 100 * avg(CAST(status = 'FAILURE' AS INT))) AS failed FROM ticks t"
    )
    (whole,) = ticktrail("query", "--json", f"SELECT {sums}").records
    each = ticktrail("query", "--json", f"SELECT sensor, {sums} GROUP BY sensor").records

    ticktrail("report", "--html", page)
    browser.open(page)

    assert _chosen(browser.value(_FACTS), whole) == _texts(whole)
    rows = {row["sensor"]: row for row in browser.value(_TABLE)}
    assert {row["sensor"]: _texts(row) for row in each} == {
        name: _chosen(rows[name], each[0]) for name in (BAD, GOOD)
    }


def _chosen(told: dict[str, str], like: dict[str, Any]) -> dict[str, str]:
    return {name: told[name] for name in like}


def _texts(row: dict[str, Any]) -> dict[str, str]:
    texts = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in row.items()}
    return texts | {"failed": f"{float(texts['failed'].rstrip(' %')):.1f} %".replace(".0 %", " %")}


def test_bars_are_as_high_as_the_counts_are(ticktrail: CommandLine, browser: Browser, page: Path) -> None:
    """One tick in the first part of the span, two in the last: half as high, and as high as the plot."""
    story = Story()
    for ticks in (1, 2):
        for _ in range(ticks):
            story.end_tick(story.start_tick("s"))
        story.begin += 86_400_000_000
    ticktrail.tell(story)

    ticktrail("report", "--html", page)
    browser.open(page)

    plot = "document.querySelector('svg[aria-label=\"Ticks over time\"]')"
    # The path is of both bars; the higher one gives its height.
    assert (
        browser.value(f"Math.max(...[...{plot}.querySelectorAll('path')].map(p => p.getBBox().height))")
        == 100
    )
    assert "M0.06 100.00h.88v-50.00h" in page.read_text()


def test_a_hostile_name_is_text(ticktrail: CommandLine, browser: Browser, page: Path) -> None:
    ticktrail.tell(fared())

    ticktrail("report", BAD, "--html", page)

    assert_sound(browser, page, plots=3)
    assert browser.value("document.querySelector('h1').textContent") == f"Health of {BAD}"
    assert browser.value("document.title") == f"Health of {BAD}"
    assert browser.value("document.querySelectorAll('img, b, i').length") == 0


def test_a_report_without_ticks_says_so(ticktrail: CommandLine, browser: Browser, page: Path) -> None:
    ticktrail.tell(Story())

    ticktrail("report", "--html", page)

    assert_sound(browser, page, plots=0)
    assert "no ticks ended in this time" in browser.value("document.body.innerText")


def test_pages_are_dark_where_people_want_them_so(
    ticktrail: CommandLine, browser: Browser, page: Path
) -> None:
    ticktrail.tell(fared())
    ticktrail("report", "--html", page)
    colour = "getComputedStyle(document.body).backgroundColor"

    browser.open(page)
    light = browser.value(colour)
    browser.open(page, dark=True)

    assert (light, browser.value(colour)) == ("rgb(255, 255, 255)", "rgb(19, 22, 27)")


def test_the_page_of_a_backtest_needs_nothing_but_itself_and_shows_its_plots_in_every_window(
    recorded: CommandLine, listing_py: Path, browser: Browser, page: Path
) -> None:
    changed = listing_py.with_name("changed.py")
    changed.write_text(listing_py.read_text().replace("run_key=name,", 'run_key=f"<img src=x>{name}",'))

    recorded("backtest", "files", "--html", page, "--code", changed)

    assert_sound(browser, page, plots=2)
    assert "3 run requests before, 3 after; 3 added, 3 removed" in browser.value("document.body.innerText")
    keys = browser.value("[...document.querySelectorAll('code')].map(code => code.textContent)")
    assert keys == [
        *("<img src=x>0.csv", "0.csv", "<img src=x>1.csv", "1.csv", "<img src=x>2.csv", "2.csv"),
    ]

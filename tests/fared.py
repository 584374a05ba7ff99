"""A story of sensors that fare well and badly: silences for every reason, failures, repeats, sources' times."""

from __future__ import annotations

from story import Story
from ticktrail.core.events import EngineStarted, RunRequested, SensorStarted, SensorStopped, TickCompleted

#: A name that would do harm on a page that took it for more than text.
HOSTILE = "<script>document.title='gone'</script>&\"'"

GOOD, BAD, IDLE = "good", HOSTILE, "idle"

_MINUTE = 60_000_000


def fared() -> Story:
    """Tell of a sensor that is well, one that fails, and one that never ticked.

    Of the bad one, there is a silence of ten minutes for each reason: one unexplained, one in which it was stopped,
    one without an engine. All have an interval of 30 seconds.
    """
    story = Story()
    for sensor in (GOOD, BAD, IDLE):
        story.define(sensor)
    _turns(story, 10)
    _pause(story)
    _turns(story, 5)
    story.add(SensorStopped(at=story.at, sensor=BAD, actor="<b>ann</b>", reason="rest"))
    _pause(story)
    story.add(SensorStarted(at=story.at, sensor=BAD, actor="<b>ann</b>"))
    _turns(story, 5)
    _pause(story)
    story.add(EngineStarted(at=story.at, engine="engine-2", where="host", release="0.1.0"))
    _turns(story, 10)
    _detected(story)
    return story


def _turns(story: Story, count: int) -> None:
    for turn in range(count):
        good = story.start_tick(GOOD)
        story.end_tick(good, *["a", f"key-{good}"][: turn % 3], reason="nothing new", cursor=str(good))
        bad = story.start_tick(BAD)
        if turn % 5:
            story.fail_tick(bad, f"ValueError: <img src=http://localhost/{turn % 2}>")
        else:
            story.end_tick(bad, reason="<i>no</i> file")


def _pause(story: Story) -> None:
    story.begin += 10 * _MINUTE


def _detected(story: Story) -> None:
    """Add a run that was asked for four seconds after its source's time."""
    tick = story.start_tick(GOOD)
    at = story.at
    tags = {"ticktrail/source_time": str(at / 1e6 - 4)}
    story.add(
        RunRequested(at=at, run="late", job="j", tick=tick, sensor=GOOD, given_tags=tags),
        TickCompleted(at=at, tick=tick, sensor=GOOD, duration=2.5, requested=1),
    )

"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey
from ..core.run_keys import RunKeyOwners, run_key_digests
from .fold import chosen, unseen


class RunKeys:
    """Keeps in an index which `RunRequested` owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        wanted: The types of event that change it; of a request, its key is enough.
        index: The index; what it holds after `apply` is not saved yet.
    """

    wanted = frozenset((RunRequested, RequestedKey, RunKeysReleased))

    def __init__(self, index: RunKeyOwners) -> None:
        self.index = index
        # Since the last events, by sensor: what is claimed next was looked up before, mostly.
        self._looked_up: dict[str, Iterator[tuple[str, bytes]]] = {}

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        if not run_keys:
            return ()
        digests = run_key_digests(sensor, run_keys)
        self._looked_up[sensor] = zip(run_keys, digests, strict=True)
        return self.index.owners(digests)

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over.

        The claims of one call reach the index in one batch, a release after the claims that came before it.
        """
        news = unseen(self.checkpoint, first_offset, events)
        end = self.checkpoint + len(news)
        requests = chosen(self.checkpoint, news, self.wanted)
        for stretch, released in _stretches(requests):
            self._claim(
                [(offset, event) for offset, event in stretch if event.run_key and event.sensor is not None]
            )
            if released is not None:
                self.index.release(run_key_digests(released.sensor, released.run_keys))
        self.index.advance(end)
        self._looked_up.clear()

    def _claim(self, keyed: list[tuple[int, Any]]) -> None:
        if not keyed:
            return
        digests: list[bytes] = []
        for sensor, group in groupby(keyed, _sensor):
            digests += self._digests(sensor, [event.run_key for _, event in group])
        self.index.claim(digests, [offset for offset, _ in keyed])

    def _digests(self, sensor: str, keys: list[str]) -> list[bytes]:
        looked_up = self._looked_up.get(sensor, iter(()))
        digests = []
        for key in keys:
            for seen, digest in looked_up:
                if seen == key:
                    digests.append(digest)
                    break
            else:
                return run_key_digests(sensor, keys)
        return digests


def _sensor(place: tuple[int, Any]) -> str:
    sensor: str = place[1].sensor
    return sensor


def _stretches(
    chosen_events: list[tuple[int, Any]],
) -> Iterator[tuple[list[tuple[int, Any]], RunKeysReleased | None]]:
    """Yield the requests up to each release, and that release; None for the last ones."""
    begin = 0
    releases = [place for place, (_, event) in enumerate(chosen_events) if type(event) is RunKeysReleased]
    for place in releases:
        yield chosen_events[begin:place], chosen_events[place][1]
        begin = place + 1
    yield chosen_events[begin:], None

"""What the core may not make itself, for the calls that have nobody to hand it in: time, ids, chance, environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .clock import Clock
from .cron import Cron
from .errors import TickTrailError

if TYPE_CHECKING:
    from .events import RunStarted
    from .instance import Instance


@dataclass(frozen=True, slots=True)
class Host:
    """The surroundings of in-process runs, of resources and of schedules.

    Attributes:
        clock: The time.
        new_id: Returns a new, unique run id.
        sleep: Waits for some seconds.
        chance: Returns a random number from 0 up to 1.
        environment: Returns what an environment variable holds, None if it is not set.
        new_instance: Returns an instance over a new, empty log that is gone with the process.
        run_started: Says that this process runs a run, by its id and the offset of its request.
        cron: Reads cron expressions.
    """

    clock: Clock
    new_id: Callable[[], str]
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    environment: Callable[[str], str | None]
    new_instance: Callable[[], Instance]
    run_started: Callable[[str, int], RunStarted]
    cron: Cron


class _Place:
    host: Host | None = None


def set_host(
    clock: Clock,
    new_id: Callable[[], str],
    sleep: Callable[[float], None],
    chance: Callable[[], float],
    environment: Callable[[str], str | None],
    new_instance: Callable[[], Instance],
    run_started: Callable[[str, int], RunStarted],
    cron: Cron,
) -> None:
    """Set the surroundings of runs in process, resources and schedules; the package does when imported."""
    _Place.host = Host(clock, new_id, sleep, chance, environment, new_instance, run_started, cron)


def host() -> Host:
    """Return the surroundings.

    Raises:
        TickTrailError: `set_host` was never called.
    """
    if _Place.host is None:
        raise TickTrailError(
            "there is no clock for runs in process: `import ticktrail` first, or call set_host"
        )
    return _Place.host

"""What commands that put code on the ticks of the past have in common."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

from cyclopts import Parameter

from ...core.log import EventLog
from ..progress import read_with_progress
from .operator import UnknownName
from .options import Common
from .reading import opened
from .text import UsageError

if TYPE_CHECKING:
    from ...core.authoring.sensor_definition import SensorDefinition
    from ...core.replay import PastTick
    from ..definitions_file import LoadedDefinitions
    from ..home import DefinitionsSource

T = TypeVar("T")

#: The option of commands that take a slice in place of a home.
Slice = Annotated[
    Path | None,
    Parameter(name="--slice", help="The past of a file that `ticktrail slice` wrote, in place of a home."),
]


class Past(NamedTuple):
    """The ticks that a command goes through.

    Attributes:
        log: What has them.
        remembered: Where the definitions are, None if nobody knows.
        reopened: Opens the log once more, in another process.
    """

    log: EventLog
    remembered: DefinitionsSource | None
    reopened: Callable[[], contextlib.AbstractContextManager[EventLog]]


@contextlib.contextmanager
def opened_past(common: Common, slice_file: Path | None) -> Iterator[Past]:
    """Open the home's log, or a slice, for the length of the block; the code of a slice is a file meanwhile."""
    from ..home import DefinitionsSource
    from ..slices import SliceLog
    from ..tape import secrets

    if slice_file is None:
        home = common.open()
        secrets.use(home.tape_settings().secrets)
        with opened(home) as log:
            yield Past(log, home.definitions, partial(opened, home))
        return
    sliced = SliceLog(slice_file)
    with tempfile.TemporaryDirectory(prefix="ticktrail-slice-") as folder:
        code = Path(folder, "definitions.py")
        if sliced.info.code is not None:
            code.write_text(sliced.info.code, encoding="utf-8")
        remembered = None if sliced.info.code is None else DefinitionsSource(file=str(code))
        yield Past(sliced, remembered, lambda: contextlib.nullcontext(sliced))


@contextlib.contextmanager
def other_code(named: str, remembered: DefinitionsSource | None) -> Iterator[LoadedDefinitions]:
    """Load other definitions, ready to be put under tapes; raises as `code_at` does."""
    from ..code_at import code_at
    from ..tape import install

    install()
    with contextlib.ExitStack() as opened:
        yield quietly(lambda: opened.enter_context(code_at(named, remembered)))


def sensor_of(loaded: LoadedDefinitions, name: str) -> SensorDefinition:
    """Return the sensor of that name.

    Raises:
        UnknownName: The definitions have none.
    """
    if name not in loaded.sensors:
        raise UnknownName("sensor", name, list(loaded.sensors))
    return loaded.sensors[name]


def chosen_sensors(loaded: LoadedDefinitions, names: Sequence[str], every: bool) -> list[str]:
    """Return the sensors that are named, or all whose ticks are recorded.

    Raises:
        UsageError: Some are named and all are meant, or neither.
        UnknownName: The definitions do not have one.
    """
    if bool(names) == every:
        raise UsageError("give the name of a sensor, or --all")
    if every:
        return [name for name, sensor in loaded.sensors.items() if sensor.record]
    return [sensor_of(loaded, name).name for name in dict.fromkeys(names)]


def past_ticks(log: EventLog, name: str, *, doing: str) -> Iterator[PastTick]:
    """Yield the ticks of a sensor as they end, with a bar where somebody waits."""
    from ...projections import past_ticks as past

    frames = read_with_progress(log, doing=doing, wanted=past.WANTED)
    return past.past_ticks(log, name, frames)


def quietly(work: Callable[[], T]) -> T:
    """Do work that calls the user's code: what that prints is no result, and goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        return work()

"""What commands that put code on the ticks of the past have in common."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar, get_args

from cyclopts import Parameter

from ...core.events import AnyEvent
from ...core.log import EventLog
from ..progress import read_with_progress
from .operator import UnknownName
from .options import Common
from .reading import opened

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
    """

    log: EventLog
    remembered: DefinitionsSource | None


@contextlib.contextmanager
def opened_past(common: Common, slice_file: Path | None) -> Iterator[Past]:
    """Open the home's log, or a slice, for the length of the block; the code of a slice is a file meanwhile."""
    from ..home import DefinitionsSource
    from ..slices import SliceLog

    if slice_file is None:
        home = common.open()
        with opened(home) as log:
            yield Past(log, home.definitions)
        return
    sliced = SliceLog(slice_file)
    with tempfile.TemporaryDirectory(prefix="ticktrail-slice-") as folder:
        code = Path(folder, "definitions.py")
        if sliced.info.code is not None:
            code.write_text(sliced.info.code, encoding="utf-8")
        yield Past(sliced, None if sliced.info.code is None else DefinitionsSource(file=str(code)))


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


def past_ticks(log: EventLog, name: str, *, doing: str) -> Iterator[PastTick]:
    """Yield the ticks of a sensor as they end, with a bar where somebody waits."""
    from ...projections.past_ticks import PastTicks

    def read(offset: int) -> AnyEvent:
        return next(log.read(offset, offset + 1)).events[0]

    frames = read_with_progress(log, doing=doing, wanted=frozenset(get_args(AnyEvent)))
    return PastTicks(name, read).of(frames)


def quietly(work: Callable[[], T]) -> T:
    """Do work that calls the user's code: what that prints is no result, and goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        return work()

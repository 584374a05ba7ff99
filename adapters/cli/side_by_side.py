"""The pasts of several sensors at once, in a process each; what comes of them is told in the order of their names."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

from ...core.errors import TickTrailError
from ...core.log import Frame
from ..cyclic_gc import without_cyclic_gc
from ..progress import events_bar
from .past_code import Past, past_ticks

if TYPE_CHECKING:
    from ...core.replay import PastTick

T = TypeVar("T")

#: What is done with the ticks of a sensor; in another process what it returns is sent as a pickle.
Work = Callable[[str, Iterator["PastTick"]], T]

#: Seconds between two looks at how far the processes are.
_LOOK = 0.2


class _Running(NamedTuple):
    """A process that works on one sensor.

    Attributes:
        answer: Where its result comes from.
        output: What it has written to standard output.
    """

    process: BaseProcess
    answer: Connection
    output: IO[str]


def side_by_side(past: Past, names: Sequence[str], work: Work[T], *, doing: str) -> Iterator[tuple[str, T]]:
    """Yield, for each sensor in order, what *work* returns for it and its past, once it has written what it writes.

    Several sensors are worked on by as many processes as there are processors; one is worked on here.

    Args:
        doing: What *work* does, for people.

    Raises:
        TickTrailError: What *work* raised, or its process ended before it.
    """
    at_once = min(len(names), _processors())
    if at_once < 2:
        for name in names:
            yield name, work(name, past_ticks(past.log, name, doing=f"{doing} {name}"))
        return
    seen = multiprocessing.RawArray("q", len(names))
    with contextlib.ExitStack() as cleanup:
        processes = {name: _begun(past, name, work, seen, place) for place, name in enumerate(names)}
        total = past.log.head() * len(names)
        with events_bar(f"{doing} {len(names)} sensors", total, alone=True) as show:
            ended = _all(processes, cleanup, at_once, lambda: show(sum(seen)))
        for name in names:
            yield name, _result(name, *ended[name])


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _all(
    processes: Mapping[str, contextlib.AbstractContextManager[_Running]],
    cleanup: contextlib.ExitStack,
    at_once: int,
    look: Callable[[], None],
) -> dict[str, tuple[_Running, Any]]:
    """Let all processes come to their ends, some at once; return each with its answer, None if there is none."""
    left, running = deque(processes), dict[Connection, tuple[str, _Running]]()
    ended = dict[str, tuple[_Running, Any]]()
    while left or running:
        while left and len(running) < at_once:
            name = left.popleft()
            one = cleanup.enter_context(processes[name])
            running[one.answer] = name, one
        for answer in wait(list(running), _LOOK):
            assert isinstance(answer, Connection)
            name, one = running.pop(answer)
            ended[name] = one, _received(answer)
            one.process.join()
        look()
    return ended


def _received(answer: Connection) -> Any:
    try:
        return answer.recv()
    except EOFError:
        return None


def _result(name: str, one: _Running, answer: Any) -> Any:
    if answer is None:
        raise TickTrailError(
            f"the process for sensor {name!r} ended with code {one.process.exitcode} before it was done: "
            "try that sensor alone"
        )
    result, problem = answer
    one.output.seek(0)
    for line in one.output:
        sys.stdout.write(line)
    if problem is not None:
        raise TickTrailError(problem)
    return result


@contextlib.contextmanager
def _begun(
    past: Past, name: str, work: Work[Any], seen: MutableSequence[int], place: int
) -> Iterator[_Running]:
    # The code is loaded, and under tapes: a fork has all of that.
    forking = multiprocessing.get_context("fork")
    answer, answering = forking.Pipe(duplex=False)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = forking.Process(
            target=_work, args=(past, name, work, seen, place, answering, output), daemon=True
        )
        for file in (sys.stdout, sys.stderr):
            file.flush()
        process.start()
        answering.close()
        try:
            yield _Running(process, answer, output)
        finally:
            process.terminate()
            process.join()
            answer.close()


def _work(
    past: Past,
    name: str,
    work: Work[Any],
    seen: MutableSequence[int],
    place: int,
    answering: Connection,
    output: IO[str],
) -> None:
    """Do the work in a process of its own, which the one that began it ends when it is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from ...projections import past_ticks as ticks

    def watched(frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            seen[place] = frame.next_offset
            yield frame

    result = problem = None
    with contextlib.redirect_stdout(output), past.reopened() as log, without_cyclic_gc():
        try:
            result = work(name, ticks.past_ticks(log, name, watched(log.read(wanted=ticks.WANTED))))
        except TickTrailError as error:
            problem = str(error)
    output.flush()
    answering.send((result, problem))

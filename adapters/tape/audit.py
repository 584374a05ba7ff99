"""What Python tells auditors of: reads that are not recorded are named, and no tape is played on the outside world."""

from __future__ import annotations

import sys
import sysconfig
import zoneinfo
from typing import Any

from ...core.tape import NotOnTape, Player, playing, reading

#: Events of the outside world, with the place of what they are about in their arguments.
_OUTSIDE = {
    "open": 0,
    "os.listdir": 0,
    "os.scandir": 0,
    "os.getxattr": 0,
    "os.listxattr": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.posix_spawn": 0,
    "os.fork": None,
    "subprocess.Popen": 1,
    "socket.connect": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.sendto": 1,
    "sqlite3.connect": 0,
    "_thread.start_new_thread": 0,
}

#: Those by which others are set to work.
_PROCESSES = frozenset(("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"))

#: Events by which the outside world is changed: a tick may, a tape that is played may not.
_EFFECTS = frozenset(
    (
        "os.chmod", "os.chown", "os.link", "os.mkdir", "os.putenv", "os.remove", "os.rename", "os.rmdir",
        "os.symlink", "os.truncate", "os.unsetenv", "os.utime", "os.kill", "shutil.rmtree", "shutil.move",
        "shutil.copyfile",
    )
)  # fmt: skip

#: Where code is read from, which is no read of the outside world: its digest tells what it was.
CODE = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")} | {sys.prefix})
_TIME_ZONES = zoneinfo.TZPATH
_CODE_ENDS = (".py", ".pyc", ".so")

#: Where Python keeps what it compiles.
_PYTHONS_OWN = "__pycache__"


def install() -> None:
    """Listen, for as long as the process lives."""
    sys.addaudithook(_heed)


def _heed(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _OUTSIDE and event not in _EFFECTS:
        return
    if event in _EFFECTS or (event == "open" and _writes(arguments)):
        _refuse(event, arguments)
        return
    current = reading()
    if current is None or current.inside or _is_import(event, arguments):
        return
    subject = _subject(event, arguments)
    current.miss(f"{event} {subject}".rstrip())
    if current.replays or (event in _PROCESSES and isinstance(current, Player)):
        raise _refused(event, subject)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a change of the outside world while a tape is played, also by what is done to answer a read now."""
    player, subject = playing(), _subject(event, arguments)
    if player is None or _PYTHONS_OWN in subject:
        return
    player.miss(f"{event} {subject}".rstrip())
    raise _refused(event, subject)


def _refused(event: str, subject: str) -> NotOnTape:
    return NotOnTape(f"{event} {subject}: nothing goes out while a tape is played")


def _subject(event: str, arguments: tuple[Any, ...]) -> str:
    """Return what an event is about."""
    place = _OUTSIDE.get(event, 0)
    about = arguments[place] if place is not None and place < len(arguments) else ""
    text = getattr(about, "__qualname__", None) or str(about)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode = arguments[1] if len(arguments) > 1 else None
    return isinstance(mode, str) and bool(set(mode) & set("wax+"))


def _is_import(event: str, arguments: tuple[Any, ...]) -> bool:
    """Return whether Python looks for a module, or reads it, or a time zone."""
    if event not in ("open", "os.listdir") or not isinstance(path := arguments[0], str):
        return False
    if event == "os.listdir":
        return path in sys.path_importer_cache
    # What is compiled without a file has such a name.
    return path.endswith(_CODE_ENDS) or path.startswith((*CODE, *_TIME_ZONES, "<"))

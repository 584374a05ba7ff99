"""Files and folders: listings, stats, links, and the contents of files that are opened for reading."""

from __future__ import annotations

import builtins
import glob
import io
import os
import stat as stat_module
from collections.abc import Callable, Iterator
from itertools import repeat
from operator import attrgetter
from typing import Any, Self

from ...core.tape import reading
from ...core.tape.recorder import Recorder, described

_listdir, _scandir, _stat, _lstat = os.listdir, os.scandir, os.stat, os.lstat
_access, _readlink, _getcwd, _open = os.access, os.readlink, os.getcwd, io.open

#: What is kept of a stat; the times in seconds follow from those in nanoseconds.
_KEPT = [
    name
    for name in (
        "st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime_ns", "st_mtime_ns",
        "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev",
    )
    if hasattr(os.stat_result, name)
]  # fmt: skip
_kept_of = attrgetter(*_KEPT)
_TIMES = ("st_atime", "st_mtime", "st_ctime")


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    for replacement in (listdir, scandir, stat, lstat, access, readlink, getcwd):
        yield os, replacement.__name__, replacement
    # They are one function under two names.
    yield io, "open", open_
    yield builtins, "open", open_
    # Newer releases of Python keep the functions in a class.
    for name in ("_Globber", "_StringGlobber"):
        if "scandir" in vars(getattr(glob, name, object)):
            yield getattr(glob, name), "scandir", staticmethod(scandir)


def _path(path: Any) -> str | None:
    """Return the path as text; None for a descriptor, or bytes, which are not recorded."""
    if type(path) is str:
        return path
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    return path if isinstance(path, str) else None


def _miss(what: str, subject: Any) -> None:
    if (current := reading()) is not None:
        current.miss(f"{what} {subject!r}")


def listdir(path: Any = ".") -> Any:
    """Do as `os.listdir`."""
    current = reading()
    if current is None:
        return _listdir(path)
    text = _path("." if path is None else path)
    if text is None:
        _miss("listdir", path)
        return _listdir(path)
    return current.observe("files", "listdir", text, lambda: _listdir(path), list, list)


def stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    """Do as `os.stat`."""
    current = reading()
    if current is None:
        return _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    text = path if type(path) is str else _path(path)
    if text is None or dir_fd is not None:
        _miss("stat", path)
        return _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    what = "stat" if follow_symlinks else "lstat"
    if not isinstance(current, Recorder):
        played: os.stat_result = current.observe(
            "files", what, text, lambda: _stat(path), _kept_of, _stat_result
        )
        return played
    # Without the detour of `observe`: a sensor may ask for those of ten thousand files.
    try:
        result = _stat(text, follow_symlinks=follow_symlinks)
    except OSError as error:
        current.record("files", what, text, None, described(error))
        raise
    current.rows("files").append((what, text, _kept_of(result)))
    return result


def lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
    """Do as `os.lstat`."""
    return stat(path, dir_fd=dir_fd, follow_symlinks=False)


def _stat_result(values: Any) -> os.stat_result:
    named: dict[str, Any] = dict(zip(_KEPT, values, strict=True))
    seconds = list[int]()
    for name in _TIMES:
        whole, rest = divmod(named[f"{name}_ns"], 10**9)
        seconds.append(whole)
        # As CPython does it, to the last bit: cursors are made of it.
        named[name] = whole + 1e-9 * rest
    # The first ten have no names here, some releases of Python refuse them.
    more = {name: value for name, value in named.items() if name not in _KEPT[:7]}
    result: os.stat_result = os.stat_result((*values[:7], *seconds), more)
    return result


def access(path: Any, mode: int, **more: Any) -> bool:
    """Do as `os.access`."""
    return bool(_simple("access", path, f":{mode}", lambda: _access(path, mode, **more), bool(more)))


def readlink(path: Any, **more: Any) -> Any:
    """Do as `os.readlink`."""
    return _simple("readlink", path, "", lambda: _readlink(path, **more), bool(more))


def getcwd() -> str:
    """Do as `os.getcwd`."""
    return str(_simple("getcwd", "", "", _getcwd, False))


def _simple(what: str, path: Any, more: str, read: Callable[[], Any], unusual: bool) -> Any:
    current = reading()
    if current is None:
        return read()
    text = _path(path)
    if text is None or unusual:
        _miss(what, path)
        return read()
    return current.observe("files", what, text + more, read, lambda result: result, lambda result: result)


# --- scandir ----------------------------------------------------------------------------------

#: What an entry is, as flags.
_FOLDER, _FILE, _LINK = 1, 2, 4


class Entry:
    """What `os.DirEntry` is, of a folder whose listing is on the tape."""

    __slots__ = ("_folder", "_inode", "_kinds", "name")

    def __init__(self, folder: str, values: Any) -> None:
        self._folder = folder
        self.name, self._inode, self._kinds = values

    @property
    def path(self) -> str:
        """The folder's path and the name."""
        return os.path.join(self._folder, self.name)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def inode(self) -> int:
        """Return its inode."""
        return int(self._inode)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a folder."""
        if self._kinds & _LINK and follow_symlinks:
            return self._leads_to(stat_module.S_ISDIR)
        return bool(self._kinds & _FOLDER)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a file."""
        if self._kinds & _LINK and follow_symlinks:
            return self._leads_to(stat_module.S_ISREG)
        return bool(self._kinds & _FILE)

    def is_symlink(self) -> bool:
        """Return whether it is a link."""
        return bool(self._kinds & _LINK)

    def is_junction(self) -> bool:
        """Return whether it is a junction, which other systems have."""
        return False

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return its stat."""
        return os.stat(self.path, follow_symlinks=follow_symlinks)

    def _leads_to(self, kind: Callable[[int], bool]) -> bool:
        try:
            return kind(os.stat(self.path).st_mode)
        except FileNotFoundError:
            return False


class Entries:
    """What `os.scandir` returns: an iterator that is also a context."""

    def __init__(self, folder: str, rows: list[Any]) -> None:
        self._entries = map(Entry, repeat(folder), rows)

    def __iter__(self) -> Entries:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Yield no more."""
        self._entries = map(Entry, repeat(""), ())


def scandir(path: Any = ".") -> Any:
    """Do as `os.scandir`."""
    current = reading()
    if current is None:
        return _scandir(path)
    text = _path("." if path is None else path)
    if text is None:
        _miss("scandir", path)
        return _scandir(path)
    rows: list[Any] = current.observe("files", "scandir", text, lambda: _rows(path), list, list)
    return Entries(text, rows)


def _rows(path: Any) -> list[Any]:
    with _scandir(path) as entries:
        return [(entry.name, entry.inode(), _kinds(entry)) for entry in entries]


def _kinds(entry: os.DirEntry[str]) -> int:
    if entry.is_file(follow_symlinks=False):
        return _FILE
    if entry.is_dir(follow_symlinks=False):
        return _FOLDER
    return _LINK if entry.is_symlink() else 0


# --- open -------------------------------------------------------------------------------------


def open_(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
    """Do as `open`; of a file that is opened for reading the content goes to the tape."""
    current = reading()
    if current is None or current.inside or not _only_reads(mode):
        return _open(file, mode, *arguments, **named)
    text = _path(file)
    if text is None:
        _miss("open", file)
        return _open(file, mode, *arguments, **named)
    if not isinstance(current, Recorder):
        content = current.observe("files", "open", text, lambda: _whole(text), bytes, bytes)
        return _in_memory(text, content, mode, *arguments, **named)
    return _recorded_open(current, text, mode, *arguments, **named)


def _only_reads(mode: Any) -> bool:
    return isinstance(mode, str) and not set(mode) & set("wax+")


def _recorded_open(recorder: Recorder, path: str, mode: str, *arguments: Any, **named: Any) -> Any:
    recorder.inside += 1
    try:
        file = _open(path, mode, *arguments, **named)
    except OSError as error:
        recorder.record("files", "open", path, None, described(error))
        raise
    finally:
        recorder.inside -= 1
    status = os.fstat(file.fileno())
    if not stat_module.S_ISREG(status.st_mode):
        recorder.miss(f"open {path}: it is no regular file")
    else:
        # One more than is kept, so that it is seen to be too large.
        recorder.record("files", "open", path, _content(file.fileno(), recorder.limits.read + 1))
    return file


def _whole(path: str) -> bytes:
    with _open(path, "rb") as file:
        return bytes(file.read())


def _content(descriptor: int, most: int) -> bytes:
    parts, size = list[bytes](), 0
    while size < most and (part := os.pread(descriptor, most - size, size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _in_memory(
    path: Any,
    content: bytes,
    mode: str,
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    raw = _Named(content)
    raw.name = path
    if "b" in mode:
        return raw
    return io.TextIOWrapper(raw, encoding=encoding or "utf-8", errors=errors, newline=newline)


class _Named(io.BytesIO):
    """A file's content under its name."""

    name: Any
    mode = "rb"

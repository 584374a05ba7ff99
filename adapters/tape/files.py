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

import msgspec

from ...core.tape import observe, reading
from ...core.tape.recorder import Recorder, described

_listdir, _scandir, _stat, _lstat = os.listdir, os.scandir, os.stat, os.lstat
_access, _readlink, _getcwd, _open = os.access, os.readlink, os.getcwd, io.open

#: What is kept of a stat besides its ten values as a tuple, which are encoded as they are.
_MORE = [
    name
    for name in ("st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev")
    if hasattr(os.stat_result, name)
]
_more_of = attrgetter(*_MORE)
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


def _same(answer: Any) -> Any:
    return answer


def _miss(what: str, subject: Any) -> None:
    if (current := reading()) is not None:
        current.miss(f"{what} {subject!r}")


def listdir(path: Any = ".") -> Any:
    """Do as `os.listdir`."""
    current = reading()
    if current is None or current.inside:
        return _listdir(path)
    text = _path("." if path is None else path)
    if text is None:
        _miss("listdir", path)
        return _listdir(path)
    return current.observe("files", "listdir", text, lambda: _listdir(path), _same, list)


def stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    """Do as `os.stat`."""
    current = reading()
    if current is None or current.inside:
        return _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    text = path if type(path) is str else _path(path)
    if text is None or dir_fd is not None:
        _miss("stat", path)
        return _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    what, read = ("stat", _stat) if follow_symlinks else ("lstat", _lstat)
    if not isinstance(current, Recorder):
        played: os.stat_result = current.observe(
            "files", what, text, lambda: read(text), _kept_of, _stat_result
        )
        return played
    # Without the detour of `observe`: a sensor may ask for those of ten thousand files.
    try:
        result = read(text)
    except OSError as error:
        current.record("files", what, text, None, described(error))
        raise
    current.record("files", what, text, (result, _more_of(result)))
    return result


def lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
    """Do as `os.lstat`."""
    return stat(path, dir_fd=dir_fd, follow_symlinks=False)


def _kept_of(result: os.stat_result) -> Any:
    return result, _more_of(result)


def _stat_result(kept: Any) -> os.stat_result:
    values, more = kept
    named: dict[str, Any] = dict(zip(_MORE, more, strict=True))
    for name in _TIMES:
        whole, rest = divmod(named[f"{name}_ns"], 10**9)
        # As CPython does it, to the last bit: cursors are made of it.
        named[name] = whole + 1e-9 * rest
    result: os.stat_result = os.stat_result(values, named)
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
    if current is None or current.inside:
        return read()
    text = _path(path)
    if text is None or unusual:
        _miss(what, path)
        return read()
    return current.observe("files", what, text + more, read, _same, _same)


# --- scandir ----------------------------------------------------------------------------------

#: What an entry is, a byte each.
_OTHER, _FILE, _FOLDER, _LINK = range(4)

_name_of = attrgetter("name")
_is_file, _is_folder, _is_link = os.DirEntry.is_file, os.DirEntry.is_dir, os.DirEntry.is_symlink


class Entry(msgspec.Struct, eq=False, gc=False):
    """What `os.DirEntry` is, of a folder whose listing is on the tape."""

    _folder: str
    name: str
    _kind: int
    #: None where the listing comes from a tape.
    _real: os.DirEntry[str] | None

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
        real, path = self._real, self.path
        read = (lambda: _lstat(path).st_ino) if real is None else real.inode
        return observe("files", "inode", path, read)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a folder."""
        if self._kind == _LINK:
            return follow_symlinks and self._leads_to(stat_module.S_ISDIR)
        return self._kind == _FOLDER

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a file."""
        if self._kind == _LINK:
            return follow_symlinks and self._leads_to(stat_module.S_ISREG)
        return self._kind == _FILE

    def is_symlink(self) -> bool:
        """Return whether it is a link."""
        return self._kind == _LINK

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

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        # Not itself: a loop over ten thousand entries is in compiled code then.
        return self._entries

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Yield no more."""
        self._entries = iter(())


def scandir(path: Any = ".") -> Any:
    """Do as `os.scandir`."""
    current = reading()
    if current is None or current.inside:
        return _scandir(path)
    text = _path("." if path is None else path)
    if text is None:
        _miss("scandir", path)
        return _scandir(path)
    entries = list[Any]()
    names, kinds = current.observe("files", "scandir", text, lambda: _listing(path, entries), _same, _same)
    return Entries(map(Entry, repeat(text), names, kinds, entries or repeat(None)))


def _listing(path: Any, entries: list[os.DirEntry[str]]) -> tuple[list[str], bytes]:
    """Return the names of a folder's entries and what each is; put the entries themselves into *entries*."""
    with _scandir(path) as found:
        entries += found
    return list(map(_name_of, entries)), _kinds(entries)


def _kinds(entries: list[os.DirEntry[str]]) -> bytes:
    # In compiled code where no entry is a link, of which the file would be looked at.
    if any(map(_is_link, entries)):
        return bytes(map(_kind, entries))
    files = bytes(map(_is_file, entries))
    return files if 0 not in files else bytes(map(_kind, entries))


def _kind(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return _LINK
    if entry.is_file(follow_symlinks=False):
        return _FILE
    return _FOLDER if entry.is_dir(follow_symlinks=False) else _OTHER


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

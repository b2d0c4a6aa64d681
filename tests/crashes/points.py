"""What a process changes outside itself, call by call: before each and after it, by name.

A point is called by who does it and what: `watch: rename to active/JOB`, `attempt: POST /prompt
sent`, `store-writer: commit prompt.claimed`; the same once more is `… #2`. vqd knows nothing of it:
the calls of Python's library are taken in between. A commit is called by the events in it.
"""

import builtins
import io
import os
import re
import signal
import socket
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from vqd.store import connection as store_connection


@dataclass(frozen=True, slots=True)
class Point:
    """An instant before a call, or after it: the thread, the call, and how often it was made.

    `path` is of a file that is synced there, or that got its name there and was not synced before.
    """

    thread: str
    call: str
    turn: int
    is_after: bool = False
    path: Path | None = None

    @property
    def name(self) -> str:
        """What the call is called, whoever makes it."""
        return self.call if self.turn == 1 else f"{self.call} #{self.turn}"

    def __str__(self) -> str:
        return f"{'after' if self.is_after else 'before'} {self.thread}: {self.name}"


Reach = Callable[[Point], None]
"""Is told of every point as it is reached."""


def install(reach: Reach, *, syncs: bool = False) -> None:
    """Let `reach` be told of every point from now on.

    Without `syncs` nothing is synced: a kill loses nothing that was written, and this is quicker.
    """
    told = _Telling(reach)
    for call in ("mkdir", "rmdir", "unlink", "remove", "link", "symlink", "truncate"):
        _wrap(os, call, partial(_changed, told, call, 1 if call in ("link", "symlink") else 0))
    synced: set[Path] = set()
    for call in ("rename", "replace"):
        _wrap(os, call, partial(_named, told, synced, call))
    for call in ("fsync", "fdatasync"):
        _wrap(os, call, partial(_synced, told, synced, syncs=syncs))
    _wrap(os, "open", partial(_opened, told))
    _wrap(io, "open", partial(_opened_by_mode, told))
    setattr(builtins, "open", io.open)  # noqa: B010
    asked: WeakKeyDictionary[socket.socket, str] = WeakKeyDictionary()
    for call in ("send", "sendall"):
        _wrap(socket.socket, call, partial(_sent, told, asked))
    _wrap(socket.socket, "recv", partial(_received, told, asked))
    _name_commits(told)


def before(reach: Callable[[str, Path | None], None], threads: Collection[str]) -> Reach:
    """Tell only of what is about to be done by these threads: its name, and a synced file."""

    def reached(point: Point) -> None:
        if not point.is_after and point.thread in threads:
            reach(point.name, point.path)

    return reached


def kill() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def tear(path: Path | None) -> None:
    """Leave half of what was written to a file, as a power cut does before it is synced."""
    if path is not None and path.is_file():
        os.truncate(path, path.stat().st_size // 2)


def empty(path: Path | None) -> None:
    """Leave nothing in a file, as a power cut does that got its name before it was synced."""
    if path is not None and path.is_file():
        os.truncate(path, 0)


class _Telling:
    """Tells of calls, each with its thread and its number."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def around(
        self,
        what: str,
        carry_out: Callable[[], Any],
        *,
        synced: Path | None = None,
        named: Path | None = None,
    ) -> Any:
        """Tell of a call before it and after it."""
        point = self._point(what, synced)
        self._reach(point)
        value = carry_out()
        self._reach(Point(point.thread, what, point.turn, is_after=True, path=named))
        return value

    def after(self, what: str) -> None:
        """Tell of what has happened, and was waited for until then."""
        point = self._point(what, None)
        self._reach(Point(point.thread, what, point.turn, is_after=True))

    def _point(self, what: str, path: Path | None) -> Point:
        thread = _first_word(threading.current_thread().name)
        with self._lock:
            self._seen[thread, what] += 1
            return Point(thread, what, self._seen[thread, what], path=path)


def _wrap(owner: Any, call: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, call)

    @wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return around(partial(original, *args, **kwargs), *args)

    setattr(owner, call, wrapped)


def _changed(
    told: _Telling, what: str, named: int, carry_out: Callable[[], Any], *args: Any
) -> Any:
    return told.around(f"{what} {_short(args[named])}", carry_out)


def _named(
    told: _Telling,
    synced: Collection[Path],
    what: str,
    carry_out: Callable[[], Any],
    source: Any,
    target: Any,
    **_: Any,
) -> Any:
    is_synced = Path(os.fsdecode(source)) in synced
    named = None if is_synced else Path(os.fsdecode(target))
    return told.around(f"{what} to {_short(target)}", carry_out, named=named)


def _synced(
    told: _Telling,
    synced: set[Path],
    carry_out: Callable[[], Any],
    descriptor: int,
    *,
    syncs: bool,
) -> Any:
    path = Path(f"/proc/self/fd/{descriptor}").readlink()
    synced.add(path)
    return told.around(f"sync {_short(path)}", carry_out if syncs else _nothing, synced=path)


def _opened(told: _Telling, carry_out: Callable[[], Any], path: Any, flags: int, *_: Any) -> Any:
    if not flags & os.O_CREAT:
        return carry_out()
    return told.around(f"create {_short(path)}", carry_out)


def _opened_by_mode(
    told: _Telling, carry_out: Callable[[], Any], path: Any, mode: str = "r", *_: Any
) -> Any:
    if not {*"wxa"} & {*mode} or isinstance(path, int):
        return carry_out()
    return told.around(f"create {_short(path)}", carry_out)


def _sent(
    told: _Telling,
    asked: "WeakKeyDictionary[socket.socket, str]",
    carry_out: Callable[[], Any],
    connection: socket.socket,
    part: Any,
    *_: Any,
) -> Any:
    request = _REQUEST.match(bytes(part[:300]))
    if request is None:
        return carry_out()
    route = _LONG_ID.sub("ID", request[2].decode().partition("?")[0])
    asked[connection] = f"{request[1].decode()} {route}"
    return told.around(f"{asked[connection]} sent", carry_out)


def _received(
    told: _Telling,
    asked: "WeakKeyDictionary[socket.socket, str]",
    carry_out: Callable[[], Any],
    connection: socket.socket,
    *_: Any,
) -> Any:
    received = carry_out()
    request = asked.pop(connection, None)
    if request is not None:
        told.after(f"{request} answered")
    return received


def _name_commits(told: _Telling) -> None:
    class Named(store_connection.SqliteConnection):
        steps: tuple[str, ...] = ()

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            carry_out: Callable[[], sqlite3.Cursor] = partial(super().execute, sql, *values)
            if sql == "COMMIT":
                for step in _told_of(self.steps):
                    carry_out = partial(told.around, f"commit {step}", carry_out)
            self.steps = () if sql.startswith(_BOUNDS) else (*self.steps, *_steps_of(sql, *values))
            return carry_out()

        def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
            self.steps += tuple(_steps_of(sql))
            return super().executemany(sql, values)

    setattr(store_connection, "SqliteConnection", Named)  # noqa: B010


def _told_of(steps: Sequence[str]) -> list[str]:
    """Give what a commit is called by: each event in it, or the tables it is written to."""
    once = list(dict.fromkeys(steps))
    return [step for step in once if not step.startswith(_TO)] or once


def _steps_of(sql: str, values: Any = ()) -> list[str]:
    if sql.startswith("INSERT INTO events"):
        return [str(values[3])]
    if sql.startswith("UPDATE jobs SET state = 'publishing'"):
        return ["job.publishing"]
    written = _WRITTEN.match(sql)
    return [_TO + written[1]] if written else []


_TO = "to "
_BOUNDS = ("BEGIN", "COMMIT", "ROLLBACK")
_WRITTEN = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n")
_LONG_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}")
_TEMPORARY = Path(tempfile.gettempdir())
_CHANGING = {
    re.compile(r"\d{8}-\d{6}-[^/.]+"): "JOB",
    _LONG_ID: "ID",
    re.compile(r"(?<![^/])[0-9a-f]{2}(?![^/])"): "HH",
    re.compile(r"(?<=\.done-)\d{6}(-\d+)?"): "TIME",
}


def _short(path: Any) -> str:
    """Give a name that is the same in every process, whatever job it is: that of a job's folder is
    `JOB`."""
    place = Path(os.fsdecode(path))
    if place == _TEMPORARY or place.parent == _TEMPORARY:
        return "a temporary file"
    named = "/".join(place.parts[-2:])
    for changing, name in _CHANGING.items():
        named = changing.sub(name, named)
    return re.sub(rf"(?<!\d){os.getpid()}(?!\d)", "PID", named)


def _first_word(thread: str) -> str:
    return re.split(r"[ _]", thread)[0]


def _nothing() -> None:
    """Sync nothing."""

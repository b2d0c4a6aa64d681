"""What a process changes on the disk, point by point, by name.

A point is told before its call is carried out: `rename report.html`, `sync .part`, `commit closed`.
One thread's calls count, and the commits of its writes; the same name again is `… #2`.
"""

import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

THREAD = "publisher"

Reach = Callable[[str, Path | None], None]
"""Is told the name of a point, and of a file that is synced there its path."""


def install(reach: Reach) -> None:
    """Let `reach` be told of every point from now on, before it."""
    seen: Counter[str] = Counter()

    def told(name: str, path: Path | None = None) -> None:
        seen[name] += 1
        reach(name if seen[name] == 1 else f"{name} #{seen[name]}", path)

    for call in ("mkdir", "rmdir", "unlink", "link"):
        _wrap(call, lambda call, path, *_: _of_publisher(told, f"{call} {Path(path).name}"))
    for call in ("rename", "replace"):
        _wrap(call, lambda call, _, to, *__: _of_publisher(told, f"{call} to {_short(to)}"))
    os.fsync = partial(_synced, told)
    _wrap("open", lambda _, path, flags, *__: _opened(told, path, flags))
    _name_commits(told)


def kill() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def tear(path: Path | None) -> None:
    """Leave half of what was written to a file, as a power cut does before it is synced."""
    if path is not None and path.is_file():
        os.truncate(path, path.stat().st_size // 2)


def _wrap(call: str, tell: Callable[..., None]) -> None:
    original = getattr(os, call)

    @wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tell(call, *args)
        return original(*args, **kwargs)

    setattr(os, call, wrapped)


def _of_publisher(told: Callable[..., None], name: str, path: Path | None = None) -> None:
    if threading.current_thread().name == THREAD:
        told(name, path)


def _synced(told: Callable[..., None], descriptor: int) -> None:
    """Tell of it and sync nothing: a kill loses nothing that was written, and this is quicker."""
    path = Path(f"/proc/self/fd/{descriptor}").readlink()
    _of_publisher(told, f"sync {_short(path)}", path)


def _opened(told: Callable[..., None], path: str | Path, flags: int) -> None:
    if flags & os.O_CREAT:
        _of_publisher(told, f"create {Path(path).name}")


def _short(path: str | Path) -> str:
    """Give a name that is the same whatever job it is: that of a job's folder is `JOB`."""
    parts = Path(path).parts[-2:]
    return "/".join("JOB" if part[:8].isdigit() else part for part in parts)


def _name_commits(told: Callable[..., None]) -> None:
    class Named(sqlite3.Connection):
        step: str | None = None

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql.startswith("UPDATE jobs SET state = 'publishing'"):
                self.step = "publishing"
            elif sql.startswith("UPDATE jobs SET state = ?") and "finished_at = ?" in sql:
                self.step = "closed"
            elif sql == "COMMIT" and self.step is not None:
                step, self.step = self.step, None
                told(f"commit {step}")
            return super().execute(sql, *values)

    setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Named))  # noqa: B010

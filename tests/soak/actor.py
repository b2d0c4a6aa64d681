"""The actor: whatever people and power cuts do to a spool, by chance, one act at a time."""

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from tests.daemons import Daemon
from tests.soak.kinds import Kinds, Steps
from tests.soak.ledger import Drop, Ledger, token_in

T = TypeVar("T")

_STEERING = ("CANCEL", "PAUSE", "RESUME", "RETRY", "PRIORITY 80", "PRIORITY 999", "approve.txt")
_MOST_UNDER_WAY = 12
STARTED_WITHIN_S = 120.0
"""On a machine that has other things to do."""


class Actor:
    """Acts on a daemon and its spool. The same seed gives the same acts; their timing varies."""

    def __init__(self, daemon: Daemon, ledger: Ledger, chance: random.Random) -> None:
        self._daemon = daemon
        self._spool = daemon.spool
        self._ledger = ledger
        self._chance = chance
        self._staging = _made(daemon.folder / "staging")
        self._trash = _made(daemon.folder / "trash")
        self._kinds = Kinds(self._spool.inbox, self._staging, ledger, chance)
        self._kinds.make_hot_folders()
        self._under_way: list[Steps] = []
        self._down_for = 0

    def act(self) -> None:
        """Do one thing; what it is to be done to may be gone, which is no fault."""
        self._start_again()
        weights, acts = zip(*self._acts, strict=True)
        act: Callable[[], None] = self._chance.choices(acts, weights)[0]
        try:
            act()
        except FileNotFoundError:
            self._ledger.note("found gone", what=act.__name__)

    def end(self) -> None:
        """Bring every drop to its end, and let the daemon work."""
        self._down_for = min(self._down_for, 1)
        self._start_again()
        while self._under_way:
            self._go_on(self._under_way[0])
        self.release()

    def release(self) -> None:
        """Take away all that holds jobs."""
        self._spool.resume()
        for folder in _folders(self._spool.active):
            for request in ("RESUME", "APPROVE"):
                _put(folder / request)

    @property
    def _acts(self) -> list[tuple[int, Callable[[], None]]]:
        return [
            (30, self._begin_drop),
            (60, self._continue_drop),
            (10, self._steer),
            (3, self._edit_job_file),
            (3, self._edit_input),
            (2, self._rename_drop),
            (4, self._move_back),
            (3, self._move_back_edited),
            (2, self._drop_sidecar),
            (1, self._edit_defaults),
            (1, self._delete_drop),
            (1, self._delete_active),
            (1, self._delete_closed),
            (1, self._pause),
            (3, self._resume),
            (1, self._kill_daemon),
            (1, self._stop_daemon),
            (1, self._kill_engine),
        ]

    def _begin_drop(self) -> None:
        if len(self._under_way) < _MOST_UNDER_WAY:
            steps = self._kinds.any()
            self._under_way.append(steps)
            self._go_on(steps)

    def _continue_drop(self) -> None:
        if self._under_way:
            self._go_on(self._chance.choice(self._under_way))

    def _go_on(self, steps: Steps) -> None:
        try:
            next(steps)
        except StopIteration:
            self._under_way.remove(steps)
        except FileNotFoundError:
            self._under_way.remove(steps)
            self._ledger.note("cut short")

    def _steer(self) -> None:
        folder = self._any(_folders(self._spool.active))
        request = self._chance.choice(_STEERING)
        _put(folder / request)
        self._ledger.note(f"steered: {request}", job=folder.name)

    def _edit_job_file(self) -> None:
        drop = self._any_waiting()
        path = drop.path if drop.path.suffix else drop.path / "job.yaml"
        before = path.read_bytes()
        after = before + f"comment: edited {self._chance.random()}\n".encode()
        self._write_over(drop, path, before, after)

    def _edit_input(self) -> None:
        drop = self._any_waiting()
        folder = drop.path.parent if drop.path.suffix else drop.path
        found = folder.glob(f"{drop.token}.png" if drop.path.suffix else "*.png")
        path = self._any(sorted(path for path in found if not path.is_symlink()))
        before = path.read_bytes()
        self._write_over(drop, path, before, self._kinds.picture())

    def _write_over(self, drop: Drop, path: Path, before: bytes, after: bytes) -> None:
        """Write into the file that is there; never make one, or it would be another drop."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
            file.write(after)
        self._ledger.wrote_over(before)
        self._ledger.wrote(drop, after)
        self._ledger.note("edited", path=path, drop=drop.token)

    def _rename_drop(self) -> None:
        drop = self._any_waiting()
        target = drop.path.with_name(
            f"{drop.token}-{self._chance.randint(1, 99)}{drop.path.suffix}"
        )
        drop.path.rename(target)
        self._ledger.note("renamed", drop=drop.token, to=target.name)
        drop.path = target

    def _move_back(self) -> None:
        folder = self._any_closed()
        self._move_to_inbox(folder, folder.name)

    def _move_back_edited(self) -> None:
        folder = self._any_closed()
        away = self._staging / folder.name
        folder.rename(away)
        token = token_in(away)
        job_file = _job_file(away)
        if token is not None and job_file is not None:
            before = job_file.read_bytes()
            drop = self._ledger.drops[token]
            after = self._kinds.job_text(drop) + f"# {self._chance.random()}\n".encode()
            self._write_over(drop, job_file, before, after)
        self._move_to_inbox(away, self._chance.choice((folder.name, f"again-{folder.name}")))

    def _move_to_inbox(self, folder: Path, name: str) -> None:
        self._ledger.folders_moved.add(folder.name)
        folder.rename(self._spool.inbox / name)
        self._ledger.note("moved back", job=folder.name, to=name)

    def _drop_sidecar(self) -> None:
        folder = self._any_closed()
        sidecar = self._any(sorted((folder / "outputs").glob("*.yaml")))
        text = sidecar.read_bytes()
        drop = self._ledger.begin("sidecar", self._spool.inbox)
        drop.path = self._spool.inbox / f"{drop.token}.yaml"
        made = self._staging / drop.path.name
        made.write_bytes(text + f"# soak: {drop.token}\n".encode())
        self._ledger.wrote(drop, made.read_bytes())
        made.rename(drop.path)
        self._ledger.complete(drop)

    def _edit_defaults(self) -> None:
        self._kinds.write_defaults()
        self._ledger.note("defaults of a hot folder replaced")

    def _delete_drop(self) -> None:
        waiting = [drop for drop in self._ledger.drops.values() if not drop.is_complete]
        drop = self._any([drop for drop in waiting if drop.path.exists()])
        self._delete(drop.path, drop.token)

    def _delete_active(self) -> None:
        self._delete_job(self._any(_folders(self._spool.active)))

    def _delete_closed(self) -> None:
        self._delete_job(self._any_closed())

    def _delete_job(self, folder: Path) -> None:
        self._ledger.folders_moved.add(folder.name)
        self._delete(folder, token_in(folder))

    def _delete(self, path: Path, token: str | None) -> None:
        trash = self._trash / f"{len(list(self._trash.iterdir()))}-{path.name}"
        path.rename(trash)
        self._ledger.deletes(trash)
        if token is not None:
            self._ledger.drops[token].is_deleted = True
        self._ledger.note("deleted", path=path, drop=token)

    def _pause(self) -> None:
        self._spool.pause()
        self._ledger.note("PAUSE put")

    def _resume(self) -> None:
        if self._spool.resume():
            self._ledger.note("PAUSE removed")

    def _kill_daemon(self) -> None:
        if not self._down_for:
            self._daemon.kill()
            self._down_for = self._chance.randint(1, 20)
            self._ledger.note("daemon killed")

    def _stop_daemon(self) -> None:
        if not self._down_for:
            code = self._daemon.stop()
            self._down_for = self._chance.randint(1, 20)
            self._ledger.note("daemon stopped", exit_code=code)

    def _start_again(self) -> None:
        if self._down_for:
            self._down_for -= 1
            if not self._down_for:
                self._daemon.start(within_s=STARTED_WITHIN_S)

    def _kill_engine(self) -> None:
        for pid in _engines(self._daemon):
            os.kill(pid, signal.SIGKILL)
            self._ledger.note("engine killed")

    def _any_waiting(self) -> Drop:
        waiting = [drop for drop in self._ledger.expected if drop.path.exists()]
        return self._any(waiting)

    def _any_closed(self) -> Path:
        return self._any([*_folders(self._spool.done), *_folders(self._spool.failed)])

    def _any(self, found: Sequence[T]) -> T:
        if not found:
            raise FileNotFoundError
        return self._chance.choice(found)


def _engines(daemon: Daemon) -> Iterator[int]:
    """Give the processes of the built-in engine that the daemon started."""
    if daemon.process is not None and daemon.process.poll() is None:
        pid = daemon.process.pid
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            yield from map(int, children.read_text(encoding="ascii").split())


def _job_file(folder: Path) -> Path | None:
    named = [path for path in sorted(folder.glob("*.y*ml")) if path.name != "STATUS.yaml"]
    return named[0] if len(named) == 1 else None


def _put(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.name[0] != "." and path.is_dir())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder

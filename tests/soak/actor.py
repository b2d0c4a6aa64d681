"""The actor: whatever people do to a spool, by chance, one act at a time."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, TypeVar

from tests.soak.kinds import Kinds, Steps
from tests.soak.ledger import Drop, Ledger, token_in
from vqd.spool.layout import Spool

T = TypeVar("T")

_STEERING = ("CANCEL", "PAUSE", "RESUME", "RETRY", "PRIORITY 80", "PRIORITY 999", "approve.txt")
_MOST_UNDER_WAY = 12


class Actor:
    """Acts on a spool. Its chance decides all of an act but what there is to do it to."""

    def __init__(self, spool: Spool, ledger: Ledger, chance: random.Random) -> None:
        self._spool = spool
        self._ledger = ledger
        self._chance = chance
        self._staging = _made(spool.root.with_name("staging"))
        self._trash = _made(spool.root.with_name("trash"))
        self._kinds.make_hot_folders()
        self._under_way: list[Steps] = []

    def act(self, what: str, chance: random.Random) -> None:
        """Do one thing; what it is to be done to may be gone, which is no fault."""
        self._chance = chance
        try:
            self._ACTS[what](self)
        except FileNotFoundError:
            self._ledger.note("found gone", what=what)

    def end(self) -> None:
        """Bring every drop to its end, and let the daemon work."""
        while self._under_way:
            self._go_on(self._under_way[0])
        self.release()

    def release(self) -> None:
        """Take away all that holds jobs."""
        self._spool.resume()
        for folder in _folders(self._spool.active):
            with suppress(FileNotFoundError):  # it is over
                for request in ("RESUME", "APPROVE"):
                    _put(folder / request)

    @property
    def _kinds(self) -> Kinds:
        """Give what makes drops, each by the chance of the act that began it."""
        return Kinds(self._spool.inbox, self._staging, self._ledger, self._chance)

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

    _ACTS: ClassVar[Mapping[str, Callable[["Actor"], None]]] = {
        "begin a drop": _begin_drop,
        "go on with a drop": _continue_drop,
        "steer": _steer,
        "edit a job file": _edit_job_file,
        "edit an input": _edit_input,
        "rename a drop": _rename_drop,
        "move back": _move_back,
        "move back edited": _move_back_edited,
        "drop a sidecar": _drop_sidecar,
        "replace defaults": _edit_defaults,
        "delete a drop": _delete_drop,
        "delete an active job": _delete_active,
        "delete a closed job": _delete_closed,
        "put PAUSE": _pause,
        "take PAUSE away": _resume,
    }

    def _any_waiting(self) -> Drop:
        waiting = [drop for drop in self._ledger.expected if drop.path.exists()]
        return self._any(waiting)

    def _any_closed(self) -> Path:
        return self._any([*_folders(self._spool.done), *_folders(self._spool.failed)])

    def _any(self, found: Sequence[T]) -> T:
        if not found:
            raise FileNotFoundError
        return self._chance.choice(found)


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

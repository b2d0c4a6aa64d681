"""The premises of the daemon: what it alone uses for as long as it runs."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from vqd import systemd
from vqd.documents.sizes import size_told
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.engine.child import EngineProcess
from vqd.settings.farm import BUILTIN
from vqd.settings.model import Settings
from vqd.sharing import Sharing, sharing
from vqd.spool.holding import gained, held
from vqd.spool.layout import Spool
from vqd.spool.lease import LISTENS_S, Lease, leased
from vqd.spool.mounts import NETWORK_TYPES, filesystem_type
from vqd.store.durable import hand_over
from vqd.store.store import Store

_LEAST_STATE_BYTES = 1 << 20
"""What SQLite, the lock and the engine's log need at least to begin."""
_PID = re.compile(r"pid (\d{1,9}) ")
_STEP_S = 60.0
"""How long a step of the start may take, where nothing of it is known to take longer."""
_UPGRADE_S = 1800.0
"""A queue of gigabytes is copied before it is brought up to date."""


@frozen
class Premises:
    """The spool and the lease on it, the store and who shares it, and the built-in engine, which
    runs where the settings name it."""

    spool: Spool
    lease: Lease
    shared: Sharing
    store: Store
    engine: EngineProcess


@contextmanager
def premises(settings: Settings, *, on_failure: Callable[[], None]) -> Iterator[Premises]:
    """Give the premises, until the block ends; `on_failure` is called, by any thread, when the
    queue can be written no more.

    Raises:
        VqdError: they are another's, or not fit for use: `already_running`, `state_full`,
            `state_unwritable`, `state_on_network`, or as the spool, its lease, the store and the
            engine tell.
    """
    systemd.starting("takes the spool", within_s=LISTENS_S + _STEP_S)
    spool = Spool(settings.spool)
    with spool.or_away():
        spool.check()
        _require_room(settings)
        with (
            held(spool),
            leased(spool) as lease,
            only_one(settings.state_dir),
            sharing(settings, spool) as shared,
            _store(settings, shared, on_failure) as store,
            _engine(settings) as engine,
        ):
            yield Premises(spool, lease, shared, store, engine)


def _require_room(settings: Settings) -> None:
    state = settings.look_at_disks().state
    if state is not None and state.free_bytes < _LEAST_STATE_BYTES:
        raise VqdError(
            "state_full",
            f"{settings.state_dir} has {size_told(state.free_bytes)} free, too little to begin.",
            "Make room there.",
        )


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Keep every other daemon, and whoever replaces its queue, away from `state_dir` until the
    block ends.

    Raises:
        VqdError: `already_running`; `state_unwritable`.
    """
    with _lock_of(state_dir) as lock:
        if not gained(lambda: _is_locked(lock), lambda: _pid_in(lock)):
            raise VqdError(
                "already_running",
                f"Another vqd uses {state_dir} already ({_said_in(lock) or 'unknown'}).",
                "Stop that one first, or name another state_dir.",
            )
        lock.truncate(0)
        lock.write(f"pid {os.getpid()} since {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}")
        lock.flush()
        yield


def _is_locked(lock: TextIO) -> bool:
    """Lock a file; False if another has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _said_in(lock: TextIO) -> str:
    lock.seek(0)
    return lock.read().strip()


def _pid_in(lock: TextIO) -> int:
    """Give the process that took the lock last; 0 if that is not told."""
    pid = _PID.match(_said_in(lock))
    return int(pid[1]) if pid else 0


def _lock_of(state_dir: Path) -> TextIO:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "daemon.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise VqdError(
            "state_unwritable",
            f"{error.filename or state_dir} cannot be written ({error.strerror}).",
            "Let the daemon's user write to state_dir, on a disk that is not read-only.",
        ) from error
    hand_over(Path(lock.name))
    return lock


@contextmanager
def _store(settings: Settings, shared: Sharing, on_failure: Callable[[], None]) -> Iterator[Store]:
    kind = filesystem_type(settings.state_dir)
    if kind in NETWORK_TYPES and settings.database is None:
        raise VqdError(
            "state_on_network",
            f"{settings.state_dir}: state_dir lies on {kind}; a queue there can be lost.",
            "Name a folder on a local disk in the settings.",
        )
    systemd.starting("opens the queue", within_s=_UPGRADE_S)
    store = Store(shared.place, shared.leasing, on_failure=on_failure, on_wait=systemd.alive)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _engine(settings: Settings) -> Iterator[EngineProcess]:
    engine = EngineProcess(settings.state_dir / "engine")
    systemd.starting("gets ready", within_s=_STEP_S)
    if any(server.url == BUILTIN for server in settings.servers):
        engine.start()
    try:
        yield engine
    finally:
        engine.stop()

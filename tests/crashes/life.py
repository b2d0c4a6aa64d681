"""One job's life, in a folder of its own: dropped, carried out, cut off at a point, gone on with.

The daemon and its engine are processes forked from this one, which has imported both: so a life
costs a quarter of a second, and thousands of them can be had.
"""

import os
import threading
import time
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import requests
import yaml

from tests.crashes import points
from tests.crashes.back import accepted_in, check_back, check_log, faults_in, is_closed_in
from tests.crashes.forked import LOG, ForkedDaemon, ForkedEngine
from tests.crashes.kinds import (
    APPROVALS,
    HOT,
    KINDS,
    QUOTED_OVER,
    Kind,
    lay_workflow_out,
)
from tests.crashes.powercut import Disk
from tests.crashes.states import State, leftovers, state_of
from tests.waiting import wait_for
from vqd.spool.layout import Spool
from vqd.store.store import Store

_ENDS_WITHIN_S = 90.0
_LAST_POINT_WITHIN_S = 2.0
_ABOUT_TO_BEGIN = "after store-writer: commit to refusals"
"""Where a daemon has what it needs to run, and has not asked after what ran before yet."""
_AWAY_S = 1.0
_MARKER = ".vqd-spool"


class Fault(StrEnum):
    """What happens at a point."""

    NONE = "nothing"
    KILL = "the daemon is killed"
    TORN = "the daemon is killed, and half of the file is there, or nothing if it has its name"
    ENGINE = "the engine is killed"
    POWER = "the power is cut"
    AWAY = "the daemon is killed, and the share away as the next begins"
    BOTH = "the daemon and the engine are killed"
    AGAIN = "the daemon is killed, and so is the next one"


@dataclass(frozen=True, slots=True)
class Trial:
    """A kind of job, and what happens at which point of its life; to AGAIN also `then`, at a point
    of the next daemon's life, which is told of where that is left out."""

    kind: str
    fault: Fault = Fault.NONE
    at: str = ""
    then: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.fault} {self.at}" + (f", {self.then}" if self.then else "")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it: the points it reached, in order, where nothing happened; whether the fault
    did happen, the last one if there are two; the state right after it; and what is not as it must
    be."""

    trial: Trial
    reached: tuple[str, ...] = ()
    was_hit: bool = False
    state: str | None = None
    wrong: str | None = None
    seconds: float = 0.0


def lay_out(folder: Path) -> None:
    """Make what every life begins with: a spool, a workflow, and a queue of nothing."""
    Spool.create(folder / "spool")
    lay_workflow_out(folder / "workflows")
    settings = {
        "spool": "spool",
        "state_dir": "state",
        "workflows": ["workflows"],
        "defaults": {HOT: {"size": "16x16"}},
        "settle_s": 0.05,
        "gather_s": 0.2,
        "rescan_s": 2,
        "quote_over": {"prompts": QUOTED_OVER},
    }
    (folder / "vqd.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "state").mkdir()
    Store(folder / "state" / "queue.db").close()


def lay_out_done(kind: str, base: Path, folder: Path) -> None:
    """Make what the life of a job begins with that was done before, of a copy of `base`."""
    with Disk(base, folder, is_cut=False) as disk:
        told = _Life(Trial(kind), KINDS[kind].before, disk).told()
    assert told.wrong is None, told.wrong
    folder.with_name(LOG).unlink()


def live(trial: Trial, base: Path, folder: Path) -> Told:
    """Let a job live in a copy of `base`."""
    begun_at = time.monotonic()
    folder.mkdir()
    try:
        with Disk(base, folder / "house", is_cut=trial.fault is Fault.POWER) as disk:
            told = _Life(trial, KINDS[trial.kind], disk).told()
    except Exception:  # noqa: BLE001 - a life that cannot be judged is told of, too
        told = Told(trial, wrong=traceback.format_exc(limit=-4))
    return Told(
        trial, told.reached, told.was_hit, told.state, told.wrong, time.monotonic() - begun_at
    )


class _Life:
    def __init__(self, trial: Trial, kind: Kind, disk: Disk) -> None:
        self._trial = trial
        self._kind = kind
        self._disk = disk
        self._house = disk.folder
        self._spool = self._house / "spool"
        self._queue = self._house / "state" / "queue.db"
        self._reached = self._house.with_name("reached")
        self._hit = self._house.with_name("hit")
        self._engine = ForkedEngine(self._house.with_name("engine"))
        self._is_steered = kind.meanwhile is None
        self._before_at = accepted_in(self._queue)
        self._dropped: list[bytes] = []

    def told(self) -> Told:
        """Live it, and tell of it."""
        self._dropped = self._kind.drop(self._spool)
        self._disk.sync()
        with self._engine:
            state, wrong = None, None
            living = self._begin(self._reach())
            try:
                self._wait_for_the_end(living)
                self._wait_for_the_last_point(living)
                for reach in self._reaches_after():
                    living.kill()
                    self._restore()
                    self._is_steered &= self._trial.fault is not Fault.POWER  # it may be lost
                    state = self._state()
                    living = self._begin(reach)
                    self._wait_for_the_end(living)
                self._check(living)
            except Exception as error:  # noqa: BLE001 - a file that is none raises all sorts
                wrong = f"{error}\n{traceback.format_exc(limit=-2)}"
            finally:
                living.kill()
        return Told(self._trial, self._points(), self._hit.exists(), state, wrong)

    def _begin(self, reach: points.Reach) -> ForkedDaemon:
        syncs = self._trial.fault is Fault.POWER
        return ForkedDaemon(self._house, self._engine.url, reach, syncs=syncs)

    def _wait_for_the_end(self, living: ForkedDaemon) -> None:
        wait_for(
            lambda: not living.is_alive() or self._is_over(),
            within_s=_ENDS_WITHIN_S,
            what="the end of the job",
        )

    def _wait_for_the_last_point(self, living: ForkedDaemon) -> None:
        """Let a daemon reach what comes right after the commit by which its job is over."""
        if self._trial.fault not in (Fault.NONE, Fault.ENGINE):
            until = time.monotonic() + _LAST_POINT_WITHIN_S
            wait_for(
                lambda: not living.is_alive() or time.monotonic() > until,
                within_s=_ENDS_WITHIN_S,
            )

    def _is_over(self) -> bool:
        self._engine.keep_alive()
        if not self._is_steered and self._kind.meanwhile is not None:
            self._is_steered = self._kind.meanwhile(self._spool, self._engine.url)
        return is_closed_in(self._queue, since=self._before_at)

    def _restore(self) -> None:
        """Have the power back, if it was cut; what was logged from then until the kill, when
        nothing could be written, is no fault of the daemon's."""
        self._disk.restore()
        if self._trial.fault is Fault.POWER:
            log = self._house.with_name(LOG)
            log.rename(log.with_name("cut-off.log"))

    def _state(self) -> State:
        return state_of(self._spool, self._queue, self._dropped, before_at=self._before_at)

    def _reach(self) -> points.Reach:
        """Give what is done in the daemon at each point: note it, or bring the fault about."""
        trial = self._trial
        if trial.fault is Fault.NONE:
            return self._noting()

        def strike(point: points.Point) -> None:
            if trial.fault in (Fault.ENGINE, Fault.BOTH):
                self._engine.kill()
            if trial.fault is Fault.TORN:
                (points.empty if point.is_after else points.tear)(point.path)
            if trial.fault is Fault.POWER:
                self._disk.cut()
            if trial.fault is not Fault.ENGINE:
                points.kill()

        is_first_of_two = trial.fault is Fault.AGAIN
        return _at(trial.at, strike, self._hit.with_name("first") if is_first_of_two else self._hit)

    def _reaches_after(self) -> list[points.Reach]:
        """Give what is done at each point in the daemons that are begun after that."""
        match self._trial.fault:
            case Fault.NONE | Fault.ENGINE:
                return []
            case Fault.AWAY:
                return [self._go_away]
            case Fault.AGAIN if self._trial.then:
                again = _at(self._trial.then, lambda _: points.kill(), self._hit)
                return [again, _pass_over]
            case Fault.AGAIN:
                return [self._noting()]
        return [_pass_over]

    def _noting(self) -> points.Reach:
        told = os.open(self._reached, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return lambda point: _note(told, point)

    def _go_away(self, point: points.Point) -> None:
        """Have the share away for a moment, as the daemon asks after what ran."""
        marker, away = self._spool / _MARKER, self._house / _MARKER
        if str(point) == _ABOUT_TO_BEGIN:
            marker.rename(away)
            threading.Timer(_AWAY_S, away.rename, [marker]).start()

    def _points(self) -> tuple[str, ...]:
        if not self._reached.exists():
            return ()
        return tuple(self._reached.read_text(encoding="utf-8").splitlines())

    def _check(self, living: ForkedDaemon) -> None:
        """See that the job came back once and whole, and that nothing else is left."""
        hot = (HOT,) if self._kind.folder == HOT else ()
        wait_for(
            lambda: not (living.is_alive() and leftovers(self._spool, hot=hot)),
            within_s=30,
            what=lambda: f"the end of what it worked with, {leftovers(self._spool, hot=hot)},",
        )
        assert living.is_alive(), f"the daemon ended:\n{living.log}"
        self._state()
        assert faults_in(self._queue) == []
        (folder,) = [*(self._spool / "done").iterdir(), *(self._spool / "failed").iterdir()]
        check_back(folder, self._kind, renders=self._renders())
        self._check_approvals()
        check_log(living.log)

    def _check_approvals(self) -> None:
        """See that it waited for each approval; what was put there may be lost with the power."""
        path = self._house.with_name(APPROVALS)
        put = path.read_text(encoding="utf-8").count("\n") if path.exists() else 0
        is_as_often = put == self._kind.approvals
        assert is_as_often or self._trial.fault is Fault.POWER, f"APPROVE was put there {put} times"

    def _renders(self) -> int | None:
        """Give how often prompts were carried out; None where the engine may have forgotten."""
        if self._trial.fault in (Fault.ENGINE, Fault.BOTH):
            return None
        history = requests.get(f"{self._engine.url}/history", timeout=60).json()
        return len(history)


def _at(at: str, strike: points.Reach, hit: Path) -> points.Reach:
    """Strike at a point, once; `hit` is there then."""

    def reach(point: points.Point) -> None:
        if str(point) == at and not hit.exists():
            os.close(os.open(hit, os.O_WRONLY | os.O_CREAT))
            strike(point)

    return reach


def _note(told: int, point: points.Point) -> None:
    os.write(told, f"{point}\n".encode())


def _pass_over(_: points.Point) -> None:
    """Let everything go on."""

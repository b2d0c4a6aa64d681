"""The loop: concludes what ended, starts what can start, closes what is over, and says how long it
may sleep.

1. Outcomes that came in become moves, jobs whose time has come are judged, and free servers get
   claims, in one commit (`settling`).
2. Claimed prompts are started; cancelled ones are stopped on their servers, those that are held or
   paused while they wait there are taken off.
3. Jobs whose prompts are all over go to the publisher.

What it cannot know: what happened while it was not there. `rescue` asks the servers, at start.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.lifecycle import PROOF_MADE
from vqd.domain.live import LivePrompt
from vqd.domain.queue import Prompt, PromptKey
from vqd.domain.window import Window
from vqd.runner.bydepot import ByDepot
from vqd.runner.catalogue import Catalogues
from vqd.runner.choosing import Choosing
from vqd.runner.company import Alone, Company
from vqd.runner.dispatch import Dispatch, FolderGone
from vqd.runner.endings import Endings
from vqd.runner.farm import Farm
from vqd.runner.figures import Counting
from vqd.runner.fitting import Fitting
from vqd.runner.jobfolders import HomeAway, JobFolders
from vqd.runner.judging import Judged, Judging
from vqd.runner.otherspools import OtherSpools
from vqd.runner.publish import Publisher
from vqd.runner.rescue import Rescue
from vqd.runner.room import PARKED_AGAIN_S, Room
from vqd.runner.roster import Roster
from vqd.runner.server import Server
from vqd.runner.settling import Settling
from vqd.runner.share import Share, ShareAway
from vqd.runner.spelling import Spelling
from vqd.runner.strays import Strays
from vqd.runner.telling import Telling
from vqd.spool.layout import PAUSED, Spool
from vqd.store.store import Store

ASKED_AGAIN_S = 1.0
"""Until a queue is asked again that does not answer."""

_log = structlog.get_logger(__name__)


class Loop:
    """Keeps the servers busy. One thread; everything else only wakes it, by `woken`.

    `on_tick` is called after each tick; `clock` gives UTC seconds.
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        farm: Farm,
        publisher: Publisher,
        *,
        woken: threading.Event,
        stall_s: float,
        room: Room,
        windows: Mapping[str, Window],
        is_fair: bool,
        counting: Counting,
        on_tick: Callable[[], None],
        company: Company | None = None,
        depot: ByDepot | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._room = room
        company = company or Alone()
        self._share = Share(spool, on_answer=woken.set)
        self._others = OtherSpools(company.spools, company.home, on_answer=woken.set)
        self._folders = JobFolders(spool, self._share, self._others, depot=depot)
        self._farm = farm
        self._publisher = publisher
        self._woken = woken
        self._on_tick = on_tick
        self._clock = clock
        spelling = Spelling(store)
        fitting = Fitting()
        self._catalogues = Catalogues(
            store, farm.serving, spelling, fitting, on_change=woken.set, clock=clock
        )
        endings = Endings(
            farm.known, room, counting, on_end=woken.set, on_lack=self._catalogues.hurry
        )
        self._dispatch = Dispatch(
            store,
            self._folders,
            farm.serving,
            spelling,
            room=room,
            stand=company.stand,
            stall_s=stall_s,
            on_end=endings.add,
        )
        self._rescue = Rescue(store, self._dispatch, farm.known)
        self._judging = Judging(windows, farm.serving, fitting)
        self._telling = Telling(publisher, is_shared=company.is_shared)
        self._settling = Settling(
            store,
            self._folders,
            company,
            endings=endings,
            judging=self._judging,
            choosing=Choosing(farm.serving, fitting),
            dispatch=self._dispatch,
            telling=self._telling,
            clock=clock,
        )
        self._settling.go_by(is_fair=is_fair)
        self._roster = Roster(store, farm.known.values())
        self._strays = Strays(store, farm.known, on_change=woken.set)
        self._changed: tuple[Mapping[str, Window], float, bool] | None = None
        self._is_lacking = False
        self._draining = False
        self._hurried = False

    def run(self, *, stopping: threading.Event, longest_sleep_s: float | None) -> None:
        """Tick until `stopping` is set: when woken, when there is something to do, and every
        `longest_sleep_s` seconds if that is not None."""
        while (again_s := self._unless_parked(self._take_up)) is not None and not stopping.is_set():
            self._on_tick()
            self._woken.wait(again_s)
            self._woken.clear()
        while not stopping.is_set():
            delay_s = self._unless_parked(self._round)
            self._on_tick()
            self._woken.wait(_shortest(delay_s, longest_sleep_s, threading.TIMEOUT_MAX))
            self._woken.clear()

    def drain(self, within_s: float) -> None:
        """Start nothing more, wait for what runs, and leave the rest to the next start."""
        self._draining = True
        until = time.monotonic() + within_s
        while self._dispatch.running and not self._hurried:
            self._unless_parked(lambda: self.tick(time.monotonic()))
            left_s = until - time.monotonic()
            if left_s <= 0:
                break
            self._woken.wait(min(left_s, 0.2))
            self._woken.clear()
        self._dispatch.stop()
        self._unless_parked(lambda: self._settling.settle([], time.monotonic()).next_at)

    @property
    def is_busy(self) -> bool:
        """Tell whether prompts are on servers, or on their way home. Any thread may ask."""
        return bool(self._dispatch.running)

    def live(self) -> Mapping[PromptKey, LivePrompt]:
        """Give what is on the servers, as last heard. Any thread may ask."""
        running = dict(self._dispatch.running)
        return {key: LivePrompt(one.server.name, one.progress) for key, one in running.items()}

    def change(self, *, windows: Mapping[str, Window], stall_s: float, is_fair: bool) -> None:
        """Go by other settings, and look whether the farm has others, too. Any thread may."""
        self._changed = windows, stall_s, is_fair
        self._woken.set()

    def tell_of(self, job_key: int) -> None:
        """Tell people how a job is, and look whether it is to be closed: what of it is on its way
        home has changed. Any thread may."""
        self._telling.hear(job_key)
        self._woken.set()

    def hurry(self) -> None:
        """Let `drain` end at once. A signal handler may call it."""
        self._hurried = True
        self._woken.set()

    def _take_up(self) -> None:
        """Take up what an earlier process left."""
        self._look_at_others()
        self._rescue.carry_out(now=self._clock())
        self._strays.recall()

    def _round(self) -> float | None:
        """Tick, and look after the servers; give the seconds it may sleep."""
        self._look_at_others()
        rescue_s = self._rescue.carry_out(now=self._clock())
        delay_s = self.tick(time.monotonic())
        look_s = self._catalogues.look(time.monotonic(), is_lacking=self._is_lacking)
        return _shortest(delay_s, look_s, self._strays.look(time.monotonic()), rescue_s)

    def _look_at_others(self) -> None:
        """Look for spools of other daemons that are not known yet, and tell of those that are."""
        if self._others.look():
            self._settling.tell_of_reach([*self._others.known])

    def _unless_parked(self, act: Callable[[], float | None]) -> float | None:
        """Do something; if the queue cannot be read or written for now, do it again in a while.

        What was to be written then is kept, and written with what comes next.
        """
        try:
            return act()
        except VqdError as error:
            if not error.may_pass:
                raise
            now = time.monotonic()
            again_s = ASKED_AGAIN_S if error.code == STORE_UNREACHABLE else PARKED_AGAIN_S
            self._judging.judge_anew()
            self._room.refuse(error.message.removesuffix("."), now + again_s)
            self._telling.tell(self._dispatch.running, self._held_by(now), now)
            return again_s

    def tick(self, now: float) -> float | None:
        """Do everything that can be done; give the seconds it may sleep, None for ever.

        `now` is monotonic seconds.
        """
        self._take_changes()
        self._settle_farm()
        held = self._held_by(now)
        if held == PAUSED:
            self._dispatch.take_back()
        due = self._settling.settle([] if held else self._free_slots(now), now)
        self._is_lacking = due.is_lacking
        self._hold(due.judged)
        self._telling.note_news(due.news)
        for prompt, server in due.claimed:
            self._start(prompt, server, now)
        self._dispatch.cancel(due.stopping)
        for job_key, job in due.closing:
            self._dispatch.forget_job(job_key)
            self._telling.forget(job_key)
            self._publisher.publish(job_key, job)
        self._dispatch.clear(
            server
            for server in self._farm.known.values()
            if server.standing.is_stuck or server.is_leaving
        )
        self._settle_farm()  # only now is one busy that was given something above
        self._roster.note(self._clock())
        self._telling.tell(self._dispatch.running, held, now)
        told_s = self._telling.again_s(self._dispatch.running, held, now)
        return _shortest(told_s, self._delay_s(now, due.next_at))

    def _take_changes(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            windows, self._dispatch.stall_s, is_fair = changed
            self._judging.change(windows)
            self._settling.go_by(is_fair=is_fair)

    def _settle_farm(self) -> None:
        if self._farm.is_settled:
            return
        busy = {attempt.server for attempt in self._dispatch.running.values()}
        if self._farm.settle(busy):
            self._roster.forget_others()

    def _hold(self, judged: Sequence[Judged]) -> None:
        self._dispatch.withdraw(one.job_key for one in judged if one.stops)
        self._telling.note(one.job_key for one in judged if one.is_news)
        for one in judged:
            if one.hold == PROOF_MADE:
                self._publisher.prove(one.job_key)

    def _free_slots(self, now: float) -> Sequence[Server]:
        if self._draining:
            return []
        return self._room.places(self._dispatch.free_slots(now), self._workflows())

    def _held_by(self, now: float) -> str | None:
        """Say why nothing is sent, to any server; None if nothing stands in the way."""
        return self._share.held_by() or self._room.held_by(self._workflows(), now)

    def _workflows(self) -> Iterable[str]:
        """Give the workflow of each attempt that is not concluded."""
        return (one.assignment.plan.workflow for one in self._dispatch.running.values())

    def _start(self, prompt: Prompt, server: Server, now: float) -> None:
        job_key = prompt.key.job_key
        try:
            if not self._dispatch.is_elsewhere(job_key):
                self._telling.note_begun(job_key)
            self._dispatch.start(prompt, server)
        except FolderGone:
            self._settling.give_up(prompt)
        except HomeAway as away:
            _log.warning("home.away", job=job_key, said=str(away))
            self._settling.put_back(prompt)
        except ShareAway as away:
            self._room.refuse(f"share away: {away}", now + PARKED_AGAIN_S)
            self._settling.put_back(prompt)
        except VqdError as error:
            if error.code != STORE_UNREACHABLE:
                raise
            self._settling.put_back(prompt)
        else:
            return
        self._woken.set()

    def _delay_s(self, now: float, next_at: float | None) -> float | None:
        waits = [self._publisher.again_s(now), self._room.again_s(now), self._folders.again_s()]
        wall = self._clock()
        due = (next_at, self._judging.next_at(wall))
        waits += [max(0.0, at - wall) for at in due if at is not None]
        wakes = [server.standing.wakes_at(now) for server in self._farm.serving]
        waits += [at - now for at in wakes if at is not None]
        return _shortest(*waits)


def _shortest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)

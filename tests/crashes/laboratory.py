"""Many lives at once, each cut off at another point, and what became of them."""

import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from tests.crashes.kinds import KINDS
from tests.crashes.life import Fault, Told, Trial, lay_out, lay_out_done, live

AT_ONCE = 3 * (os.cpu_count() or 1)
"""Most of a life is waiting."""


class Laboratory:
    """Carries trials out in a folder, several at a time, in processes that imported vqd once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._base = folder / "base"
        self._bases: dict[str, Path] = {}
        self._lives = 0
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([live.__module__])
        self._pool = ProcessPoolExecutor(AT_ONCE, mp_context=context)
        self._pool.submit(lay_out, self._base).result()

    def record(self, kind: str) -> Told:
        """Let a job of a kind live untroubled, and give the points that it reaches."""
        (told,) = self.carry_out([Trial(kind)])
        return told

    def carry_out(self, trials: Iterable[Trial]) -> Iterator[Told]:
        """Give what became of each trial, as they end."""
        lives = [
            self._pool.submit(live, trial, self._base_of(trial.kind), self._fresh())
            for trial in trials
        ]
        for one in as_completed(lives):
            yield one.result()

    def close(self) -> None:
        """End it; nobody waits for what was not begun."""
        self._pool.shutdown(cancel_futures=True)

    def _base_of(self, kind: str) -> Path:
        """Give what the lives of a kind begin with; made once where that is a life itself."""
        if KINDS[kind].edited is None:
            return self._base
        if kind not in self._bases:
            before = self._fresh()
            before.mkdir()
            self._bases[kind] = before / "house"
            self._pool.submit(lay_out_done, kind, self._base, self._bases[kind]).result()
        return self._bases[kind]

    def _fresh(self) -> Path:
        self._lives += 1
        return self._folder / f"life-{self._lives}"


def trials_of(told: Told, fault: Fault) -> list[Trial]:
    """Give a trial of a fault for each instant at which it can strike, of a life that was told."""
    strikes = {
        Fault.KILL: _instants(told.reached),
        Fault.TORN: [*_unsynced(told.reached)],
        Fault.ENGINE: [point for point in told.reached if _HTTP.search(point)],
        Fault.POWER: [point for point in told.reached if _LASTING.match(point)],
        Fault.AWAY: [point for point in told.reached if _POSTED.search(point)],
        Fault.BOTH: _instants(told.reached),
    }
    return [Trial(told.trial.kind, fault, point) for point in dict.fromkeys(strikes[fault])]


def trials_again(told: Told) -> list[Trial]:
    """Give a trial for each instant at which the next daemon can be killed, too, of a life in which
    the first one was, and the next one's points were told."""
    return [replace(told.trial, then=point) for point in dict.fromkeys(_instants(told.reached))]


def _instants(reached: Sequence[str]) -> list[str]:
    """Leave out what is the same instant: before a call, and nothing was written since another of
    that thread."""
    return [
        point
        for earlier, point in pairwise(("", *reached))
        if not (_is_after(earlier) and _thread_of(earlier) == _thread_of(point))
        or _is_after(point)
        or _SYNCED.match(point)
    ]


def _unsynced(reached: Sequence[str]) -> Iterator[str]:
    """Give the points at which a file is written and not synced: before that is done, and where it
    gets its name without."""
    for point in reached:
        named = _NAMED.match(point)
        if _SYNCED.match(point) or (named and named.expand(_BEFORE_NAMED) not in reached):
            yield point


def _is_after(point: str) -> bool:
    return point.startswith("after ")


def _thread_of(point: str) -> str:
    return point.partition(" ")[2].partition(":")[0]


_SYNCED = re.compile(r"before \S+: sync ")
_NAMED = re.compile(r"after (\S+): replace to ([^/]+)/(\S+)")
_BEFORE_NAMED = r"after \1: sync \2/.\3.part"
_LASTING = re.compile(r"after \S+: (sync|commit|rename|replace|POST|GET /view) ")
_POSTED = re.compile(r" attempt: POST /prompt (sent|answered)")
_HTTP = re.compile(r" (sent|answered)( #\d+)?$")

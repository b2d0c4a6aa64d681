"""Settling: all that a tick writes into the queue, in one commit.

1. Attempts that ended become moves; what the loop owes the queue is written.
2. Jobs whose time has come are judged.
3. Free places get claims.

Where there is nothing to write, the queue is only read.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

import structlog

from vqd.domain.lifecycle import Move
from vqd.domain.queue import Prompt
from vqd.runner.choosing import Choosing
from vqd.runner.company import Company
from vqd.runner.conclude import BEYOND_ANY_DELAY_S, Ended, conclude
from vqd.runner.dispatch import Dispatch
from vqd.runner.due import Due
from vqd.runner.endings import Endings
from vqd.runner.jobfolders import JobFolders
from vqd.runner.judging import Judging
from vqd.runner.rescue import let_go
from vqd.runner.server import Server
from vqd.runner.telling import Telling
from vqd.store.store import Session, Store

_log = structlog.get_logger(__name__)


class Settling:
    """Brings the queue up to date. What it did not take is kept, and written with what comes next.

    Used by the loop's thread alone; `clock` gives UTC seconds.
    """

    def __init__(
        self,
        store: Store,
        folders: JobFolders,
        company: Company,
        *,
        endings: Endings,
        judging: Judging,
        choosing: Choosing,
        dispatch: Dispatch,
        telling: Telling,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._folders = folders
        self._company = company
        self._endings = endings
        self._judging = judging
        self._choosing = choosing
        self._dispatch = dispatch
        self._telling = telling
        self._clock = clock
        self._ended: list[Ended] = []
        self._owed: list[Callable[[Session], None]] = []

    def go_by(self, *, is_fair: bool) -> None:
        """Let the queue go by the rules that the settings have, with what is written next."""
        self._owed.append(lambda session: session.rules.keep(is_fair=is_fair))

    def tell_of_reach(self, homes: Collection[str]) -> None:
        """Have others know whose spools are mounted here, with what is written next."""
        self._owed.append(lambda session: session.leasing.tell_of_reach(homes))

    def put_back(self, prompt: Prompt) -> None:
        """Let a claimed prompt that could not be started wait again, with what is written next."""
        self._owed.append(partial(_put_back, prompt=prompt, now=self._clock()))

    def give_up(self, prompt: Prompt) -> None:
        """Cancel the job of a claimed prompt, as its folder is gone, with what is written next."""
        self._owed.append(partial(_give_up, prompt=prompt, now=self._clock()))

    def settle(self, free: Sequence[Server], now: float) -> Due:
        """Write what there is to write, and claims for `free`, which has a server for each place;
        give what the queue asks for then. `now` is monotonic seconds.

        Raises:
            VqdError: as `Store.write`.
        """
        self._ended.extend(self._take_ended())
        wall = self._clock()
        if not (self._ended or self._owed or free or self._company.finds_silent()):
            due = self._looked(wall)
            if due is not None:
                return due
        due = self._store.write(partial(self._write, free=free, now=wall))
        ended, self._ended, self._owed = self._ended, [], []
        for one, move in zip(ended, due.moves, strict=True):
            if move is None:
                self._disown(one)
            else:
                self._dispatch.drop(one.prompt)
                self._endings.follow(one, move, now)
        return due

    def _disown(self, ended: Ended) -> None:
        self._dispatch.drop(ended.prompt)
        _log.warning("prompt.disowned", job=ended.job, prompt=ended.prompt.key.number)

    def _take_ended(self) -> Iterator[Ended]:
        for assignment, ended in self._endings.take():
            if not assignment.is_elsewhere:
                self._telling.note([assignment.prompt.key.job_key])
            if ended is None:
                self._dispatch.drop(assignment.prompt)
            else:
                yield ended

    def _looked(self, now: float) -> Due | None:
        """Give what the queue asks for; None if there is something to write after all."""
        with self._store.reading() as session:
            due = Due.of(session, self._telling.news(session), now)
            is_stale = self._judging.is_stale(session, now)
        is_late = due.next_at is not None and due.next_at <= now
        return None if is_stale or is_late else due

    def _write(self, session: Session, *, free: Sequence[Server], now: float) -> Due:
        let_go(session, now=now)
        session.prompts.forget_delays(after=now + BEYOND_ANY_DELAY_S)
        mine = session.prompts.mine([one.prompt for one in self._ended])
        moves = [
            conclude(session, one, now=now) if one.prompt.key in mine else None
            for one in self._ended
        ]
        for write in self._owed:
            write(session)
        judged = self._judging.judge(session, now)
        session.leasing.reach(self._folders.reached(), by_depot=self._folders.has_depot)
        claimed = list(self._choosing.claims(session, free, now))
        news = self._telling.news(session)
        return Due.of(session, news, now, judged=judged, claimed=claimed, moves=moves)


def _put_back(session: Session, prompt: Prompt, now: float) -> None:
    if session.prompts.mine([prompt]):
        session.put_back(prompt.key, now=now)


def _give_up(session: Session, prompt: Prompt, now: float) -> None:
    session.cancel(prompt.key.job_key, now=now, why="its folder was deleted")
    if session.prompts.mine([prompt]):
        session.prompts.move(prompt.key, Move.CANCEL, now=now)

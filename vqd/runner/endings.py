"""Attempts that are over: heard of from their threads, concluded by the loop, and what follows from
them for servers and disks."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping

import structlog

from vqd.domain.lifecycle import Move
from vqd.domain.outcome import Failed, FailureCode, Outcome, Succeeded
from vqd.runner.assignment import Assignment
from vqd.runner.attempt import Attempt
from vqd.runner.conclude import BLAMED, Ended
from vqd.runner.figures import Counting
from vqd.runner.room import PARKED_AGAIN_S, Room
from vqd.runner.server import Server

GATHERED_S = 0.01
"""How long the loop is not woken for an attempt that is over, if it wakes soon anyway."""

_log = structlog.get_logger(__name__)


class Endings:
    """The attempts that ended since the loop last looked.

    `on_end` is called when there is one more, `on_lack` when a server turned out to lack something.
    """

    def __init__(
        self,
        servers: Mapping[str, Server],
        room: Room,
        counting: Counting,
        *,
        on_end: Callable[[], None],
        on_lack: Callable[[], None],
    ) -> None:
        self._servers = servers
        self._room = room
        self._counting = counting
        self._on_end = on_end
        self._on_lack = on_lack
        self._ended: queue.SimpleQueue[tuple[Attempt, Outcome | None, threading.Lock]]
        self._ended = queue.SimpleQueue()

    def add(self, attempt: Attempt, outcome: Outcome | None) -> None:
        """Note that an attempt is over; without an outcome it was abandoned. Any thread may.

        While its server has another prompt, this waits a moment: the loop is woken by the end of
        that there, and what it writes of both then is one commit.
        """
        untaken = threading.Lock()
        untaken.acquire()
        self._ended.put((attempt, outcome, untaken))
        if not (attempt.server.has_prompts and untaken.acquire(timeout=GATHERED_S)):
            self._on_end()

    def take(self) -> Iterator[tuple[Assignment, Ended | None]]:
        """Give what ended, each once, as it is to be concluded; None where it was abandoned."""
        while not self._ended.empty():
            attempt, outcome, untaken = self._ended.get()
            untaken.release()
            ended = None if outcome is None else self._of(attempt, outcome)
            yield attempt.assignment, ended

    def follow(self, ended: Ended, move: Move, now: float) -> None:
        """Have its server, or the disk, rest where the outcome says so, and count it with the
        `move` that was made; `now` is monotonic."""
        server, outcome = self._servers[ended.server], ended.outcome
        if ended.stray is not None:
            server.standing.add_stray(ended.stray)
        if isinstance(outcome, Succeeded):
            server.standing.refresh()
        elif ended.is_of_server:
            server.rest(now)
        elif outcome.code in BLAMED:
            server.standing.blame(ended.prompt.key.job_key, now)
        elif outcome.code is FailureCode.UNAVAILABLE:
            self._on_lack()
        elif outcome.code is FailureCode.DISK_FULL and outcome.node is not None:
            server.rest(now)  # it is the server's own disk
        elif outcome.code is FailureCode.DISK_FULL:
            self._room.refuse(outcome.message, now + PARKED_AGAIN_S)
        self._counting.concluded(ended, move)
        _log_ended(ended)

    def _of(self, attempt: Attempt, outcome: Outcome) -> Ended:
        assignment = attempt.assignment
        return Ended(
            assignment.prompt,
            assignment.job,
            assignment.plan.retry_limit,
            attempt.server.name,
            outcome,
            is_adopted=assignment.is_sent,
            stop_job_after=assignment.plan.stop_job_after,
            on_oom=assignment.plan.on_oom,
            needs=assignment.plan.schedule.needs,
            servers=[server.capability for server in self._servers.values()],
            has_rivals=self._has_rivals(attempt),
            workflow=assignment.plan.workflow,
        )

    def _has_rivals(self, attempt: Attempt) -> bool:
        """Tell whether another server that is up could be given what this attempt was given."""
        needs = attempt.assignment.plan.schedule.needs
        return any(
            server is not attempt.server
            and server.is_up
            and server.standing.is_trusted
            and server.capability.fits(needs)
            for server in self._servers.values()
        )


def _log_ended(ended: Ended) -> None:
    outcome = ended.outcome
    failed = outcome if isinstance(outcome, Failed) else None
    _log.info(
        "prompt.concluded",
        job=ended.job,
        prompt=ended.prompt.key.number,
        prompt_id=ended.prompt.prompt_id,
        attempt=ended.prompt.attempt,
        server=ended.server,
        outcome=failed.code if failed else "succeeded",
        message=failed.message if failed else None,
        seconds=None if outcome.seconds is None else round(outcome.seconds, 3),
    )

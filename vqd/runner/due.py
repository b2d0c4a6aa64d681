"""What the queue asks for when the loop ticks."""

from collections.abc import Sequence

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import Move
from vqd.domain.queue import Prompt
from vqd.runner.judging import Judged
from vqd.runner.server import Server
from vqd.runner.telling import News
from vqd.store.store import Session


@frozen
class Due:
    """What was done in the queue, and what it asks for now. Jobs are given by their keys."""

    judged: Sequence[Judged]
    """The jobs that were judged."""
    claimed: Sequence[tuple[Prompt, Server]]
    """The prompts that were claimed, each with its server."""
    moves: Sequence[Move | None]
    """The moves that concluded what ended, in that order; None for what is another daemon's."""
    stopping: Sequence[int]
    """The jobs that are cancelled, and of which prompts run."""
    closing: Sequence[tuple[int, str]]
    """The jobs to close, with their names."""
    next_at: float | None
    """When a prompt that waits may run, or a job is to be judged, in UTC seconds."""
    is_lacking: bool
    """Whether a job waits for what no server has."""
    news: News
    """The jobs of which something was heard."""

    @classmethod
    def of(
        cls,
        session: Session,
        news: News,
        now: float,
        *,
        judged: Sequence[Judged] = (),
        claimed: Sequence[tuple[Prompt, Server]] = (),
        moves: Sequence[Move | None] = (),
    ) -> "Due":
        """Give what this state of the queue asks for, beside what was done in it already."""
        times = (session.prompts.next_at(now), session.schedules.next_at())
        return cls(
            judged,
            claimed,
            moves,
            stopping=session.jobs.stopping(),
            closing=session.jobs.closing(),
            next_at=min((at for at in times if at is not None), default=None),
            is_lacking=session.schedules.is_lacking(),
            news=news,
        )

"""What the queue asks for when the loop ticks."""

from collections.abc import Sequence
from dataclasses import dataclass

from vqd.domain.lifecycle import Move
from vqd.domain.queue import Prompt
from vqd.runner.judging import Judged
from vqd.runner.server import Server
from vqd.runner.telling import News
from vqd.store.store import Session


@dataclass(frozen=True, slots=True)
class Due:
    """What the queue asks for now: jobs by key, those to close with their names; `next_at` is when
    a prompt that waits may run, or a job is to be judged; `is_lacking` that one waits for what no
    server has. `moves` are those that concluded what ended, None for what is another daemon's by
    now."""

    judged: Sequence[Judged]
    claimed: Sequence[tuple[Prompt, Server]]
    moves: Sequence[Move | None]
    stopping: Sequence[int]
    closing: Sequence[tuple[int, str]]
    next_at: float | None
    is_lacking: bool
    news: News

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

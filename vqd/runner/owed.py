"""What the loop owes the queue, written with whatever is written next."""

from vqd.domain.lifecycle import Move
from vqd.domain.queue import Prompt
from vqd.store.store import Session


def go_by(session: Session, *, is_fair: bool) -> None:
    """Let the queue go by the rules that the settings have."""
    session.rules.keep(is_fair=is_fair)


def put_back(session: Session, prompt: Prompt, now: float) -> None:
    """Let a prompt wait again that was claimed and could not be started."""
    if session.leasing.mine([prompt.key]):
        session.put_back(prompt.key, now=now)


def give_up(session: Session, prompt: Prompt, now: float) -> None:
    """Cancel the job of a prompt that was claimed, and whose folder is gone."""
    session.cancel(prompt.key.job_key, now=now, why="its folder was deleted")
    if session.leasing.mine([prompt.key]):
        session.prompts.move(prompt.key, Move.CANCEL, now=now)

"""The attempts at one prompt, as its events tell of them."""

from collections.abc import Iterable
from dataclasses import replace

from vqd.domain.frozen import frozen
from vqd.domain.queue import Event

RUNNING = "running"
PUT_BACK = "put_back"
"""The outcome of an attempt that was not begun, since the job's folder could not be reached."""


@frozen
class AttemptRecord:
    """One attempt. `attempt` counts from 1; `outcome` is `succeeded`, `cancelled`, a failure code,
    `running` or `put_back`. `started_at` is when the prompt was given to the server, and `seconds`
    are from then to its end; None while it runs. `step` is what of `on_oom` was tried next."""

    attempt: int
    server: str
    started_at: float
    seconds: float | None = None
    outcome: str = RUNNING
    message: str | None = None
    step: str | None = None


def attempts_of(events: Iterable[Event]) -> tuple[AttemptRecord, ...]:
    """Give the attempts that the events of one prompt tell of, in order."""
    found: list[AttemptRecord] = []
    for event in events:
        if event.kind == "prompt.claimed":
            server = str(event.facts.get("server", ""))
            found.append(AttemptRecord(len(found) + 1, server, event.at))
        elif event.kind in _ENDS and found and found[-1].outcome == RUNNING:
            found[-1] = _ended(found[-1], event)
    return tuple(found)


_ENDS = ("prompt.succeeded", "prompt.failed", "prompt.requeued", "prompt.cancelled")


def _ended(attempt: AttemptRecord, event: Event) -> AttemptRecord:
    verb = event.kind.partition(".")[2]
    is_good = verb in ("succeeded", "cancelled")
    return replace(
        attempt,
        seconds=round(event.at - attempt.started_at, 3),
        outcome=verb if is_good else str(event.facts.get("code", PUT_BACK)),
        message=_text(event, "message"),
        step=_text(event, "step"),
    )


def _text(event: Event, name: str) -> str | None:
    fact = event.facts.get(name)
    return None if fact is None else str(fact)

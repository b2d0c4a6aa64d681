"""What follows from an outcome: one table of remedies, then one move."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType

from vqd.domain.frozen import frozen
from vqd.domain.ladder import Step, next_step
from vqd.domain.lifecycle import Move
from vqd.domain.needs import Capability, Needs
from vqd.domain.outcome import Failed, FailureCode, Outcome, Succeeded
from vqd.domain.queue import Downed, Prompt
from vqd.store.store import Session


class Remedy(Enum):
    """What is done about a failure."""

    FAIL = "the prompt has failed"
    RETRY = "it is tried again, and counted"
    REQUEUE = "it is tried again, and not counted"
    PARK = "it waits for what its server lacks, is tried again later and later, and not counted"


REMEDIES: Mapping[FailureCode, Remedy] = MappingProxyType(
    {
        FailureCode.INVALID: Remedy.FAIL,
        FailureCode.UNAVAILABLE: Remedy.PARK,
        FailureCode.REFUSED: Remedy.FAIL,
        FailureCode.UNREACHABLE: Remedy.REQUEUE,
        FailureCode.LOST: Remedy.REQUEUE,
        FailureCode.NODE_ERROR: Remedy.RETRY,
        FailureCode.OUT_OF_MEMORY: Remedy.RETRY,
        FailureCode.TIMED_OUT: Remedy.RETRY,
        FailureCode.STALLED: Remedy.RETRY,
        FailureCode.BAD_OUTPUT: Remedy.RETRY,
        FailureCode.INTERRUPTED: Remedy.FAIL,
        FailureCode.QUARANTINED: Remedy.FAIL,
        FailureCode.WITHDRAWN: Remedy.REQUEUE,
        FailureCode.DISK_FULL: Remedy.REQUEUE,
    }
)

AWAY = frozenset({FailureCode.UNREACHABLE, FailureCode.LOST})
"""Failures after which the server is left alone for a while."""

GIVEN_UP = frozenset({FailureCode.UNREACHABLE, FailureCode.TIMED_OUT, FailureCode.STALLED})
"""Failures of a prompt that its server may have or run all the same."""

BLAMED = frozenset(
    {
        FailureCode.NODE_ERROR,
        FailureCode.OUT_OF_MEMORY,
        FailureCode.TIMED_OUT,
        FailureCode.STALLED,
        FailureCode.BAD_OUTPUT,
    }
)
"""Failures of a prompt that may be its server's fault: several jobs in a row, and it is avoided."""

NOTHING = Needs()

LOOKED_AT_S = 10.0
"""In this time the servers, of which one turns out to lack something, were looked at again. What
these looks tell holds the prompt; where they do not, it waits twice as long after each attempt."""
_DOUBLED = 5
"""How often that is doubled at most."""
BEYOND_ANY_DELAY_S = 900.0
"""No prompt waits so long for its next attempt, by whichever host's clock."""

QUARANTINED_AFTER = 2
"""A prompt that took so many servers down is not sent to another."""


@frozen
class Ended:
    """An attempt that is over; `is_adopted` tells that an earlier process had begun it.

    After `stop_job_after` failed prompts the rest of the job is cancelled. `on_oom` is what is
    tried when memory does not suffice, with `servers` as they are, and the `needs` of the job.
    `has_rivals` tells that another server could be given the prompt now.
    """

    prompt: Prompt
    job: str
    retry_limit: int
    server: str
    outcome: Outcome
    is_adopted: bool = False
    stop_job_after: int | None = None
    on_oom: Sequence[Step] = ()
    needs: Needs = NOTHING
    servers: Sequence[Capability] = ()
    has_rivals: bool = False
    workflow: str = ""

    @property
    def is_of_server(self) -> bool:
        """Tell whether it failed of its server, and not of what went before this process."""
        if isinstance(self.outcome, Succeeded) or self.outcome.code not in AWAY:
            return False
        return self.outcome.code is not FailureCode.LOST or not self.is_adopted

    @property
    def stray(self) -> str | None:
        """Give the prompt_id if the server may have the prompt all the same."""
        is_given_up = isinstance(self.outcome, Failed) and self.outcome.code in GIVEN_UP
        return self.prompt.prompt_id if is_given_up else None


def conclude(session: Session, ended: Ended, *, now: float) -> Move:
    """Make the move that follows from an attempt's end, and tell which."""
    prompt, outcome = ended.prompt, ended.outcome
    before_at = session.servers.ended_at(ended.server)
    session.servers.tally(ended.server, outcome, now=now)
    if ended.stray is not None:
        session.servers.add_stray(ended.server, ended.stray, now=now)
    if isinstance(outcome, Succeeded):
        turn_s = _turn_s(prompt, outcome, before_at, now)
        session.prompts.succeed(prompt.key, outcome, now=now, turn_s=turn_s)
        if outcome.parcel is not None:
            session.depot.send(prompt.key, outcome.parcel)
        return Move.SUCCEED
    if session.jobs.is_cancelled(prompt.key.job_key):
        session.prompts.move(prompt.key, Move.CANCEL, now=now)
        return Move.CANCEL
    if outcome.code is FailureCode.OUT_OF_MEMORY and ended.on_oom:
        return _climb(session, ended, outcome, now)
    if outcome.server_died:
        outcome = _after_death(session, ended, outcome, now)
    remedy = remedy_for(outcome, prompt, ended.retry_limit)
    if remedy is Remedy.FAIL:
        return _fail(session, ended, outcome, now)
    delay_s = _delay_s(prompt, remedy)
    session.prompts.move(
        prompt.key,
        Move.REQUEUE,
        now=now,
        strike=int(remedy is Remedy.RETRY),
        not_before_at=now + delay_s if delay_s else 0.0,
        shuns=ended.server if delay_s and ended.has_rivals else None,
        code=outcome.code,
        message=outcome.message,
    )
    return Move.REQUEUE


def _turn_s(
    prompt: Prompt, outcome: Succeeded, before_at: float | None, now: float
) -> float | None:
    """Give for how long a prompt kept its server from the next: from when it was given to it, or
    from the end of the one before, `before_at`, if that was later. None where that is not known.

    It never took longer than the attempt did, whatever the clock on the wall did meanwhile.
    """
    if outcome.took_s is None or prompt.claimed_at is None:
        return None
    turn_s = now - max(prompt.claimed_at, before_at or 0.0)
    return turn_s if 0.0 <= turn_s <= outcome.took_s else outcome.took_s


def _after_death(session: Session, ended: Ended, outcome: Failed, now: float) -> Failed:
    """Note that a server died of a prompt, perhaps; give what it failed of for good, if so."""
    downed = (*ended.prompt.downed, Downed(ended.server, now, outcome.node))
    session.prompts.note_downed(ended.prompt.key, downed)
    if len(downed) < QUARANTINED_AFTER:
        return outcome
    told = "; ".join(_death_told(one) for one in downed)
    said = (
        f"Servers died while they ran it, so no other is sent it: {told}. Their logs of then tell."
    )
    return Failed(FailureCode.QUARANTINED, said, outcome.node)


def _death_told(downed: Downed) -> str:
    at = datetime.fromtimestamp(downed.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{downed.server} at {at}" + (f" in node {downed.node}" if downed.node else "")


def _climb(session: Session, ended: Ended, outcome: Failed, now: float) -> Move:
    """Let a prompt try the next step of its ladder; it has failed when there is none."""
    prompt = ended.prompt
    height = next_step(ended.on_oom, prompt.step, ended.needs, ended.servers)
    if height is None:
        return _fail(session, ended, outcome, now)
    step = ended.on_oom[height - 1]
    session.prompts.climb(prompt.key, height, step.route and ended.needs.joined(step.route))
    session.prompts.move(
        prompt.key,
        Move.REQUEUE,
        now=now,
        strike=0,
        not_before_at=0.0,
        code=outcome.code,
        message=outcome.message,
        step=step.said,
    )
    return Move.REQUEUE


def _fail(session: Session, ended: Ended, outcome: Failed, now: float) -> Move:
    session.prompts.fail(ended.prompt.key, outcome, now=now)
    _stop_job(session, ended, now)
    return Move.FAIL


def _stop_job(session: Session, ended: Ended, now: float) -> None:
    """Cancel what is left of a job of which too much has failed."""
    job_key, limit = ended.prompt.key.job_key, ended.stop_job_after
    if limit is not None and session.jobs.failed(job_key) >= limit:
        why = f"{limit} of its prompts failed (retry.stop_job_after)"
        session.cancel(job_key, now=now, why=why)


def remedy_for(outcome: Failed, prompt: Prompt, retry_limit: int) -> Remedy:
    """Look the failure up, and apply the limit."""
    remedy = REMEDIES[outcome.code]
    is_used_up = remedy is Remedy.RETRY and prompt.strikes >= retry_limit
    return Remedy.FAIL if is_used_up else remedy


def _delay_s(prompt: Prompt, remedy: Remedy) -> float:
    if remedy is Remedy.PARK:
        return LOOKED_AT_S * (1 << min(prompt.attempt - 1, _DOUBLED))
    return float(min(2**prompt.strikes, 60)) if remedy is Remedy.RETRY else 0.0

"""When a job may start: what its job file asks for, and what follows from it at a given moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import tzinfo

from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES, PROOF_MADE, SUSPENDED, JobState
from vqd.domain.needs import Capability, Needs, lacks
from vqd.domain.times import duration, written
from vqd.domain.window import Window


@frozen
class Schedule:
    """What a job file says of when its prompts may run. Times are UTC seconds.

    `after` holds the names of jobs, or JOBs, that must be done first; `max_parallel` is the most
    prompts that run at once.
    """

    suspended: bool = False
    not_before_at: float | None = None
    window: str | None = None
    max_parallel: int | None = None
    after: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)


@frozen
class Awaited:
    """A job that another one waits for: `name` as it was asked for, `state` None if there is none.

    `is_waiting_back` tells that it waits for the other in its turn.
    """

    name: str
    state: JobState | None
    is_waiting_back: bool = False

    @property
    def said(self) -> str | None:
        """Say why it is still waited for; None if it is done."""
        if self.state is JobState.DONE:
            return None
        about = f"waits for the job {self.name}"
        if self.state is None:
            return f"{about}: there is none of that name yet"
        if self.state in CLOSED_STATES:
            how = "failed" if self.state is JobState.FAILED else "was cancelled"
            return f"{about}, which {how}: it goes on when that is retried and done"
        if self.is_waiting_back:
            return f"{about}, which waits for this one: cancel one of the two"
        return about


@frozen
class Standing:
    """All that decides whether a job may start now, as the queue remembers it.

    `requires` are the keys of what its prompts that wait require, of which a server must have one.
    `expected_s` is how long a prompt of its workflow takes, None where none was measured.
    `is_proof_made` tells that its proof is over and waits for an approval.
    """

    is_suspended: bool = False
    is_proof_made: bool = False
    not_before_at: float | None = None
    window: str | None = None
    needs: Needs = field(default_factory=Needs)
    requires: tuple[int, ...] = ()
    awaited: Sequence[Awaited] = ()
    deadline_at: float | None = None
    expected_s: float | None = None

    def is_overdue(self, now: float) -> bool:
        """Tell whether it should have been done by now."""
        return self.deadline_at is not None and self.deadline_at <= now


@frozen
class Conditions:
    """What the daemon's settings and servers allow. `zone` None is the machine's own."""

    windows: Mapping[str, Window] = field(default_factory=dict)
    capabilities: Sequence[Capability] = ()
    zone: tzinfo | None = None


@frozen
class Judgement:
    """Whether a job may start: `hold` says why not. `next_at` is when to judge again, if ever.

    `is_of_servers` tells that no server is there for what waits of it: what runs goes on.
    `is_lack` tells that another look at what the servers have may change that.
    """

    hold: str | None = None
    next_at: float | None = None
    is_of_servers: bool = False
    is_lack: bool = False


def judge(standing: Standing, conditions: Conditions, now: float) -> Judgement:
    """Judge a job at a moment. What only a change of another kind can alter has no `next_at`."""
    judged = next(_holds(standing, conditions, now), None)
    if judged is None:
        judged = _in_window(standing, conditions, now)
    deadline_at = standing.deadline_at
    times = [at for at in (judged.next_at, deadline_at) if at is not None and at > now]
    return Judgement(judged.hold, min(times, default=None))


def _holds(standing: Standing, conditions: Conditions, now: float) -> Iterator[Judgement]:
    if standing.is_suspended:
        yield Judgement(SUSPENDED)
    if standing.is_proof_made:
        yield Judgement(PROOF_MADE)
    for awaited in standing.awaited:
        if awaited.said is not None:
            yield Judgement(awaited.said)
    if standing.not_before_at is not None and standing.not_before_at > now:
        until = written(standing.not_before_at, conditions.zone)
        yield Judgement(f"waits until {until}", standing.not_before_at)
    lacking = lacks(standing.needs, conditions.capabilities)
    if lacking is not None:
        yield Judgement(lacking)


def _in_window(standing: Standing, conditions: Conditions, now: float) -> Judgement:
    name, takes_s = standing.window, standing.expected_s or 0.0
    if name is None:
        return Judgement()
    window = conditions.windows.get(name)
    if window is None:
        return Judgement(f"its window {name} is not in the settings any more")
    span = window.span(now, conditions.zone)
    if span.opens_at <= now < span.closes_at - takes_s:
        return Judgement(None, span.closes_at - takes_s)
    coming = span if span.opens_at > now else window.span(span.closes_at, conditions.zone)
    opens = f"(opens {written(coming.opens_at, conditions.zone, now)})"
    if takes_s >= coming.seconds:
        lengths = f"about {duration(takes_s)}, the window {duration(coming.seconds)}"
        said = f"too long for its window {name}: a prompt takes {lengths}"
    elif coming is span:
        said = f"outside its window {name} {opens}"
    else:
        said = f"too late for its window {name}: a prompt takes longer than is left {opens}"
    return Judgement(said, coming.opens_at)

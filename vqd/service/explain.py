"""Why a job is where it is: one plain sentence for each group of prompts that wait or have failed.

1. What is over is told with what failed of it, each kind of failure once.
2. What waits is told with whatever stops the whole queue, then with what holds the job, then with
   what holds a part of it; if nothing of that does, it waits for its turn.
"""

from collections.abc import Iterator, Sequence

from vqd.domain.attempts import AttemptRecord
from vqd.domain.frozen import frozen
from vqd.domain.host import Host
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.names import printable
from vqd.domain.needs import Needs
from vqd.domain.outcome import FailureCode
from vqd.domain.pending import Retried
from vqd.domain.queue import Job
from vqd.domain.server import ServerRecord
from vqd.domain.times import written
from vqd.service.cures import cure_of_failure, hold_of
from vqd.service.facts import Facts, Group
from vqd.service.reach import arriving

MOST_TOLD = 20
"""Faults of a job file, and kinds of failures, that are told one by one."""


@frozen
class Reason:
    """Why `prompts` of a job are where they are, in a sentence without its full stop; `since_at` it
    has been so. The `cure` is what would change it, in whole sentences. `attempts` are those at the
    first of the prompts. `code` names it for programs."""

    code: str
    said: str
    cure: str = ""
    prompts: int = 0
    since_at: float | None = None
    attempts: tuple[AttemptRecord, ...] = ()


@frozen
class Stop:
    """What keeps everything from being sent to any server: why, and what would change it."""

    code: str
    said: str
    cure: str


def explain(facts: Facts, stops: Sequence[Stop], now: float) -> list[Reason]:
    """Give the reasons, those for what waits first. `now` is UTC seconds."""
    job = facts.job
    if job.state in CLOSED_STATES:
        return [*_closed(facts), *_failed(facts)]
    if job.state in (JobState.ASSEMBLING, JobState.PUBLISHING):
        return [_on_its_way(facts, stops), *_without_home(facts), *_rejected(job), *_failed(facts)]
    waits = _waiting(facts, stops, now) if job.counts.pending else ()
    goes = [*_running(facts, now), *_on_the_way(facts), *_without_home(facts)]
    return [*waits, *goes, *_failed(facts)]


def _closed(facts: Facts) -> Iterator[Reason]:
    job, counts = facts.job, facts.job.counts
    again = f"To run what has not succeeded: vqd retry {job.job}."
    if job.problems:
        yield from _rejected(job)
    elif job.state is JobState.DONE:
        about = "its only prompt" if counts.total == 1 else f"all {counts.total} prompts"
        yield Reason("done", f"It is done: {about} succeeded", "", 0, job.finished_at)
    elif job.state is JobState.CANCELLED or not counts.failed:
        said = f"It was {job.reason or 'cancelled'}".removesuffix(".")
        yield Reason("cancelled", said, again, counts.cancelled, job.finished_at)
    elif job.is_brief:
        said = f"It failed: {job.reason or f'{counts.failed} of {counts.total} prompts did'}"
        cure = f"WHY.txt in its folder says of what. {again}"
        yield Reason("failed", said, cure, counts.failed, job.finished_at)
    if job.is_brief:
        yield Reason("brief", "Its prompts and events are not remembered any more (keep)")


def _rejected(job: Job) -> Iterator[Reason]:
    mend = f"Mend {job.job_file.name} in its folder, and move the folder back into the inbox."
    told = job.problems[:MOST_TOLD]
    for problem in told:
        cure = mend if problem is told[-1] else ""
        yield Reason(problem.code, problem.in_full.removesuffix("."), cure, 0, job.finished_at)


def _on_its_way(facts: Facts, stops: Sequence[Stop]) -> Reason:
    job = facts.job
    cure = " ".join([stop.cure for stop in stops]) or "It goes on by itself."
    if job.state is JobState.ASSEMBLING:
        return Reason("assembling", "It is being taken into the queue", cure)
    if job.hold:
        kind = hold_of(job.hold)
        said = f"Every prompt is over, but its folder waits: {job.hold.removeprefix('parked: ')}"
        return Reason(kind.code, said, kind.cure_for(job.job))
    said = "Every prompt is over, and its folder is being laid out"
    return Reason("publishing", said, cure)


def _waiting(facts: Facts, stops: Sequence[Stop], now: float) -> Iterator[Reason]:
    job = facts.job
    who = _wait(job.counts.pending)
    for stop in stops:
        yield Reason(stop.code, f"{who}, because {stop.said}", stop.cure, job.counts.pending)
    if job.cancel_requested_at is not None:
        return
    if job.hold is not None:
        yield _held(facts, job.hold)
    elif not stops:
        yield from _parts(facts, now)


def _held(facts: Facts, hold: str) -> Reason:
    job, kind = facts.job, hold_of(hold)
    who = _wait(job.counts.pending)
    said = f"{who}, because {kind.because}" if kind.because else _after(who, hold)
    cure = kind.cure_for(job.job)
    since_at = max(facts.held_at or 0.0, job.accepted_at)  # its file alone may have held it
    return Reason(kind.code, said, cure, job.counts.pending, since_at)


def _after(who: str, hold: str) -> str:
    """Give a hold as the end of a sentence that says already that something waits."""
    if hold.startswith("waits "):
        return f"{who} {hold.removeprefix('waits ')}"
    return f"{who}: {hold.removeprefix('waiting: ')}"


def _parts(facts: Facts, now: float) -> Iterator[Reason]:
    pending = facts.pending
    for group in facts.groups:
        yield _in_line(facts, group, now)
    yield from _out_of_reach(facts)
    if pending.behind_proof:
        said = f"{_wait(pending.behind_proof)} until the proof is made and approved of"
        cure = "The proof is being made; then look at proof.html in its folder."
        yield Reason("behind_proof", said, cure, pending.behind_proof)
    if pending.retried is not None:
        yield _retried(facts, pending.retried, now)
    for routed in pending.routed:
        needs = _needs(routed.needs)
        said = f"{_wait(routed.prompts)} for a server with {needs} that is free"
        cure = "Memory did not suffice elsewhere (on_oom). It starts by itself when one is free."
        yield Reason("routed", said, cure, routed.prompts)


def _in_line(facts: Facts, group: Group, now: float) -> Reason:
    """Say why prompts wait that might run at once."""
    job, pending = facts.job, facts.pending
    who = _wait(group.prompts)
    if group.lacks:
        cure = hold_of("waiting: ").cure_for(job.job)
        return Reason("unavailable", f"{who}: {group.lacks}", cure, group.prompts)
    if not any(facts.may_take(one) for one in group.able):
        return _no_server(facts, group, now)
    if pending.max_parallel is not None and job.counts.running >= pending.max_parallel:
        said = f"{who}: no more than {pending.max_parallel} of this job may run at once"
        cure = "It goes on as they end; schedule.max_parallel in the job file says how many."
        return Reason("max_parallel", said, cure, group.prompts)
    if facts.ahead.jobs:
        before = f"{_several(facts.ahead.jobs, 'job')} with {facts.ahead.prompts:,} waiting"
        come = "comes" if facts.ahead.jobs == 1 else "come"
        cure = f"It goes on by itself; vqd priority {job.job} 80 lets it overtake."
        return Reason("ahead", f"{who}: {before} {come} first", cure, group.prompts)
    if facts.ahead.beside:
        others = _several(facts.ahead.beside, "job")
        share = "shares" if facts.ahead.beside == 1 else "share"
        said = f"{who} in turn: {others} of the same priority {share} the servers with this one"
        cure = f"It goes on by itself; vqd priority {job.job} 80 lets it overtake."
        return Reason("beside", said, cure, group.prompts)
    return Reason(
        "turn",
        f"{who} for a free place on a server; nothing comes before",
        "It goes on by itself.",
        group.prompts,
    )


def _no_server(facts: Facts, group: Group, now: float) -> Reason:
    """Say that no server of those that can carry prompts out is there, or may have them."""
    obstacles = [facts.obstacle(one) for one in group.able if one.takes_prompts]
    if (first := next((one for one in obstacles if one is not None), None)) is not None:
        said = f"{_wait(group.prompts)}: no server that can run this is up and reaches its files"
        return Reason("out_of_reach", said, first.cure, group.prompts)
    cure = "It goes on by itself when one is back; vqd servers shows them."
    said = f"{_wait(group.prompts)}: {_away(facts, group, now)}"
    return Reason("no_server", said, cure, group.prompts)


def _out_of_reach(facts: Facts) -> Iterator[Reason]:
    """Say of each host that could carry prompts out why it takes none of them."""
    for one in facts.out_of_reach:
        groups = [group for group in facts.groups if _could(one.host, group)]
        if groups:
            said = f"Host {one.host.name} takes none of them: {one.said}"
            yield Reason("out_of_reach", said, one.cure, sum(group.prompts for group in groups))


def _could(host: Host, group: Group) -> bool:
    return any(one.takes_prompts and one.home == host.home for one in group.able)


def _away(facts: Facts, group: Group, now: float) -> str:
    """Say that no server of those that can carry prompts out is there."""
    told = [_state_of(one, now) for one in group.able or facts.servers]
    if not told:
        return "no server was seen yet"
    only = " that can run this" if len(group.able) < len(facts.servers) else ""
    return f"no server{only} is up; {', '.join(told)}"


def _state_of(record: ServerRecord, now: float) -> str:
    since = f" since {written(record.since_at, None, now)}" if record.since_at else ""
    said = f" ({record.said.removesuffix('.')})" if record.said else ""
    return f"{record.server} is {record.state}{since}{said}"


def _retried(facts: Facts, retried: Retried, now: float) -> Reason:
    last = facts.retried[-1] if facts.retried else None
    who = _wait(retried.prompts)
    at = written(retried.next_at, None, now)
    why = f" after {_of_attempt(last)}" if last else ""
    is_lack = last is not None and last.outcome == FailureCode.UNAVAILABLE
    return Reason(
        "retry",
        f"{who} until {at} to be tried again{why}",
        "It is tried again by itself, so often as retry.limit says." if not is_lack else _OF_LACK,
        retried.prompts,
        last.started_at + (last.seconds or 0.0) if last else None,
        facts.retried,
    )


_OF_LACK = "It is tried again until a server has that; vqd models shows what each has."


def _of_attempt(attempt: AttemptRecord) -> str:
    message = f": {printable(attempt.message).removesuffix('.')}" if attempt.message else ""
    return f"{attempt.outcome} on {attempt.server}{message}"


def _running(facts: Facts, now: float) -> Iterator[Reason]:
    job = facts.job
    if not facts.running:
        return
    names = sorted({prompt.server or "" for prompt in facts.running})
    told = {one.server: one for one in facts.servers}
    away = [told[name] for name in names if name in told and not told[name].takes_prompts]
    many = len(facts.running)
    where = ", ".join(_where(name, told.get(name)) for name in names)
    said = f"{_several(many, 'prompt')} {'is' if many == 1 else 'are'} on {where}"
    if away:
        said += f"; {', '.join(_state_of(one, now) for one in away)}"
    if job.cancel_requested_at is not None:
        said += ", and being stopped there"
    homes = {told[name].home for name in names if name in told}
    for one in facts.out_of_reach:
        if one.is_away and one.host.home in homes:
            said += f"; host {one.host.name} keeps what is made there, for {one.said}"
    first_at = min((one.claimed_at for one in facts.running if one.claimed_at), default=None)
    yield Reason("running", said, "", many, first_at)


def _on_the_way(facts: Facts) -> Iterator[Reason]:
    for said, cure in arriving(facts.job, facts.home):
        yield Reason("on_the_way", said, cure, facts.job.on_the_way)


def _without_home(facts: Facts) -> Iterator[Reason]:
    """Say that a job is not closed for now, as the host where it is at home is not there."""
    home = facts.home
    if home is not None and home.state != "heard":
        said = f"It is at home on host {home.name}, which is {home.state}"
        cure = "Others go on with it as far as they reach its files. It closes once that is back."
        yield Reason("without_home", said, cure)


def _where(server: str, record: ServerRecord | None) -> str:
    return f"{server} of host {record.host}" if record is not None and record.host else server


def _failed(facts: Facts) -> Iterator[Reason]:
    for tried in facts.failed:
        first, prompts = tried.alike.first, tried.alike.prompts
        code = first.failure_code or "failed"
        who = f"Prompt {first.key.number}" if prompts == 1 else f"{prompts:,} prompts"
        said = f"{who} failed: {code}: {printable(first.failure_message or '').removesuffix('.')}"
        cure = cure_of_failure(code, facts.job.job)
        yield Reason(code, said, cure, prompts, first.ended_at, tried.attempts)
    left = facts.job.counts.failed - sum(tried.alike.prompts for tried in facts.failed)
    if left and not facts.job.is_brief:
        yield Reason("failed", f"{_several(left, 'more prompt')} failed of other things", "", left)


def _needs(needs: Needs) -> str:
    parts = [f"the tag {tag}" for tag in needs.tags]
    if needs.vram_gb is not None:
        parts.append(f"{needs.vram_gb:g} GB of VRAM")
    return " and ".join(parts) or "room"


def _wait(number: int) -> str:
    return "1 prompt waits" if number == 1 else f"{number:,} prompts wait"


def _several(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"

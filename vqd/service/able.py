"""Which servers can carry out the prompts of a job that wait, and what none of them has."""

from collections.abc import Mapping, Sequence

from vqd.domain.needs import Needs
from vqd.domain.queue import Job
from vqd.domain.requirement import Lack, lacks, said_lacking
from vqd.domain.server import ServerRecord
from vqd.service.facts import Group
from vqd.store.store import Session


def groups(
    session: Session, job: Job, servers: Sequence[ServerRecord], ready: int, now: float
) -> list[Group]:
    """Give the `ready` prompts of a job, which may run at `now`, by the servers that can carry them
    out.

    A server whose catalogue is not known may be able to; that it is not up does not count.
    """
    needs = job.plan.schedule.needs if job.plan else Needs()
    meeting = [one for one in servers if one.capability.fits(needs)]
    nowhere = "no server" if len(meeting) == len(servers) else "no server that has what it needs"
    hashes = session.catalogue.hashes()
    found: dict[tuple[tuple[ServerRecord, ...], str], int] = {}
    for key, prompts in session.pending.by_requirement(job.job_key, ready, now).items():
        lacking = _lacking(session, [one.server for one in meeting], hashes, key)
        able = tuple(one for one in meeting if not lacking[one.server])
        said = "" if able or not meeting else said_lacking(lacking, session.catalogue, nowhere)
        found[able, said] = found.get((able, said), 0) + prompts
    return [Group(prompts, able, said) for (able, said), prompts in found.items()]


def _lacking(
    session: Session, servers: Sequence[str], hashes: Mapping[str, str], requirement_key: int
) -> dict[str, tuple[Lack, ...]]:
    """Give what each server lacks; of those that told the same, one is looked at."""
    by_hash: dict[str, tuple[Lack, ...]] = {}
    for server in servers:
        told = hashes.get(server)
        if told is not None and told not in by_hash:
            requirement = session.requirements.get(requirement_key)
            by_hash[told] = lacks(requirement, server, session.catalogue)
    return {server: by_hash.get(hashes.get(server, ""), ()) for server in servers}

"""Which servers can carry out the prompts of a job that wait, and what none of them has."""

from collections.abc import Sequence

from vqd.domain.needs import Needs
from vqd.domain.queue import Job
from vqd.domain.requirement import Lack, lacks, said_lacking
from vqd.domain.server import ServerRecord
from vqd.service.facts import Group
from vqd.store.store import Session


def groups(session: Session, job: Job, servers: Sequence[ServerRecord], now: float) -> list[Group]:
    """Give the prompts of a job that may run at `now`, by the servers that can carry them out.

    A server whose catalogue is not known may be able to; that it is not up does not count.
    """
    needs = job.plan.schedule.needs if job.plan else Needs()
    meeting = [one for one in servers if one.capability.fits(needs)]
    nowhere = "no server" if len(meeting) == len(servers) else "no server that has what it needs"
    found: dict[tuple[tuple[ServerRecord, ...], str], int] = {}
    for key, prompts in session.pending.by_requirement(job.job_key, now).items():
        lacking = {one.server: _lacks(session, one.server, key) for one in meeting}
        able = tuple(one for one in meeting if not lacking[one.server])
        said = "" if able or not meeting else said_lacking(lacking, session.catalogue, nowhere)
        found[able, said] = found.get((able, said), 0) + prompts
    return [Group(prompts, able, said) for (able, said), prompts in found.items()]


def _lacks(session: Session, server: str, requirement_key: int) -> tuple[Lack, ...]:
    if session.catalogue.sha256(server) is None:
        return ()
    return lacks(session.requirements.get(requirement_key), server, session.catalogue)

"""The queue at a glance, read beside the daemon: what `vqd status` and `vqd list` show.

Light to import, so that they start quickly.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vqd.cli.condition import condition_of
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.service.overview import open_overviews
from vqd.service.shapes.hosts import host_shape
from vqd.service.shapes.jobs import job_shape
from vqd.service.shapes.queue import QueueShape, standing_shape
from vqd.settings.standing import told as settings_said
from vqd.spool.waiting import waiting_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vqd.cli.share import Share
    from vqd.domain.listing import JobFilter, ListedJob
    from vqd.service.shapes.jobs import JobShape
    from vqd.settings.site import Site


def queue(site: Site, share: Share) -> QueueShape:
    """Give the queue at a glance; of a share that does not answer, that it is away."""
    condition, now = condition_of(site, share), time.time()
    with open_overviews(site.queue_place) as overviews:
        seen = overviews.overview(now)
        heard_by = time.time()
        finishes = {} if condition.is_halted else overviews.finishes(seen.jobs, now)
    spool = share.if_answering()
    return QueueShape(
        daemon=condition.runs,
        away=condition.away,
        paused=condition.is_paused,
        parked=condition.parked,
        settings_said=settings_said(site.state_dir),
        servers=[standing_shape(server) for server in seen.servers],
        hosts=[host_shape(host, heard_by) for host in seen.hosts],
        jobs=[job_shape(job, finishes.get(job.job_key)) for job in seen.jobs],
        waiting=[*waiting_in(spool.inbox)] if spool else [],
    )


def jobs(site: Site, share: Share, asked: JobFilter, *, limit: int) -> list[JobShape]:
    """Give the newest jobs that fit."""
    with open_overviews(site.queue_place) as overviews:
        found = overviews.newest(asked, limit=limit)
    return shapes(site, share, found)


def shapes(site: Site, share: Share, found: Sequence[ListedJob]) -> list[JobShape]:
    """Give jobs for programs, with when each will be done where nothing keeps the queue."""
    going = [job for job in found if job.state not in CLOSED_STATES]
    if going and condition_of(site, share).is_halted:
        going = []
    with open_overviews(site.queue_place) as overviews:
        finishes = overviews.finishes(going, time.time())
    return [job_shape(job, finishes.get(job.job_key)) for job in found]

"""What the queue beside its daemon remembers of one job: its prompts, and why it is where it is."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from vqd.cli.condition import condition_of
from vqd.cli.folders import lies_in_inbox, not_taken_yet
from vqd.cli.glancing import shapes
from vqd.cli.share import Share
from vqd.cli.statusfile import running_of
from vqd.cli.stops import not_taken, stops_of, unknown_to_queue
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.queue import Job
from vqd.service.explain import Reason, Stop
from vqd.service.shapes.answers import (
    ExplainedShape,
    OnePromptShape,
    ProgressShape,
    ShownShape,
    one_prompt_shape,
)
from vqd.service.shapes.prompts import (
    JobDetailShape,
    event_shape,
    job_detail_shape,
    prompt_detail_shape,
    prompt_shape,
    reason_shape,
)
from vqd.service.views import Views, open_views
from vqd.settings.site import Site


class Memory:
    """The queue of a site, asked for single jobs. JOB is a job's name, or a part of it."""

    def __init__(self, site: Site, share: Share) -> None:
        self._site = site
        self._share = share

    def job(self, name: str) -> JobDetailShape:
        """Give a job."""
        with self._views_of(name) as views:
            job, reasons = views.explain(name, self._stops(), now=time.time())
        return self._detail(job, reasons)

    def shown(self, name: str, *, prompts: int) -> ShownShape:
        """Give a job with so many of its prompts."""
        with self._views_of(name) as views:
            seen = views.detail(name, prompts=prompts)
            job, reasons = views.explain(seen.job.job, self._stops(), now=time.time())
        detail = self._detail(job, reasons)
        return ShownShape(
            **{key: getattr(detail, key) for key in JobDetailShape.__match_args__},
            folder=self._folder(job.job),
            prompts=[prompt_shape(prompt) for prompt in seen.prompts],
            events=[event_shape(event) for event in seen.events],
        )

    def prompt(self, name: str, number: int) -> OnePromptShape:
        """Give one prompt of a job, with every attempt at it."""
        with self._views_of(name) as views:
            detail = views.prompt(name, number)
        return one_prompt_shape(detail.job.job, prompt_detail_shape(detail))

    def explained(self, name: str) -> ExplainedShape:
        """Give why a job, or a drop that still lies in the inbox, is where it is."""
        stops, spool = self._stops(), self._share.if_answering()
        drop = not_taken(spool, name, stops) if spool else None
        found: Job | None = None
        reasons: Sequence[Reason] = []
        try:
            with open_views(self._site.queue_place) as views:
                found, reasons = views.explain(name, stops, now=time.time())
        except VqdError:
            drop = drop or (unknown_to_queue(spool, name) if spool else None)
            if drop is None:
                raise
        return ExplainedShape(
            job=found.job if found else name,
            state=str(found.state) if found else None,
            folder=self._folder(found.job) if found else None,
            reasons=[reason_shape(one) for one in ([drop, *reasons] if drop else reasons)],
        )

    def ended(self, job: str) -> ProgressShape | None:
        """Give how a job ended, of which only the queue tells; None if it has not, as far as that
        can be told."""
        try:
            with open_views(self._site.queue_place) as views:
                found = views.job(job)
        except VqdError:
            return None
        if found.job != job or found.state not in CLOSED_STATES:
            return None
        counts = found.counts
        return ProgressShape(
            job=job,
            state=str(found.state),
            reason=found.reason,
            total=counts.total,
            over=counts.succeeded + counts.failed + counts.cancelled,
            failed=counts.failed,
            on=None,
            expected_at=None,
            folder=None,
        )

    @contextmanager
    def _views_of(self, name: str) -> Iterator[Views]:
        """Give what is asked for a job; a drop that is none yet is told from what nobody knows."""
        try:
            with open_views(self._site.queue_place) as views:
                yield views
        except VqdError as error:
            spool = self._share.if_answering() if error.code == "unknown_job" else None
            if spool is not None and lies_in_inbox(spool, name):
                raise not_taken_yet(name) from error
            raise

    def _detail(self, job: Job, reasons: Sequence[Reason]) -> JobDetailShape:
        (shape,) = shapes(self._site, self._share, [job])
        running = running_of(self._share.if_answering(), job.job) if job.counts.running else []
        return job_detail_shape(shape, running, reasons)

    def _folder(self, job: str) -> str | None:
        spool = self._share.if_answering()
        folder = spool.find(job) if spool else None
        return None if folder is None else os.fspath(folder)

    def _stops(self) -> list[Stop]:
        return [*stops_of(condition_of(self._site, self._share))]

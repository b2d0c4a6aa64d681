"""The way to a queue that shares a disk with this machine: its store is read beside the daemon, and
what is asked of it is put into its spool, so that it works while the daemon is down."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vqd.cli.folderlog import FolderLog, folder_log
from vqd.cli.folders import job_folder
from vqd.cli.parking import parked_by
from vqd.cli.presence import is_daemon_running
from vqd.cli.requesting import ask
from vqd.cli.statusfile import progress_in, read_status, running_in
from vqd.cli.stops import not_taken, stops_of, unknown_to_queue
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.service.back import bring_back
from vqd.service.pages import open_pages
from vqd.service.shapes.jobs import (
    JobDetailShape,
    JobShape,
    RunningShape,
    job_detail_shape,
    job_shape,
    prompt_detail_shape,
    prompt_shape,
    reason_shape,
)
from vqd.service.shapes.queue import (
    ExplainedShape,
    OnePromptShape,
    ProgressShape,
    QueueShape,
    ShownShape,
    SteeredShape,
    one_prompt_shape,
    standing_shape,
)
from vqd.service.shapes.shape import event_shape
from vqd.service.views import Views, open_views
from vqd.settings.load import load_settings
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.spool.waiting import waiting_in

if TYPE_CHECKING:  # what only some verbs ask for is imported where it is made
    from collections.abc import Iterator
    from pathlib import Path

    from vqd.cli.way import Sent
    from vqd.domain.listing import JobFilter
    from vqd.domain.queue import Job
    from vqd.service.explain import Reason, Stop
    from vqd.service.shapes.check import CheckShape, HotFolderShape
    from vqd.service.shapes.farm import ModelsShape, ServersShape
    from vqd.service.shapes.workflows import WorkflowDetailShape, WorkflowShape

_REQUESTS = {verb: verb.upper() for verb in ("cancel", "retry", "pause", "resume", "approve")}


class Beside:
    """A queue by its settings, or a spool alone, which has no queue that could be asked."""

    def __init__(self, spool: Spool, settings: Settings | None) -> None:
        self._spool = spool
        self._settings = settings

    @classmethod
    def by_settings(cls, settings_file: Path | None) -> Beside:
        """Give the way to the queue of some settings."""
        settings = load_settings(settings_file)
        return cls(Spool(settings.spool), settings)

    @classmethod
    def on_share(cls, spool_dir: Path) -> Beside:
        """Give the way to a spool alone."""
        return cls(Spool(spool_dir), None)

    def close(self) -> None:
        """Let go of nothing: whatever is opened is closed when it was asked."""

    def queue(self) -> QueueShape:
        """Give the queue at a glance."""
        spool, settings = self._spool, self._of_queue
        paused, away = spool.is_paused(), spool.why_away()
        runs, parked = is_daemon_running(settings.state_dir), parked_by(settings)
        is_halted = paused or away is not None or runs is False or parked is not None
        with self._views() as views:
            seen = views.overview()
            finishes = {} if is_halted else views.finishes(seen.jobs, time.time())
        return QueueShape(
            daemon=runs,
            away=away,
            paused=paused,
            parked=parked,
            servers=[standing_shape(server) for server in seen.servers],
            jobs=[job_shape(job, finishes.get(job.job_key)) for job in seen.jobs],
            waiting=[*waiting_in(spool.inbox)],
        )

    def jobs(self, asked: JobFilter, *, limit: int) -> list[JobShape]:
        """Give the newest jobs that fit."""
        with open_pages(self._of_queue.store_path) as pages:
            page = pages.jobs(asked, None, limit=limit)
        return self._shapes([*page.rows])

    def job(self, name: str) -> JobDetailShape:
        """Give a job."""
        with self._views() as views:
            job, reasons = views.explain(name, self._stops(), now=time.time())
        return self._detail(job, reasons)

    def running(self, job: str) -> list[RunningShape]:
        """Give what runs of a job, by its STATUS.yaml."""
        return running_in(job, read_status(self._spool.active / job) or {})

    def shown(self, name: str, *, prompts: int) -> ShownShape:
        """Give a job with its prompts."""
        with self._views() as views:
            seen = views.detail(name, prompts=prompts)
            _, reasons = views.explain(seen.job.job, self._stops(), now=time.time())
        detail = self._detail(seen.job, reasons)
        return ShownShape(
            **{key: getattr(detail, key) for key in JobDetailShape.__match_args__},
            folder=_path(self._spool.find(seen.job.job)),
            prompts=[prompt_shape(prompt) for prompt in seen.prompts],
            events=[event_shape(event) for event in seen.events],
        )

    def prompt(self, name: str, number: int) -> OnePromptShape:
        """Give a prompt of a job."""
        with self._views() as views:
            detail = views.prompt(name, number)
        return one_prompt_shape(detail.job.job, prompt_detail_shape(detail))

    def share_folder(self, name: str) -> Path | None:
        """Give the folder of a job in a spool alone."""
        return None if self._settings else job_folder(self._spool, name)

    def explained(self, name: str) -> ExplainedShape:
        """Give why a job or a drop is where it is."""
        stops = self._stops()
        drop = not_taken(self._spool, name, stops)
        found: Job | None = None
        reasons: list[Reason] = []
        try:
            with self._views() as views:
                found, reasons = views.explain(name, stops, now=time.time())
        except VqdError:
            drop = drop or unknown_to_queue(self._spool, name)
            if drop is None:
                raise
        folder = self._spool.find(found.job) if found else None
        return ExplainedShape(
            job=found.job if found else name,
            state=str(found.state) if found else None,
            folder=_path(folder),
            reasons=[reason_shape(one) for one in ([drop, *reasons] if drop else reasons)],
        )

    def steer(self, name: str, verb: str, priority: int | None = None) -> SteeredShape:
        """Ask something of a job by a file in its folder."""
        folder = self._folder(name)
        if verb == "retry" and folder.parent != self._spool.active:
            target = bring_back(self._spool, folder.name)
            return SteeredShape(folder.name, f"moved {target}")
        request = _REQUESTS.get(verb) or f"PRIORITY {priority}"
        return ask(self._spool, folder, request, is_daemon_down=self.is_down)

    def pause_all(self) -> None:
        """Put PAUSE into the spool."""
        self._spool.require_present()
        self._spool.pause()

    def resume_all(self) -> bool:
        """Take PAUSE away."""
        self._spool.require_present()
        return self._spool.resume()

    def servers(self) -> ServersShape:
        """Give the servers, and those that no daemon has looked for yet."""
        from vqd.cli import knowing

        return knowing.servers(self._of_queue)

    def models(self, folder: str | None, search: str, server: str | None) -> ModelsShape:
        """Give the models of the servers."""
        from vqd.cli import knowing

        return knowing.models(self._of_queue, folder, search, server)

    def workflows(self) -> list[WorkflowShape]:
        """Give all workflows."""
        from vqd.cli import knowing

        return knowing.workflows(self._of_queue)

    def workflow(self, name: str) -> WorkflowDetailShape:
        """Give one workflow."""
        from vqd.cli import knowing

        return knowing.workflow(self._of_queue, name)

    def check(self, path: Path, *, points: int) -> CheckShape:
        """Give what a job would be."""
        from vqd.cli import preparing

        return preparing.check(self._of_queue, path, points=points)

    def graph(self, path: Path, number: int) -> str:
        """Give the graph of a prompt of a job."""
        from vqd.cli import preparing

        return preparing.graph(self._of_queue, path, number)

    def hot_folder(self, defaults: Path) -> HotFolderShape:
        """Give what drops in a hot folder become."""
        from vqd.cli import preparing

        return preparing.hot_folder(self._of_queue, defaults)

    def submit(self, path: Path) -> Sent:
        """Check a job with the daemon's own service, and drop a copy of it."""
        from vqd.cli import preparing

        return preparing.submit(self._of_queue, self._spool, path)

    def progress(self, job: str) -> ProgressShape | None:
        """Give how far a job is, by its STATUS.yaml: what is over lies in done/ or failed/."""
        folder = self._spool.find(job)
        found = None if folder is None else progress_in(folder)
        is_open = folder is not None and folder.parent == self._spool.active
        return None if found is None or (is_open and found.state in CLOSED_STATES) else found

    def log(self, name: str, *, follow: bool) -> FolderLog:
        """Give the log.txt in a job's folder."""
        folder = self._folder(name)
        return folder_log(self._spool, folder, follow=follow)

    @property
    def _of_queue(self) -> Settings:
        if self._settings is None:
            hint = "Give --settings, or --url for a daemon elsewhere."
            said = "--spool shows only what lies in folders, and this asks the queue."
            raise VqdError("no_queue", said, hint)
        return self._settings

    @property
    def is_down(self) -> bool:
        """Tell whether no daemon runs; on a spool alone nobody knows."""
        settings = self._settings
        return settings is not None and is_daemon_running(settings.state_dir) is False

    def _folder(self, name: str) -> Path:
        return job_folder(self._spool, name, self._settings.store_path if self._settings else None)

    def _stops(self) -> list[Stop]:
        return [*stops_of(self._of_queue, self._spool)]

    def _shapes(self, jobs: list[Job]) -> list[JobShape]:
        open_jobs = [] if self._stops() else [job for job in jobs if job.state not in CLOSED_STATES]
        with self._views() as views:
            finishes = views.finishes(open_jobs, time.time())
        return [job_shape(job, finishes.get(job.job_key)) for job in jobs]

    def _detail(self, job: Job, reasons: list[Reason]) -> JobDetailShape:
        (shape,) = self._shapes([job])
        running = self.running(job.job) if job.counts.running else []
        return job_detail_shape(shape, running, reasons)

    @contextmanager
    def _views(self) -> Iterator[Views]:
        with open_views(self._of_queue.store_path) as views:
            yield views


def _path(folder: Path | None) -> str | None:
    return None if folder is None else os.fspath(folder)

"""The way to a queue that shares a disk with this machine: its store is read beside the daemon, and
what is asked of it is put into its spool, so that it works while the daemon is down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vqd.cli.loading import settings_of
from vqd.cli.presence import is_daemon_running
from vqd.cli.share import Share
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.settings.site import Site, load_site

if TYPE_CHECKING:  # what only some verbs ask for is imported where it is asked
    from pathlib import Path

    from vqd.cli.folderlog import FolderLog
    from vqd.cli.recalling import Memory
    from vqd.cli.way import Sent
    from vqd.domain.listing import JobFilter
    from vqd.service.shapes.answers import (
        ExplainedShape,
        OnePromptShape,
        ProgressShape,
        ReportShape,
        ShownShape,
        SteeredShape,
    )
    from vqd.service.shapes.check import CheckShape, HotFolderShape
    from vqd.service.shapes.farm import ModelsShape, ServersShape
    from vqd.service.shapes.jobs import JobShape
    from vqd.service.shapes.prompts import JobDetailShape, RunningShape
    from vqd.service.shapes.queue import QueueShape
    from vqd.service.shapes.workflows import WorkflowDetailShape, WorkflowShape
    from vqd.settings.model import Settings

_REQUESTS = {verb: verb.upper() for verb in ("cancel", "retry", "pause", "resume", "approve")}


class Beside:
    """A queue by its settings, or a spool alone, which has no queue that could be asked."""

    def __init__(self, share: Share, site: Site | None, settings_file: Path | None) -> None:
        self._share = share
        self._known_site = site
        self._settings_file = settings_file

    @classmethod
    def by_settings(cls, settings_file: Path | None) -> Beside:
        """Give the way to the queue of some settings."""
        site = load_site(settings_file)
        return cls(Share(site.spool), site, settings_file)

    @classmethod
    def on_share(cls, spool_dir: Path) -> Beside:
        """Give the way to a spool alone."""
        return cls(Share(spool_dir), None, None)

    def close(self) -> None:
        """Let go of nothing: whatever is opened is closed when it was asked."""

    def queue(self) -> QueueShape:
        """Give the queue at a glance."""
        from vqd.cli import glancing

        return glancing.queue(self._site, self._share)

    def jobs(self, asked: JobFilter, *, limit: int) -> list[JobShape]:
        """Give the newest jobs that fit."""
        from vqd.cli import glancing

        return glancing.jobs(self._site, self._share, asked, limit=limit)

    def job(self, name: str) -> JobDetailShape:
        """Give a job."""
        return self._memory.job(name)

    def running(self, job: str) -> list[RunningShape]:
        """Give what runs of a job, by its STATUS.yaml."""
        from vqd.cli.statusfile import running_of

        return running_of(self._share.if_answering(), job)

    def shown(self, name: str, *, prompts: int) -> ShownShape:
        """Give a job with its prompts."""
        return self._memory.shown(name, prompts=prompts)

    def prompt(self, name: str, number: int) -> OnePromptShape:
        """Give a prompt of a job."""
        return self._memory.prompt(name, number)

    def share_folder(self, name: str) -> Path | None:
        """Give the folder of a job in a spool alone."""
        return None if self._known_site else self._folder(name)

    def explained(self, name: str) -> ExplainedShape:
        """Give why a job or a drop is where it is."""
        return self._memory.explained(name)

    def steer(self, name: str, verb: str, priority: int | None = None) -> SteeredShape:
        """Ask something of a job by a file in its folder."""
        from vqd.cli import requesting

        folder, spool = self._folder(name), self._share.answering()
        if verb == "retry" and folder.parent != spool.active:
            return requesting.run_again(spool, folder)
        request = _REQUESTS.get(verb) or f"PRIORITY {priority}"
        return requesting.ask(spool, folder, request, is_daemon_down=self.is_down)

    def pause_all(self) -> None:
        """Put PAUSE into the spool."""
        self._share.answering().pause()

    def resume_all(self) -> bool:
        """Take PAUSE away."""
        spool = self._share.answering()
        spool.require_present()
        return spool.resume()

    def servers(self) -> ServersShape:
        """Give the servers, and those that no daemon has looked for yet."""
        from vqd.cli import knowing

        return knowing.servers(self._settings)

    def models(self, folder: str | None, search: str, server: str | None) -> ModelsShape:
        """Give the models of the servers."""
        from vqd.cli import knowing

        return knowing.models(self._settings, folder, search, server)

    def workflows(self) -> list[WorkflowShape]:
        """Give all workflows."""
        from vqd.cli import knowing

        return knowing.workflows(self._settings)

    def workflow(self, name: str) -> WorkflowDetailShape:
        """Give one workflow."""
        from vqd.cli import knowing

        return knowing.workflow(self._settings, name)

    def check(self, path: Path, *, points: int) -> CheckShape:
        """Give what a job would be."""
        from vqd.cli import preparing

        return preparing.check(self._settings, path, points=points)

    def graph(self, path: Path, number: int) -> str:
        """Give the graph of a prompt of a job."""
        from vqd.cli import preparing

        return preparing.graph(self._settings, path, number)

    def hot_folder(self, defaults: Path) -> HotFolderShape:
        """Give what drops in a hot folder become."""
        from vqd.cli import preparing

        return preparing.hot_folder(self._settings, defaults)

    def submit(self, path: Path) -> Sent:
        """Check a job with the daemon's own service, and drop a copy of it."""
        from vqd.cli import preparing

        return preparing.submit(self._settings, self._share.answering(), path)

    def report(self, name: str) -> ReportShape:
        """Make the report of a job again, from its folder; it needs no queue."""
        from vqd.service.reports import make_report
        from vqd.service.shapes.answers import ReportShape

        settings = self._settings if self._known_site else None
        kept = settings.state_dir / "thumbnails" if settings else None
        roots = settings.input_roots if settings else ()
        page = make_report(self._folder(name), kept, roots=roots)
        return ReportShape(page.parent.name, os.fspath(page))

    def progress(self, job: str) -> ProgressShape | None:
        """Give how far a job is, by its STATUS.yaml: what is over lies in done/ or failed/. Of one
        that was taken out of the spool the queue tells."""
        from vqd.cli.statusfile import progress_in

        spool = self._share.if_answering()
        if spool is None:
            return None
        folder = spool.find(job)
        if folder is None:
            return self._memory.ended(job) if self._known_site else None
        found = progress_in(folder)
        is_open = folder.parent == spool.active
        return None if found is None or (is_open and found.state in CLOSED_STATES) else found

    def log(self, name: str, *, follow: bool) -> FolderLog:
        """Give the log.txt in a job's folder."""
        from vqd.cli.folderlog import folder_log

        return folder_log(self._share.answering(), self._folder(name), follow=follow)

    @property
    def is_down(self) -> bool:
        """Tell whether no daemon runs; on a spool alone nobody knows."""
        site = self._known_site
        return site is not None and is_daemon_running(site.state_dir) is False

    @property
    def _site(self) -> Site:
        if self._known_site is None:
            hint = "Give --settings, or --url for a daemon elsewhere."
            said = "--spool shows only what lies in folders, and this asks the queue."
            raise VqdError("no_queue", said, hint)
        return self._known_site

    @property
    def _memory(self) -> Memory:
        from vqd.cli.recalling import Memory

        return Memory(self._site, self._share)

    @property
    def _settings(self) -> Settings:
        _ = self._site  # which a spool alone has not
        return settings_of(self._settings_file)

    def _folder(self, name: str) -> Path:
        from vqd.cli.folders import job_folder

        site = self._known_site
        return job_folder(self._share.answering(), name, site.queue_place if site else None)

"""The way to a queue: what every verb asks, whether the queue is on this machine or on another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vqd.domain.frozen import frozen

if TYPE_CHECKING:  # a verb imports the shapes that it tells, and no others
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from vqd.domain.listing import JobFilter
    from vqd.service.shapes.answers import (
        ExplainedShape,
        OnePromptShape,
        ProgressShape,
        ReportShape,
        SentShape,
        ShownShape,
        SteeredShape,
    )
    from vqd.service.shapes.check import CheckShape, HotFolderShape
    from vqd.service.shapes.farm import ModelsShape, ServersShape
    from vqd.service.shapes.jobs import JobShape
    from vqd.service.shapes.prompts import JobDetailShape, RunningShape
    from vqd.service.shapes.queue import QueueShape
    from vqd.service.shapes.workflows import WorkflowDetailShape, WorkflowShape


@frozen
class Sent:
    """A job that was submitted; `taken_as` gives its name once it is in the queue."""

    told: SentShape
    taken_as: Callable[[], str | None]


class LogSource(Protocol):
    """A job's log, wherever it lies."""

    def read(self, first_byte: int, most_bytes: int) -> bytes:
        """Give what there is from a byte on, so many bytes at most."""

    def is_over(self) -> bool:
        """Tell whether nothing more will come."""


class Way(Protocol):
    """One queue. JOB is a job's name, or a part of it that fits only one.

    Whatever cannot be done raises a VqdError that says why: `unknown_job`, `ambiguous_job`,
    `spool_away`, `not_done` …
    """

    @property
    def is_down(self) -> bool:
        """Tell whether it is known that no daemon runs."""

    def queue(self) -> QueueShape:
        """Give the queue at a glance."""

    def jobs(self, asked: JobFilter, *, limit: int) -> list[JobShape]:
        """Give the newest jobs that fit, newest first."""

    def job(self, name: str) -> JobDetailShape:
        """Give a job, what runs of it and why it is where it is."""

    def running(self, job: str) -> Sequence[RunningShape]:
        """Give what runs of a job, given by its whole name."""

    def shown(self, name: str, *, prompts: int) -> ShownShape:
        """Give a job with so many of its prompts."""

    def prompt(self, name: str, number: int) -> OnePromptShape:
        """Give one prompt of a job, with every attempt at it."""

    def share_folder(self, name: str) -> Path | None:
        """Give the folder of a job where there are only folders and no queue to ask; else None."""

    def explained(self, name: str) -> ExplainedShape:
        """Give why a job, or a drop that still lies in the inbox, is where it is."""

    def steer(self, name: str, verb: str, priority: int | None = None) -> SteeredShape:
        """Ask `cancel`, `retry`, `pause`, `resume`, `approve` or `priority` of a job."""

    def pause_all(self) -> None:
        """Send nothing new to any server."""

    def resume_all(self) -> bool:
        """Let everything go on; False if it was not paused."""

    def servers(self) -> ServersShape:
        """Give the servers."""

    def models(self, folder: str | None, search: str, server: str | None) -> ModelsShape:
        """Give the models of the servers: of one folder, with a part of a name, on one server."""

    def workflows(self) -> list[WorkflowShape]:
        """Give all workflows."""

    def workflow(self, name: str) -> WorkflowDetailShape:
        """Give one workflow."""

    def check(self, path: Path, *, points: int) -> CheckShape:
        """Give what the job file or folder would be, with so many of its prompts."""

    def graph(self, path: Path, number: int) -> str:
        """Give the graph of a prompt of a job as it would be sent, as JSON."""

    def hot_folder(self, defaults: Path) -> HotFolderShape:
        """Give what drops in the hot folder of a `_defaults.yaml` become."""

    def submit(self, path: Path) -> Sent:
        """Submit a job file or folder."""

    def report(self, name: str) -> ReportShape:
        """Make the report of a job again."""

    def progress(self, job: str) -> ProgressShape | None:
        """Give how far a job is, given by its whole name; None if that is not told yet."""

    def log(self, name: str, *, follow: bool) -> LogSource:
        """Give the log of a job; to `follow` it, it need not have begun."""

    def close(self) -> None:
        """Let go of whatever was opened."""

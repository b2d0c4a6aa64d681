"""The way to a queue over the API of its daemon, on this machine or on another."""

from collections.abc import Sequence
from pathlib import Path

from vqd.cli.answers import Answer, Events, System
from vqd.cli.client import Client, path_of
from vqd.cli.longlists import jobs_of, prompts_of
from vqd.cli.remotelog import RemoteLog
from vqd.cli.way import Sent
from vqd.cli.where import where_of
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.listing import JobFilter
from vqd.service.shapes.answers import (
    ExplainedShape,
    OnePromptShape,
    PausedShape,
    ProgressShape,
    ReportShape,
    ShownShape,
    SteeredShape,
    one_prompt_shape,
)
from vqd.service.shapes.check import CheckShape, HotFolderShape
from vqd.service.shapes.farm import ModelsShape, ServerShape, ServersShape
from vqd.service.shapes.hosts import HostShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import JobDetailShape, PromptDetailShape, RunningShape
from vqd.service.shapes.queue import QueueShape, StandingShape
from vqd.service.shapes.workflows import WorkflowDetailShape, WorkflowShape

_FEW_EVENTS = 200
_MOST_OPEN = 2_000
"""Open jobs that are asked for at once."""
_OPEN = [str(state) for state in JobState if state not in CLOSED_STATES]


class Remote:
    """A queue over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def is_down(self) -> bool:
        """Tell that a daemon runs, or nobody would answer."""
        return False

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def queue(self) -> QueueShape:
        """Give the queue at a glance."""
        system = self._client.get(System, path_of("system"))
        jobs = jobs_of(self._client, {"state": _OPEN}, limit=_MOST_OPEN)
        return QueueShape(
            daemon=True,
            away=system.away,
            paused=system.paused,
            parked=system.parked,
            settings_said=system.settings_said,
            servers=[
                StandingShape(one.name, one.url, one.state, one.said, one.version, one.host)
                for one in system.servers
            ],
            hosts=system.hosts,
            jobs=jobs[::-1],
            waiting=[*system.waiting],
        )

    def jobs(self, asked: JobFilter, *, limit: int) -> list[JobShape]:
        """Give the newest jobs that fit."""
        query: dict[str, str | Sequence[str]] = {
            "state": sorted(asked.states),
            "label": [f"{name}={value}" for name, value in asked.labels.items()],
            "q": asked.name,
        }
        if asked.workflow is not None:
            query["workflow"] = asked.workflow
        return jobs_of(self._client, query, limit=limit)

    def job(self, name: str) -> JobDetailShape:
        """Give a job."""
        return self._client.get(JobDetailShape, path_of("jobs", name))

    def running(self, job: str) -> Sequence[RunningShape]:
        """Give what runs of a job."""
        return self.job(job).running

    def shown(self, name: str, *, prompts: int) -> ShownShape:
        """Give a job with its prompts."""
        detail = self.job(name)
        path = path_of("jobs", detail.job)
        events = self._client.get(Events, f"{path}/events", {"limit": _FEW_EVENTS})
        return ShownShape(
            **{key: getattr(detail, key) for key in JobDetailShape.__match_args__},
            folder=None,
            prompts=prompts_of(self._client, detail.job, limit=prompts),
            events=events.events,
        )

    def prompt(self, name: str, number: int) -> OnePromptShape:
        """Give a prompt of a job."""
        job = self.job(name).job
        path = path_of("jobs", job, "prompts", number)
        return one_prompt_shape(job, self._client.get(PromptDetailShape, path))

    def share_folder(self, name: str) -> Path | None:  # noqa: ARG002 - as every way
        """Give None: there is a queue to ask."""
        return None

    def explained(self, name: str) -> ExplainedShape:
        """Give why a job is where it is."""
        found = self.job(name)
        return ExplainedShape(found.job, found.state, None, found.reasons)

    def steer(self, name: str, verb: str, priority: int | None = None) -> SteeredShape:
        """Ask something of a job."""
        body = None if priority is None else {"priority": priority}
        answer = self._client.post(Answer, path_of("jobs", name, verb), body=body)
        return SteeredShape(answer.job, answer.said)

    def pause_all(self) -> None:
        """Send nothing new to any server."""
        self._client.post(PausedShape, path_of("system", "pause"))

    def resume_all(self) -> bool:
        """Let everything go on."""
        was_paused = self._client.get(System, path_of("system")).paused
        self._client.post(PausedShape, path_of("system", "resume"))
        return was_paused

    def servers(self) -> ServersShape:
        """Give the servers."""
        listed = self._client.get(list[ServerShape], path_of("system", "servers"))
        hosts = self._client.get(list[HostShape], path_of("system", "hosts"))
        return ServersShape(True, None, listed, hosts)

    def models(self, folder: str | None, search: str, server: str | None) -> ModelsShape:
        """Give the models of the servers."""
        given = {"folder": folder, "q": search, "server": server}
        query = {name: value for name, value in given.items() if value is not None}
        return self._client.get(ModelsShape, path_of("system", "models"), query)

    def workflows(self) -> list[WorkflowShape]:
        """Give all workflows."""
        return self._client.get(list[WorkflowShape], path_of("workflows"))

    def workflow(self, name: str) -> WorkflowDetailShape:
        """Give one workflow."""
        return self._client.get(WorkflowDetailShape, path_of("workflows", name))

    def check(self, path: Path, *, points: int) -> CheckShape:
        """Give what a job would be."""
        from vqd.cli import sending

        return sending.check(self._client, path, points=points)

    def graph(self, path: Path, number: int) -> str:
        """Give the graph of a prompt of a job."""
        from vqd.cli import sending

        return sending.graph(self._client, path, number)

    def hot_folder(self, defaults: Path) -> HotFolderShape:
        """Refuse: hot folders lie where the daemon is.

        Raises:
            VqdError: `not_over_url`.
        """
        said = f"--url does not show the hot folder {defaults.parent}."
        raise VqdError("not_over_url", said, "Give --settings instead.")

    def submit(self, path: Path) -> Sent:
        """Send a job folder, or a job file with the files that it asks for."""
        from vqd.cli import sending

        return sending.submit(self._client, path)

    def report(self, name: str) -> ReportShape:
        """Have the report of a job made again."""
        job = self.job(name).job
        return self._client.post(ReportShape, path_of("jobs", job, "report"), takes_long=True)

    def progress(self, job: str) -> ProgressShape | None:
        """Give how far a job is."""
        found = self.job(job)
        counts = found.counts
        return ProgressShape(
            job=found.job,
            state=found.state,
            reason=found.reason,
            total=counts.total,
            over=counts.succeeded + counts.failed + counts.cancelled,
            failed=counts.failed,
            on=where_of(found.running[0]) if found.running else None,
            expected_at=found.finish.expected if found.finish else None,
            folder=None,
        )

    def log(self, name: str, *, follow: bool) -> RemoteLog:
        """Give the log of a job."""
        job = self.job(name).job
        if not follow:
            self._client.part(path_of("jobs", job, "log"), 0, 1)
        return RemoteLog(self._client, job)

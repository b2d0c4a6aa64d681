"""The way to a queue over the API of its daemon, on this machine or on another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from vqd.cli.answers import Answer, Events, Jobs, Prompts, System, Taken
from vqd.cli.client import Client, Query, path_of
from vqd.cli.packing import is_speaking, packed
from vqd.cli.parcel import Parcel
from vqd.cli.statusfile import where_of
from vqd.cli.way import Sent
from vqd.domain.errors import Faults, VqdError
from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.listing import JobFilter
from vqd.service.shapes.answers import (
    ExplainedShape,
    OnePromptShape,
    PausedShape,
    ProgressShape,
    SentShape,
    ShownShape,
    SteeredShape,
    one_prompt_shape,
)
from vqd.service.shapes.check import CheckShape, HotFolderShape
from vqd.service.shapes.farm import ModelsShape, ServerShape, ServersShape
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import JobDetailShape, PromptDetailShape, PromptShape, RunningShape
from vqd.service.shapes.queue import QueueShape, StandingShape
from vqd.service.shapes.shape import problem_of
from vqd.service.shapes.workflows import WorkflowDetailShape, WorkflowShape

T = TypeVar("T")

_PAGE = 500
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
        jobs = self._jobs({"state": _OPEN}, limit=_MOST_OPEN)
        return QueueShape(
            daemon=True,
            away=system.away,
            paused=system.paused,
            parked=system.parked,
            servers=[
                StandingShape(one.name, one.url, one.state, one.said, one.version)
                for one in system.servers
            ],
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
        return self._jobs(query, limit=limit)

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
            prompts=self._prompts(f"{path}/prompts", prompts),
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
        return ServersShape(True, None, listed)

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
        """Give what a job would be: sent are its job file, what says something, and of everything
        else the name."""
        job_file, files = packed(path)
        sent = [one for one in files if is_speaking(one)]
        names = [one.path for one in files if not is_speaking(one)]
        query: Query = {"points": points, "name": path.stem}
        parcel = Parcel(job_file, sent, names)
        return self._client.post(CheckShape, path_of("check"), query, parcel=parcel)

    def graph(self, path: Path, number: int) -> str:
        """Refuse: the API does not tell.

        Raises:
            VqdError: `not_over_url`.
        """
        raise _not_over_url(f"the graph of prompt {number} of {path}")

    def hot_folder(self, defaults: Path) -> HotFolderShape:
        """Refuse: hot folders lie where the daemon is.

        Raises:
            VqdError: `not_over_url`.
        """
        raise _not_over_url(f"the hot folder {defaults.parent}")

    def submit(self, path: Path) -> Sent:
        """Send a job folder, or a job file with the files that it asks for."""
        job_file, files = packed(path)
        if job_file is not None:
            checked = self.check(path, points=0)
            if checked.problems:
                raise Faults([problem_of(one) for one in checked.problems])
            files = [one for one in files if one.path in {*checked.inputs}]
        query: Query = {"name": path.stem}
        parcel = Parcel(job_file, files)
        taken = self._client.post(Taken, path_of("jobs"), query, parcel=parcel)
        return Sent(SentShape(taken.job, None, taken.prompts), lambda: taken.job)

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

    def log(self, name: str, *, follow: bool) -> "RemoteLog":
        """Give the log of a job."""
        job = self.job(name).job
        if not follow:
            self._client.part(path_of("jobs", job, "log"), 0)
        return RemoteLog(self._client, job)

    def _jobs(self, query: Query, *, limit: int) -> list[JobShape]:
        found: list[JobShape] = []
        cursor: Query = {}
        while True:
            asked = {**query, **cursor, "limit": min(_PAGE, limit - len(found))}
            page = self._client.get(Jobs, path_of("jobs"), asked)
            found += page.jobs
            if page.next is None or len(found) >= limit:
                return found
            cursor = {"cursor": page.next}

    def _prompts(self, path: str, limit: int) -> list[PromptShape]:
        found: list[PromptShape] = []
        cursor: Query = {}
        while len(found) < limit:
            asked = {**cursor, "limit": min(_PAGE, limit - len(found))}
            page = self._client.get(Prompts, path, asked)
            found += page.prompts
            if page.next is None:
                break
            cursor = {"cursor": page.next}
        return found


class RemoteLog:
    """A log on another machine."""

    def __init__(self, client: Client, job: str) -> None:
        self._client = client
        self._job = job

    def read(self, first_byte: int) -> bytes:
        """Give what there is more of it; nothing if it has not begun."""
        try:
            return self._client.part(path_of("jobs", self._job, "log"), first_byte)
        except VqdError as error:
            if error.code != "unknown_file":
                raise
            return b""

    def is_over(self) -> bool:
        """Tell whether the job is over."""
        found = self._client.get(JobDetailShape, path_of("jobs", self._job))
        return found.state in CLOSED_STATES


def client_of(url: str, token_file: Path | None) -> Client:
    """Give the client for a URL, with the token in a file.

    Raises:
        VqdError: `bad_url`, `bad_token`.
    """
    return Client(url, _token_in(token_file) if token_file else None)


def _token_in(file: Path) -> str:
    """Give the token in a file.

    Raises:
        VqdError: `bad_token`; what is there is not told.
    """
    token = file.read_bytes().strip()
    if not token.isascii() or not token.decode("ascii").isprintable():
        raise VqdError("bad_token", f"{file}: this is no token.", "It is one line of text.")
    return token.decode("ascii")


def _not_over_url(what: str) -> VqdError:
    return VqdError("not_over_url", f"--url does not show {what}.", "Give --settings instead.")

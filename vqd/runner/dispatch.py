"""Who gets which prompt, and the attempts that run."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path

from structlog.contextvars import bound_contextvars

from vqd.domain.graph import NamedGraph
from vqd.domain.outcome import Outcome, Succeeded
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.domain.recipe import Recipes
from vqd.runner.assignment import Assignment, adopted
from vqd.runner.attempt import Attempt
from vqd.runner.carriage import Carriage
from vqd.runner.collect import sync_names
from vqd.runner.crew import Crew
from vqd.runner.home import Home
from vqd.runner.jobfolders import JobFolders
from vqd.runner.manifest import add_to_manifest
from vqd.runner.names import OutputNames
from vqd.runner.room import Room
from vqd.runner.server import Server
from vqd.runner.sidecar import Sidecars
from vqd.runner.spelling import Spelling
from vqd.store.store import Store

STOPPED_WITHIN_S = 2.0
GRAPHS_KEPT = 64
"""Graphs that are not read anew: the prompts of a job have few, and jobs of a workflow the same."""

OnEnd = Callable[[Attempt, Outcome | None], None]


class FolderGone(Exception):
    """The folder of an active job is not where it belongs."""


class Dispatch:
    """Starts attempts and knows those that run. Used by the loop's thread alone."""

    def __init__(
        self,
        store: Store,
        folders: JobFolders,
        servers: Collection[Server],
        spelling: Spelling,
        *,
        room: Room,
        stand: Callable[[], None],
        stall_s: float,
        on_end: OnEnd,
    ) -> None:
        self._store = store
        self._folders = folders
        self._servers = servers
        self._spelling = spelling
        self._home = Home(room, is_share_away=folders.are_away)
        self.stall_s = stall_s
        self._on_end = on_end
        self._names = OutputNames(store, stand)
        self._running: dict[PromptKey, Attempt] = {}
        self._jobs: dict[int, Job] = {}
        self._graph = lru_cache(GRAPHS_KEPT)(self._read_graph)
        self._recipes: dict[int, Recipes] = {}
        self._crew = Crew("attempt")
        self._overs: dict[PromptKey, threading.Event] = {}

    @property
    def running(self) -> Mapping[PromptKey, Attempt]:
        """Give the attempts that are not concluded."""
        return self._running

    def free_slots(self, now: float) -> list[Server]:
        """Give a server for each prompt that can be given away now, the soonest to run first."""
        slots = [(place, server) for server in self._servers for place in server.free_places(now)]
        return [server for _, server in sorted(slots, key=itemgetter(0))]

    def is_elsewhere(self, job_key: int) -> bool:
        """Tell whether another daemon serves the spool of a job.

        Raises:
            VqdError: the queue cannot be read.
        """
        return self._folders.is_elsewhere(self._job(job_key))

    def start(self, prompt: Prompt, server: Server, *, is_sent: bool = False) -> None:
        """Begin an attempt at a claimed prompt; one that `is_sent` was put on its server by an
        earlier process.

        Raises:
            FolderGone: its job's folder is gone; nothing was begun.
            ShareAway, HomeAway: it cannot be told whether it is; nothing was begun.
            VqdError: the queue cannot be read; nothing was begun.
        """
        assignment = self._assignment(prompt, is_sent=is_sent)
        sidecars = Sidecars()
        carriage = self._folders.carriage(self._job(prompt.key.job_key))
        attempt = Attempt(
            adopted(assignment) if is_sent else assignment,
            server,
            stall_s=self.stall_s,
            spelling=self._spelling,
            take_name=partial(self._names.take, prompt.key),
            write_down=partial(_write_down, carriage, sidecars, self._recipes_of(assignment)),
            with_job_file=sidecars.in_graph,
            home=self._home,
            carriage=carriage,
        )
        self._running[prompt.key] = attempt
        server.places.enter(attempt.prompt_id, is_there=is_sent)
        self._overs[prompt.key] = self._crew.carry_out(partial(self._carry_out, attempt))

    def drop(self, prompt: Prompt) -> None:
        """Forget an attempt whose conclusion is written."""
        self._names.release(prompt.key)
        self._running.pop(prompt.key, None)
        self._overs.pop(prompt.key, None)
        self._forget_elsewhere(prompt.key.job_key)

    def forget_job(self, job_key: int) -> None:
        """Forget a job that is over."""
        self._jobs.pop(job_key, None)
        self._recipes.pop(job_key, None)

    def _forget_elsewhere(self, job_key: int) -> None:
        """Forget a job of another daemon once nothing of it runs here: it closes unheard of, and
        may come back as another."""
        is_known = job_key in self._jobs
        is_running = any(key.job_key == job_key for key in self._running)
        if is_known and not is_running and self.is_elsewhere(job_key):
            self.forget_job(job_key)

    def cancel(self, job_keys: Iterable[int]) -> None:
        """Stop the running prompts of these jobs on their servers."""
        stopping = set(job_keys)
        for key, attempt in self._running.items():
            if key.job_key in stopping and not attempt.stopping.is_cancelling:
                attempt.stopping.is_cancelling = True
                _stop(attempt, attempt.stopping.cancel, "cancel")

    def withdraw(self, job_keys: Iterable[int]) -> None:
        """Take what waits on a server of these jobs off it again; what runs goes on."""
        held = set(job_keys)
        self._withdraw(key for key in self._running if key.job_key in held)

    def take_back(self) -> None:
        """Take everything that waits on a server off it again; what runs goes on."""
        self._withdraw(self._running)

    def clear(self, servers: Iterable[Server]) -> None:
        """Take off again what waits on these servers; what runs goes on."""
        cleared = {server.name for server in servers}
        self._withdraw(
            key for key, attempt in self._running.items() if attempt.server.name in cleared
        )

    def _withdraw(self, keys: Iterable[PromptKey]) -> None:
        for key in keys:
            attempt = self._running[key]
            if not attempt.stopping.is_withdrawing:
                attempt.stopping.is_withdrawing = True
                _stop(attempt, attempt.stopping.withdraw, "withdraw")

    def stop(self) -> None:
        """Leave what runs on the servers to be adopted by the next start.

        An attempt that waits for a server that does not answer is not waited for.
        """
        for attempt in self._running.values():
            attempt.stopping.abandon()
        until = time.monotonic() + STOPPED_WITHIN_S
        for over in self._overs.values():
            over.wait(max(0.0, until - time.monotonic()))

    def _carry_out(self, attempt: Attempt) -> None:
        with _told_of(attempt):
            outcome = attempt.run()
        self._on_end(attempt, outcome)

    def _assignment(self, prompt: Prompt, *, is_sent: bool) -> Assignment:
        job = self._job(prompt.key.job_key)
        folder = self._folders.active(job, prompt, is_sent=is_sent)
        if job.plan is None or folder is None:
            raise FolderGone(job.job)
        return Assignment(
            prompt=prompt.as_climbed(job.plan),
            job=job.job,
            plan=job.plan,
            graph=self._graph(prompt.graph_sha256),
            folder=folder,
            input_folder=_under(folder, job.input_folder),
            is_elsewhere=self._folders.is_elsewhere(job),
        )

    def _job(self, job_key: int) -> Job:
        if job_key not in self._jobs:
            with self._store.reading() as session:
                self._jobs[job_key] = session.jobs.get(job_key)
        return self._jobs[job_key]

    def _read_graph(self, sha256: str) -> NamedGraph:
        with self._store.reading() as session:
            return session.graphs.get(sha256)

    def _recipes_of(self, assignment: Assignment) -> Recipes:
        """Give what names what the job's prompts are made of: it remembers what they share."""
        job_key = assignment.prompt.key.job_key
        if job_key not in self._recipes:
            self._recipes[job_key] = Recipes(assignment.plan)
        return self._recipes[job_key]


def _stop(attempt: Attempt, stop: Callable[[], None], verb: str) -> None:
    """Stop an attempt in one of the ways there are, without waiting for its server."""

    def act() -> None:
        with _told_of(attempt):
            stop()

    key = attempt.assignment.prompt.key
    name = f"{verb} {key.job_key}/{key.number}"
    threading.Thread(target=act, name=name, daemon=True).start()


def _told_of(attempt: Attempt) -> AbstractContextManager[None]:
    """Let everything that is logged in the block tell of which prompt it is."""
    assignment = attempt.assignment
    prompt = assignment.prompt
    return bound_contextvars(
        job=assignment.job, prompt=prompt.key.number, prompt_id=prompt.prompt_id
    )


def _write_down(
    carriage: Carriage,
    sidecars: Sidecars,
    recipes: Recipes,
    assignment: Assignment,
    server: Server,
    input_sha256s: Mapping[str, str],
    outcome: Succeeded,
) -> Succeeded:
    """Write the sidecars of what was made, and then that it was made; give the outcome once all of
    it is where others find it."""
    sidecars.write(assignment, server, input_sha256s, outcome)
    sync_names(outcome.outputs, assignment.folder)
    add_to_manifest(assignment, outcome, recipes)
    return carriage.send(assignment, outcome)


def _under(folder: Path, below: str) -> Path:
    return folder / below if below else folder

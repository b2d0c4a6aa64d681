"""Small whole things for tests, of which a test names only what matters to it."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from vqd.domain.graph import NamedGraph, Target
from vqd.domain.job import ExpectedOutput, Made, Plan, PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import JobState
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import Job, JobFile
from vqd.store.schema import Step, digest_of, steps
from vqd.store.store import Store

NOW = 1_790_000_000.0

A_GRAPH = NamedGraph.of(
    {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
)
A_JOB_FILE = JobFile("job.yaml", "0" * 64)


def a_plan(total: int, **changes: Any) -> Plan:
    """A plan of `total` prompts that each make one image."""
    values: dict[str, Any] = {
        "workflow": "image-scale",
        "workflow_version": 1,
        "total": total,
        "params": {"steps": 4},
        "axes": {"cfg": (1.5, 2.5)},
        "inputs": {},
        "outputs": (ExpectedOutput("image", "2", "image", "filename_prefix"),),
    }
    return Plan(**{**values, **changes})


def a_planned_job(total: int = 2, **changes: Any) -> PlannedJob:
    """A planned job of `total` prompts."""

    def prompts() -> Iterator[PlannedPrompt]:
        for number in range(1, total + 1):
            yield PlannedPrompt(
                number=number,
                graph=A_GRAPH,
                edits={Target("1", "width"): number},
                inputs={},
                params={"cfg": number + 0.5},
                seed=number,
                stem=f"a_{number}",
            )

    return PlannedJob(a_plan(total, **changes), prompts)


def accept_a_job(store: Store, job: str = "20260101-000000-a", **changes: Any) -> int:
    """Bring a job into the store; gives its key."""
    store.accept(job, a_planned_job(**changes), A_JOB_FILE, input_folder="", now=NOW)
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    return found.job_key


def kept(planned: PlannedJob, *numbers: int) -> PlannedJob:
    """The job of which these prompts were made before."""

    def prompts() -> Iterator[PlannedPrompt]:
        for prompt in planned.prompts():
            is_made = prompt.number in numbers
            yield replace(prompt, made=a_made(prompt.stem)) if is_made else prompt

    return PlannedJob(planned.plan, prompts)


def a_made(stem: str) -> Made:
    """What a prompt made before."""
    output = OutputFile("image", f"outputs/{stem}.png", "image", "f" * 64, 10, 8, 8)
    return Made((output,), {}, "gpu9", 2, NOW - 100, 1.5)


def comes_back(store: Store, job_key: int, *, now: float = NOW, **changes: Any) -> None:
    """Let a closed job be accepted anew, as when its folder is moved back and nothing is kept."""
    with store.reading() as session:
        job = session.jobs.get(job_key)
    planned = a_planned_job(job.counts.total, **changes)
    store.accept(job.job, planned, A_JOB_FILE, input_folder="inputs", now=now)


def cancel_a_job(store: Store, job: str) -> None:
    """Let a job be over, as one that was cancelled."""
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    job_key = found.job_key
    store.write(lambda session: session.cancel(job_key, now=NOW, why="a test"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW))


def write(path: Path, text: str) -> Path:
    """Write a text file, its folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def job_of(store: Store, job_key: int) -> Job:
    """Give a job as the queue has it."""
    with store.reading() as session:
        return session.jobs.get(job_key)


def notices_told(store: Store, job_key: int) -> list[str]:
    """Give what a job's events tell of its notices, in their order."""
    with store.reading() as session:
        events = [event for _, event in session.events.of_job(job_key)]
    return [event.kind for event in events if event.kind.startswith("notice.")]


def as_read(path: Path) -> ReadFile:
    """Give a file as an input that was read."""
    data = path.read_bytes()
    return ReadFile(hashlib.sha256(data).hexdigest(), len(data), "")


def next_step(script: str) -> Step:
    """A step of the schema after every one there is."""
    with closing(sqlite3.connect(":memory:")) as trial:
        for step in steps():
            trial.executescript(step.script)
        trial.executescript(script)
        return Step(steps()[-1].number + 1, script, digest_of(trial))

"""What became of attempts, prompts and jobs since the daemon started, counted where they end."""

import threading
from collections import Counter, defaultdict
from functools import partial

from vqd.domain.figures import JOB_BOUNDS_S, RUN_BOUNDS_S, Histogram, Work
from vqd.domain.lifecycle import JobState, Move
from vqd.domain.outcome import Failed, FailureCode
from vqd.domain.queue import Job
from vqd.runner.conclude import Ended

MOST_WORKFLOWS = 50
"""So many workflows are told apart; what is of others counts as `OTHER`, however many come."""
OTHER = "other"


class Counting:
    """Counts. Any thread may, and may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workflows: set[str] = set()
        self._attempts: Counter[tuple[str, FailureCode | None]] = Counter()
        self._prompts: Counter[tuple[str, Move]] = Counter()
        self._jobs: Counter[tuple[str, JobState]] = Counter()
        self._prompt_s: dict[str, Histogram] = defaultdict(partial(Histogram, RUN_BOUNDS_S))
        self._busy_s: dict[str, float] = defaultdict(float)
        self._job_wait_s = Histogram(JOB_BOUNDS_S)
        self._job_run_s = Histogram(JOB_BOUNDS_S)

    def concluded(self, ended: Ended, move: Move) -> None:
        """Count an attempt that is over, and its prompt if the move that followed ended it."""
        outcome = ended.outcome
        code = outcome.code if isinstance(outcome, Failed) else None
        with self._lock:
            workflow = self._told_apart(ended.workflow)
            self._attempts[workflow, code] += 1
            if move is not Move.REQUEUE:
                self._prompts[workflow, move] += 1
            if outcome.seconds is not None:
                self._busy_s[ended.server] += outcome.seconds
            if code is None and outcome.seconds is not None:
                self._prompt_s[workflow].add(outcome.seconds)

    def closed(self, job: Job) -> None:
        """Count a job that is closed. One that could not be read counts for no workflow, as what it
        names may be anything."""
        with self._lock:
            workflow = "" if job.plan is None else self._told_apart(job.workflow)
            self._jobs[workflow, job.state] += 1
            if job.started_at is not None and job.finished_at is not None:
                self._job_wait_s.add(job.started_at - job.accepted_at)
                self._job_run_s.add(job.finished_at - job.started_at)

    def work(self) -> Work:
        """Give what was counted so far."""
        with self._lock:
            return Work(
                attempts=dict(self._attempts),
                prompts=dict(self._prompts),
                jobs=dict(self._jobs),
                prompt_s=dict(self._prompt_s),
                busy_s=dict(self._busy_s),
                job_wait_s=self._job_wait_s,
                job_run_s=self._job_run_s,
            )

    def _told_apart(self, workflow: str) -> str:
        if len(self._workflows) < MOST_WORKFLOWS:
            self._workflows.add(workflow)
        return workflow if workflow in self._workflows else OTHER

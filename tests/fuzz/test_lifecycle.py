"""The queue, whatever is done to it in whatever order: each prompt goes by the table of moves, the
counters are those of the prompts, and what is let go on comes to its end, once."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.builders import A_JOB_FILE, NOW, a_planned_job
from vqd.domain.lifecycle import CLOSED_STATES, MOVES, JobState, Move, PromptState
from vqd.domain.needs import Capability
from vqd.domain.outcome import Failed, FailureCode, OutputFile, Succeeded
from vqd.domain.queue import Job, Prompt
from vqd.domain.schedule import Conditions, judge
from vqd.runner.conclude import Ended, conclude
from vqd.service.control import Control, Spot
from vqd.store.connection import open_for_reading
from vqd.store.counters import miscounted
from vqd.store.integrity import loose_references
from vqd.store.store import Session, Store

EXAMPLES = 12
STEPS = 30
MOST_JOBS = 4
VERBS = ("cancel", "retry", "suspend", "resume", "approve", "prioritise", "place")
LATER_S = 1e5
"""By then nothing waits any more for its time."""
_FAILURES = [code for code in FailureCode if code is not FailureCode.WITHDRAWN]
_OVER = (PromptState.SUCCEEDED, PromptState.FAILED, PromptState.CANCELLED)
_Key = tuple[str, int]


class Queue(RuleBasedStateMachine):
    """A few jobs, people who steer them, and a runner that may end at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.now = NOW
        self.seen: Mapping[_Key, PromptState] = {}
        self.begun: Counter[_Key] = Counter()
        self.ended: Counter[_Key] = Counter()
        self.start()

    def start(self) -> None:
        """Open the queue, as a daemon that starts."""
        self.store = Store(Path(self.folder.name) / "queue.db")
        self.control = Control(self.store, on_change=lambda: None)

    def teardown(self) -> None:
        """Let everything go on, and require that it comes to its end."""
        try:
            self.come_to_an_end()
        finally:
            self.store.close()
            self.folder.cleanup()

    @rule(total=st.integers(1, 3), quoted=st.booleans(), limit=st.sampled_from([None, 1]))
    def accept(self, total: int, quoted: bool, limit: int | None) -> None:
        """Take in a job, or one that comes back."""
        jobs = self.jobs()
        closed = [job for job in jobs if job.state in CLOSED_STATES]
        if not closed and len(jobs) >= MOST_JOBS:
            return
        name = closed[0].job if closed else f"20260101-000000-{len(jobs)}"
        self.forget(name)
        self.store.accept(
            name,
            a_planned_job(total, stop_job_after=limit),
            A_JOB_FILE,
            input_folder="",
            now=self.now,
            quote="it is large" if quoted else None,
        )
        self.begun.update((name, number) for number in range(1, total + 1))

    @rule()
    def claim(self) -> None:
        """Give the server the next prompt, which is of a job that may go on."""
        prompt_id = f"p-{self.now}"
        prompt = self.store.write(
            lambda session: session.prompts.claim("gpu0", prompt_id, now=self.now)
        )
        if prompt is not None:
            job = self.job_of(prompt)
            assert job.cancel_requested_at is None
            assert job.state is JobState.RUNNING

    @rule(chance=st.randoms(use_true_random=False), code=st.sampled_from([None, *_FAILURES]))
    def end(self, chance: Random, code: FailureCode | None) -> None:
        """Let an attempt end, well or not."""
        with self.store.reading() as session:
            running = session.prompts.running()
        if running:
            self.conclude(chance.choice(running), code)

    def conclude(self, prompt: Prompt, code: FailureCode | None) -> None:
        """Write down how an attempt ended, as the runner does."""
        path = f"outputs/{prompt.key.number}.png"
        made = Succeeded((OutputFile("image", path, "image", "f" * 64, 10, 8, 8),), 0.5)
        outcome = made if code is None else Failed(code, f"because of {code}")
        job = self.job_of(prompt)
        limit = job.plan.stop_job_after if job.plan else None
        ended = Ended(prompt, job.job, 1, "gpu0", outcome, stop_job_after=limit)
        self.store.write(lambda session: conclude(session, ended, now=self.now))

    @rule(
        chance=st.randoms(use_true_random=False),
        verb=st.sampled_from(VERBS),
    )
    def steer(self, chance: Random, verb: str) -> None:
        """Ask something of a job, as people do."""
        jobs = [job.job for job in self.jobs()]
        if not jobs:
            return
        job, control = chance.choice(jobs), self.control
        match verb:
            case "cancel":
                control.cancel(job, why="asked", now=self.now)
            case "prioritise":
                control.prioritise(job, chance.randrange(101), now=self.now)
            case "place":
                spot = Spot(chance.choice([None, *jobs]), is_after=chance.random() < 0.5)
                control.place(job, spot, now=self.now)
            case _:
                getattr(control, verb)(job, now=self.now)

    @rule()
    def judge(self) -> None:
        """Judge which jobs may start, as the loop does."""
        self.store.write(self._judge)

    def _judge(self, session: Session) -> None:
        for job_key in session.schedules.unjudged(self.now, MOST_JOBS):
            standing = session.schedules.standing(job_key)
            judgement = judge(standing, Conditions({}, [Capability()]), self.now)
            session.schedules.judged(job_key, judgement, now=self.now)

    @rule()
    def close_what_is_over(self) -> None:
        """Close each job of which every prompt is over, as the publisher does."""
        for job in self.jobs():
            if job.state not in CLOSED_STATES:
                self.store.write(partial(_closed, job, self.now))

    @rule(seconds=st.sampled_from([0.0, 1.0, 100.0, -3600.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass, or the clock be set back."""
        self.now += seconds

    @rule()
    def restart(self) -> None:
        """End the daemon and begin again."""
        self.store.close()
        self.start()

    @invariant()
    def every_prompt_goes_by_the_table(self) -> None:
        """Require that no state changed but by a move, and no prompt ended twice."""
        now = self.states()
        for key, state in now.items():
            before = self.seen.get(key, PromptState.PENDING)
            assert state is before or _moves(before, state), (key, before, state)
            if before in _OVER and state is PromptState.PENDING:
                self.ended[key] -= 1  # it is tried again
            if before not in _OVER and state in _OVER:
                self.ended[key] += 1
            assert self.ended[key] == int(state in _OVER)
        assert now.keys() == self.begun.keys()
        self.seen = now

    @invariant()
    def the_queue_agrees_with_itself(self) -> None:
        """Require that counters and references are right."""
        with closing(open_for_reading(Path(self.folder.name) / "queue.db")) as connection:
            assert not [*miscounted(connection), *loose_references(connection)]

    def come_to_an_end(self) -> None:
        """Carry everything out that is left."""
        self.now += LATER_S
        for job in self.jobs():
            self.control.approve(job.job, now=self.now)
            self.control.resume(job.job, now=self.now)
        for _ in range(4 * MOST_JOBS):
            self.judge()
            self.claim()
            self.every_prompt_goes_by_the_table()
            with self.store.reading() as session:
                running = session.prompts.running()
            for prompt in running:
                self.conclude(prompt, None)
            self.every_prompt_goes_by_the_table()
        self.close_what_is_over()
        assert all(job.state in CLOSED_STATES for job in self.jobs()), self.jobs()

    def jobs(self) -> list[Job]:
        """Give all jobs, oldest first."""
        with self.store.reading() as session:
            found = [session.jobs.find(name) for name in sorted(session.adopted.states())]
        return [job for job in found if job is not None]

    def job_of(self, prompt: Prompt) -> Job:
        """Give the job of a prompt."""
        with self.store.reading() as session:
            return session.jobs.get(prompt.key.job_key)

    def states(self) -> Mapping[_Key, PromptState]:
        """Give the state of every prompt."""
        jobs = self.jobs()
        with self.store.reading() as session:
            return {
                (job.job, prompt.key.number): prompt.state
                for job in jobs
                for prompt in session.prompts.of_job(job.job_key)
            }

    def forget(self, name: str) -> None:
        """Forget the earlier life of a job."""
        self.seen = {key: state for key, state in self.seen.items() if key[0] != name}
        for counter in (self.begun, self.ended):
            for key in [key for key in counter if key[0] == name]:
                del counter[key]


def _closed(job: Job, now: float, session: Session) -> None:
    if session.jobs.begin_publishing(job.job_key):
        state = JobState.FAILED if job.counts.failed else JobState.DONE
        session.jobs.close(job.job_key, state, None, now=now)


def _moves(before: PromptState, after: PromptState) -> set[Move]:
    """Give the moves that lead from one state to another."""
    return {
        move for move, (sources, target) in MOVES.items() if before in sources and target is after
    }


def test_the_queue_holds_together_whatever_is_done_to_it_in_whatever_order() -> None:
    run_state_machine_as_test(
        Queue,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

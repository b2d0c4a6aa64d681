"""What the queue's questions cost with a million prompts waiting, as ratios to a thousand.

Both queues have ten jobs; each question is put to them in turns.
"""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from tests.bench.figure import Figure
from tests.builders import A_JOB_FILE, NOW, a_plan
from vqd.domain.graph import NamedGraph, Target, Value
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import PromptState
from vqd.domain.listing import JobFilter
from vqd.domain.outcome import Succeeded
from vqd.domain.queue import PromptKey
from vqd.service.overview import open_overviews
from vqd.service.views import Views
from vqd.store.store import Session, Store

JOBS = 10
FEW, MANY = 1_000, 1_000_000
BLOCKS, TURNS = 25, 40
PAGE = 50
_GRAPH = NamedGraph.of(
    {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "width": 8, "crop": "no"}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": ""}},
    }
)


class _TakenBack(Exception):
    """What was done is not to be kept."""


class Queue:
    """Ten jobs with so many prompts in all, in a database of their own."""

    def __init__(self, folder: Path, total: int) -> None:
        self.path = folder / f"{total}.db"
        self.store = Store(self.path)
        self.views = Views(self.store)
        began = time.perf_counter()
        for number in range(JOBS):
            job = PlannedJob(a_plan(total // JOBS, name=str(number)), _prompts(total // JOBS))
            self.store.accept(_name(number), job, A_JOB_FILE, input_folder="", now=NOW)
        self.accepted_s = time.perf_counter() - began
        self.middle = total // JOBS // 2

    def close(self) -> None:
        self.store.close()

    def bytes_each(self) -> float:
        """What a waiting prompt takes on the disk, beside the graph that its job shares."""
        with self.store.reading() as session:
            total = sum(one.pending for one in session.listing.depths())
        return self.path.stat().st_size / total

    def cancelled_s(self) -> float:
        """Cancel the largest job; give the time to its commit."""
        with self.store.reading() as session:
            job_key = session.jobs.get(1).job_key
        began = time.perf_counter()
        self.store.write(lambda session: session.cancel(job_key, now=NOW, why="bench"))
        return time.perf_counter() - began


def scale(folder: Path) -> list[Figure]:
    """Put each question to a short and to a long queue in turns."""
    with ExitStack() as open_queues:
        few, many = (open_queues.enter_context(closing(Queue(folder, n))) for n in (FEW, MANY))
        figures = [_ratio(name, ask, few, many) for name, ask in _QUESTIONS.items()]
        figures += [
            Figure("claim with 1,000,000 waiting", 1000 * _claim(many), "ms"),
            Figure("a million prompts accepted", MANY / many.accepted_s, "/s"),
            Figure("one waiting prompt in the database", many.bytes_each(), "bytes", 400),
            Figure("100,000 waiting prompts cancelled", many.cancelled_s(), "s", 2),
        ]
    return figures


def _ratio(name: str, ask: Callable[[Queue], float], few: Queue, many: Queue) -> Figure:
    pairs = [(ask(few), ask(many)) for _ in range(BLOCKS + 1)][1:]
    short, long = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Figure(f"{name} with 1,000,000 waiting / with 1,000", long / short, "x", 1.1)


def _claim(queue: Queue) -> float:
    return _undone(queue, lambda session, _: session.prompts.claim("gpu0", _id(0), now=NOW))


def _finish(queue: Queue) -> float:
    keys: list[PromptKey] = []

    def begin(session: Session) -> None:
        for turn in range(TURNS):
            prompt = session.prompts.claim("gpu0", _id(turn), now=NOW)
            assert prompt is not None
            keys.append(prompt.key)

    def finish(session: Session, turn: int) -> None:
        session.prompts.succeed(keys[turn], Succeeded((), 1.0, {}), now=NOW)

    return _undone(queue, finish, begin)


def _undone(
    queue: Queue,
    act: Callable[[Session, int], object],
    begin: Callable[[Session], object] = lambda _: None,
) -> float:
    """Give the median time of one act, without its commit; all is taken back."""
    took: list[float] = []

    def acts(session: Session) -> None:
        begin(session)
        for turn in range(TURNS):
            began = time.perf_counter()
            act(session, turn)
            took.append(time.perf_counter() - began)
        raise _TakenBack

    with contextlib.suppress(_TakenBack):
        queue.store.write(acts)
    return statistics.median(took)


def _read(ask: Callable[[Queue], object]) -> Callable[[Queue], float]:
    def median_s(queue: Queue) -> float:
        took = []
        for _ in range(TURNS):
            began = time.perf_counter()
            ask(queue)
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    return median_s


def _status(queue: Queue) -> object:
    with open_overviews(queue.path) as overviews:
        return overviews.overview(time.time())


def _jobs_page(queue: Queue) -> object:
    with queue.store.reading() as session:
        return session.joblist.page(JobFilter(), limit=PAGE)


def _prompts_page(queue: Queue) -> object:
    with queue.store.reading() as session:
        waiting = PromptState.PENDING
        return session.listing.prompts(JOBS, waiting, after=queue.middle, limit=PAGE)


def _finishes(queue: Queue) -> object:
    with queue.store.reading() as session:
        jobs = session.joblist.newest(JOBS)
    return queue.views.finishes(jobs, NOW)


_QUESTIONS: Mapping[str, Callable[[Queue], float]] = {
    "claim": _claim,
    "finish": _finish,
    "status": _read(_status),
    "one job": _read(lambda queue: queue.views.detail(_name(3), prompts=PAGE)),
    "when jobs are done": _read(_finishes),
    "a page of jobs": _read(_jobs_page),
    "a page of prompts": _read(_prompts_page),
}


def _prompts(total: int) -> Callable[[], Iterator[PlannedPrompt]]:
    def prompts() -> Iterator[PlannedPrompt]:
        for number in range(1, total + 1):
            edits: dict[Target, Value] = {
                Target("2", "width"): number,
                Target("3", "filename_prefix"): f"vqd/j/{number}",
            }
            yield PlannedPrompt(number, _GRAPH, edits, {}, {"width": number}, number, f"o{number}")

    return prompts


def _name(number: int) -> str:
    return f"20260101-00000{number}-job{number}"


def _id(turn: int) -> str:
    return f"00000000-0000-4000-8000-{turn:012}"

"""Other queues on SQLite, on the same rows in the same run.

They are installed into .venv-peers (`script/bench` does so); nothing else needs them, and without
them nothing is measured here.
"""

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.rival import QUEUES
from tests.builders import A_JOB_FILE, NOW, a_planned_job
from vqd.domain.outcome import Succeeded
from vqd.domain.queue import PromptKey
from vqd.store.store import Session, Store

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin"
RIVAL = Path(__file__).with_name("rival.py")
WAITING = 20_000
BLOCKS, TURNS = 7, 40


def queues(folder: Path) -> list[Figure]:
    """Take rows from queues of 20,000, and tell them done, in turns."""
    if not PEERS.exists():
        return []
    with ExitStack() as opened:
        rivals = {name: opened.enter_context(_rival(name, folder / name)) for name in QUEUES}
        store = opened.enter_context(closing(Store(folder / "queue.db")))
        filled_s = _fill(store)
        took: dict[str, list[float]] = {name: [] for name in ("vqd", *rivals)}
        for _ in range(BLOCKS + 1):
            took["vqd"].append(_taken_s(store))
            for name, rival in rivals.items():
                took[name].append(rival.taken_s())
    middle = {name: statistics.median(times[1:]) for name, times in took.items()}
    figures = [Figure("vqd: a prompt claimed and told done", 1000 * middle["vqd"], "ms")]
    for name, rival in rivals.items():
        head = f"{name}, 20,000 waiting"
        figures += [
            _gain(f"{head}: a row taken and told done / vqd", middle[name] / middle["vqd"]),
            _gain(f"{head}: a row put in / vqd", rival.filled_s / filled_s),
        ]
    return figures


def _gain(name: str, ratio: float) -> Figure:
    return Figure(name, ratio, "x", is_gain=True)


class Rival:
    """Another queue, filled, in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.filled_s = self._told()

    def taken_s(self) -> float:
        """Give what taking a row and telling it done takes."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._told()

    def _told(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())


@contextmanager
def _rival(name: str, folder: Path) -> Iterator[Rival]:
    folder.mkdir()
    asked = [str(PEERS / "python"), str(RIVAL), name, str(folder), str(WAITING), str(TURNS)]
    with subprocess.Popen(
        asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Rival(process)


def _fill(store: Store) -> float:
    """Bring a job in, and give what a prompt of it took."""
    began = time.perf_counter()
    job = a_planned_job(WAITING)
    store.accept("20260101-000000-a", job, A_JOB_FILE, input_folder="", now=NOW)
    return (time.perf_counter() - began) / WAITING


def _taken_s(store: Store) -> float:
    """Claim a prompt and tell that it succeeded, each with its durable commit; the median."""
    took = []
    for turn in range(TURNS):
        began = time.perf_counter()
        key = store.write(partial(_claim, f"{turn:032}"))
        store.write(partial(_succeed, key))
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _claim(prompt_id: str, session: Session) -> PromptKey:
    prompt = session.prompts.claim("gpu0", prompt_id, now=NOW)
    assert prompt is not None
    return prompt.key


def _succeed(key: PromptKey, session: Session) -> None:
    session.prompts.succeed(key, Succeeded((), 1.0, {}), now=NOW)

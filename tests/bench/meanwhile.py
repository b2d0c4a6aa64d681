"""How soon other jobs' prompts are sent while a job of 100,000 prompts is taken in.

Some servers carry out a long job, and one waits for small jobs that are dropped now and then: both
go on as before, or wait for the large one.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import requests

from tests.bench.figure import Figure
from tests.bench.graph import one_picture
from tests.bench.process import pause, peak_mb
from tests.builders import write
from tests.daemons import Daemon
from tests.waiting import wait_for

BUSY, SECONDS = 4, 0.2
APART_S = 0.25
"""How far apart the small jobs are dropped: one is over when the next comes."""
LARGE = 100_000
LARGE_WIDTH = 33
"""By which its prompts are known."""
TURNS = 3
CALM_S = 5.0

GRAPH = one_picture(32)
DEFINITION = """\
vqd_workflow: 1
name: timed
version: 1
graph: timed.json
params:
  width: {type: int, default: 32, min: 1, max: 16384, bind: "@Empty Image.width"}
  color: {type: int, default: 0, min: 0, max: 16777215, bind: "@Empty Image.color"}
  tag: {type: text, default: ""}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
"""
HEAD = "vqd: 1\nworkflow: timed\noutput: {sidecar: none}\n"


@dataclass(slots=True)
class Delays:
    """How long prompts waited that could have been sent, in ms: `next` ones of the job that runs,
    after a place was free, and those of small jobs after their `drop`."""

    next: list[float] = field(default_factory=list)
    drop: list[float] = field(default_factory=list)
    executing_s: float = 0.0
    idle_s: float = 0.0

    def add(self, other: "Delays") -> None:
        """Take those of another time, too."""
        self.next += other.next
        self.drop += other.drop
        self.executing_s += other.executing_s
        self.idle_s += other.idle_s

    @property
    def idle_percent(self) -> float:
        """How much of the time the servers stood still between two prompts."""
        return 100 * self.idle_s / (self.executing_s + self.idle_s)


class Yard:
    """Servers, the last of which is left to small jobs, and the daemon that has them."""

    def __init__(self, folder: Path, told: Mapping[str, Any], **settings: Any) -> None:
        self._control = told["control"]
        write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
        write(folder / "workflows" / "timed.yaml", DEFINITION)
        *busy, free = told["servers"]
        servers = [{"url": url, "tags": ["busy"]} for url in busy]
        servers.append({"url": free, "tags": ["free"]})
        self.daemon = Daemon(
            folder,
            servers=servers,
            workflows=[str(folder / "workflows")],
            rescan_s=60,
            **settings,
        )
        self._small = 0
        self._large_at: float | None = None

    def drop(self, name: str, text: str, files: Mapping[str, str] | None = None) -> float:
        """Drop a job folder; give when."""
        made = self.daemon.folder / "made" / name
        for file, content in (files or {}).items():
            write(made / file, content)
        write(made / "job.yaml", f"{HEAD}{text}")
        dropped_at = time.monotonic()
        made.rename(self.daemon.spool.inbox / name)
        return dropped_at

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def drop_small(self) -> float:
        """Drop a job of one prompt for the free server; give when."""
        self._small += 1
        text = f"schedule: {{needs: {{tags: [free]}}}}\nparams: {{color: {self._small}}}\n"
        return self.drop(f"small{self._small}", text)

    def measure(self, until: Callable[[], object]) -> Delays:
        """Drop small jobs until something is so, and give what prompts waited for."""
        self._take("posts"), self._take("runs")
        first, drops = self._small + 1, [self.drop_small()]
        while not until():
            pause(APART_S)
            drops.append(self.drop_small())
        for number in range(first, self._small + 1):
            self.daemon.wait_closed(f"small{number}", within_s=120)
        return _delays(self._take("posts"), self._take("runs"), drops)

    def taken_at(self, name: str) -> float | None:
        """Tell since when a job is in the queue, in UTC seconds; None if it is not."""
        for line in self.daemon.logged("drop.taken"):
            if line["drop"] == name:
                return datetime.fromisoformat(line["timestamp"]).timestamp()
        return None

    def first_large_at(self) -> float:
        """Wait for the first prompt of a large job, and give when it was sent."""
        return wait_for(self._first_large_at, within_s=60, what="the large job's first prompt")

    def _first_large_at(self) -> float | None:
        self._take("posts")
        return self._large_at

    def cancel(self, name: str) -> None:
        """Cancel a job, and wait for its end."""
        (folder,) = self.daemon.spool.active.glob(f"*-{name}")
        (folder / "CANCEL").touch()
        self.daemon.wait_closed(name, within_s=120)
        self._take("posts")
        self._large_at = None

    def _take(self, what: str) -> list[list[Any]]:
        told: list[list[Any]] = requests.get(f"{self._control}/{what}", timeout=30).json()
        if what == "posts" and self._large_at is None:
            large = (at for at, graph in chain(*told) if _inputs(graph)["width"] == LARGE_WIDTH)
            self._large_at = min(large, default=None)
        return told


def _delays(posts: Sequence[Any], runs: Sequence[Any], drops: Sequence[float]) -> Delays:
    delays = Delays()
    small = sorted(posts[-1], key=lambda posted: _inputs(posted[1])["color"])
    delays.drop = [
        1000 * (posted_at - dropped_at)
        for (posted_at, _), dropped_at in zip(small, drops, strict=True)
    ]
    for ran, sent in zip(runs[:-1], posts[:-1], strict=True):
        ends = [ended for _, _, ended in ran]
        times = [at for at, _ in sent]
        for ended in ends:
            following = next((at for at in times if at > ended), None)
            if following is not None:
                delays.next.append(1000 * (following - ended))
        delays.executing_s += sum(ended - began for _, began, ended in ran)
        delays.idle_s += sum(began - ended for (_, _, ended), (_, began, _) in pairwise(ran))
    return delays


def meanwhile(folder: Path) -> list[Figure]:
    """Take large jobs in, of a table and of a job file as long as may be, while others go on."""
    figures = []
    with open_yard(folder) as yard:
        yard.drop(
            "long", "schedule: {needs: {tags: [busy]}}\nfan_out: {matrix: {color: 1-20000}}\n"
        )
        wait_for(lambda: len(yard.daemon.logged("prompt.concluded")) > BUSY, within_s=60)
        calm_until = time.monotonic() + CALM_S
        calm = yard.measure(lambda: time.monotonic() > calm_until)
        for named, large in LARGE_JOBS.items():
            figures += _while_taken(yard, named, large, calm)
        figures.append(Figure("100,000 prompts taken in: most memory", peak_mb(yard.pid), "MB"))
    return [
        Figure("next prompt sent, 99 of 100", _percentile(calm.next), "ms"),
        Figure("drop -> sent, median", statistics.median(calm.drop), "ms"),
        *figures,
    ]


def _while_taken(
    yard: Yard, named: str, large: tuple[str, Mapping[str, str]], calm: Delays
) -> list[Figure]:
    both, first_s, taken_s = Delays(), [], []
    for turn in range(TURNS):
        name = f"{named}{turn}"
        dropped_at, large_at = time.time(), yard.drop(name, *large)
        both.add(yard.measure(partial(yard.taken_at, name)))
        taken_at = yard.taken_at(name)
        assert taken_at is not None
        taken_s.append(taken_at - dropped_at)
        first_s.append(yard.first_large_at() - large_at)
        yard.cancel(name)
    head = f"while 100,000 prompts come in by {named}"
    return [
        Figure(f"{head}: next prompt sent, 99 of 100", _percentile(both.next), "ms", 50),
        Figure(f"{head}: next prompt sent, at most", max(both.next), "ms"),
        Figure(f"{head}: drop -> sent, median", statistics.median(both.drop), "ms"),
        Figure(f"{head}: drop -> sent, 99 of 100", _percentile(both.drop), "ms", 50),
        Figure(
            f"{head}: servers idle beyond before",
            max(0.0, both.idle_percent - calm.idle_percent),
            "%",
            0.1,
        ),
        Figure(f"{head}: sent first after", statistics.median(first_s), "s"),
        Figure(f"{head}: taken", LARGE / statistics.median(taken_s), "/s"),
    ]


def _inputs(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs: Mapping[str, Any] = graph["1"]["inputs"]
    return inputs


def _percentile(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


_SCHEDULE = (
    f"schedule: {{priority: 60, needs: {{tags: [busy]}}}}\nparams: {{width: {LARGE_WIDTH}}}\n"
)
LARGE_JOBS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "CSV": (
        f"{_SCHEDULE}fan_out: {{rows: shots.csv}}\n",
        {"shots.csv": "color,tag\n" + "".join(f"{at},shot{at:06}\n" for at in range(LARGE))},
    ),
    "YAML": (
        f"{_SCHEDULE}fan_out:\n  matrix: {{color: 1-10}}\n  rows:\n"
        + "".join(
            f"    - {{tag: shot{at:05}}}  # a remark that somebody wrote behind this row\n"
            for at in range(LARGE // 10)
        ),
        {},
    ),
}
"""What a large job says, and the files beside it."""


@contextmanager
def open_yard(folder: Path, **settings: Any) -> Iterator[Yard]:
    """Give the servers and the daemon, which runs."""
    asked = [sys.executable, "-m", "tests.bench.timed_servers", str(BUSY + 1), str(SECONDS)]
    servers = subprocess.Popen(
        asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with servers:
        assert servers.stdout is not None
        yard = Yard(folder, json.loads(servers.stdout.readline()), **settings)
        try:
            yard.daemon.start()
            yield yard
        finally:
            yard.daemon.close()

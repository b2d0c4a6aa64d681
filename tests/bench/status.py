"""What it costs to tell of a large job while it runs: to whoever asks, and on the disk."""

import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import requests

from tests.bench.figure import Figure
from tests.bench.meanwhile import BUSY, Yard, open_yard
from tests.bench.process import pause
from tests.waiting import wait_for

BLOCKS, ASKED = 40, 8
APART_S = 0.01
"""Between two questions, lest these themselves be what others wait for."""
SMALL, MIDDLE, LARGE = 10, 1_000, 100_000
EACH = 100
"""Prompts that end while what is written is counted."""


def status(folder: Path) -> list[Figure]:
    """Count what is written for a prompt of a job of 1,000, and of one of 100,000; and ask for the
    large one in turns with small ones that run beside it, and with whether the daemon lives."""
    with open_yard(folder, web={"listen": "127.0.0.1:0"}) as yard:
        yard.drop("middle", _job(MIDDLE))
        of_middle = _written_each(yard)
        yard.cancel("middle")
        yard.drop("large", _job(LARGE))
        wait_for(lambda: yard.taken_at("large"), within_s=120, what="the large job")
        of_large = _written_each(yard)
        took = _asked(yard)
    large, alive = ([ms for ms, _ in took[name]] for name in ("large", "alive"))
    named = "a job of 100,000 while it runs, asked of the API"
    return [
        Figure(f"{named}, median", statistics.median(large), "ms"),
        Figure(f"{named}, 99 of 100", _of_hundred(large), "ms", 10),
        Figure(
            "whether the daemon lives, asked in turns with it, 99 of 100", _of_hundred(alive), "ms"
        ),
        Figure(f"{named} / a job of 10", _ratio(took["large"], took["small"]), "x", 1.2),
        Figure("written for a prompt of a job of 100,000", of_large / 1000, "kB"),
        Figure(
            "written for a prompt of a job of 100,000 / of 1,000", of_large / of_middle, "x", 1.2
        ),
    ]


def _job(prompts: int) -> str:
    """Give a job that leaves half of the places to others."""
    schedule = f"schedule: {{max_parallel: {BUSY}, needs: {{tags: [busy]}}}}"
    return f"{schedule}\nfan_out: {{matrix: {{color: 1-{prompts}}}}}\n"


_Asked = tuple[float, int | None]
"""How long an answer took, in ms, and how many prompts of the job ran by it."""


def _asked(yard: Yard) -> Mapping[str, Sequence[_Asked]]:
    """Ask in as many blocks as small jobs run one after the other."""
    url = yard.daemon.logged("web.started")[-1]["url"]
    took: dict[str, list[_Asked]] = {"large": [], "small": [], "alive": []}
    with requests.Session() as session:
        for block in range(BLOCKS):
            name = f"small{block}"
            yard.drop(name, _job(SMALL))
            wait_for(partial(yard.taken_at, name), within_s=120, what="the small job")
            paths = {
                "large": f"/api/jobs/{_name(yard, 'large')}",
                "small": f"/api/jobs/{_name(yard, name)}",
                "alive": "/healthz",
            }
            for path in paths.values():  # what is imported at the first question is not counted
                _answered(session, f"{url}{path}")
            for _ in range(ASKED):
                for asked, path in paths.items():
                    pause(APART_S)
                    took[asked].append(_answered(session, f"{url}{path}"))
    return took


def _answered(session: requests.Session, url: str) -> _Asked:
    began = time.perf_counter()
    answer = session.get(url, timeout=60)
    took_s = time.perf_counter() - began
    answer.raise_for_status()
    return 1000 * took_s, answer.json().get("counts", {}).get("running")


def _name(yard: Yard, drop: str) -> str:
    """Give the JOB of a drop that was taken."""
    taken = yard.daemon.logged("drop.taken")
    return str(next(line["job"] for line in taken if line["drop"] == drop))


def _ratio(ones: Sequence[_Asked], others: Sequence[_Asked]) -> float:
    """Compare answers that tell of as many prompts that run."""
    one, other = (
        statistics.median(ms for ms, running in asked if running == BUSY)
        for asked in (ones, others)
    )
    return one / other


def _of_hundred(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[-1]


def _written_each(yard: Yard) -> float:
    """Give the bytes that the daemon writes, to wherever, for each prompt that ends."""
    first = _concluded(yard)
    wait_for(lambda: _concluded(yard) >= first + EACH // 2, within_s=300)
    first, before = _concluded(yard), _written(yard.pid)
    wait_for(lambda: _concluded(yard) >= first + EACH, within_s=300)
    last, after = _concluded(yard), _written(yard.pid)
    return (after - before) / (last - first)


def _concluded(yard: Yard) -> int:
    return len(yard.daemon.logged("prompt.concluded"))


def _written(pid: int) -> int:
    """Give what a process has written so far (proc(5), wchar)."""
    told = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(told["wchar"])

"""What it costs to tell of a large job while it runs: to whoever asks, and on the disk."""

import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import requests

from tests.bench.figure import Figure
from tests.bench.meanwhile import BUSY, Yard, open_yard
from tests.waiting import wait_for

BLOCKS, ASKED = 6, 50
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
        took_ms = _asked_ms(yard)
    large, small, alive = (took_ms[name] for name in ("large", "small", "alive"))
    named = "a job of 100,000 while it runs, asked of the API"
    return [
        Figure(f"{named}, median", statistics.median(large), "ms"),
        Figure(f"{named}, 99 of 100", _of_hundred(large), "ms", 10),
        Figure(
            "whether the daemon lives, asked in turns with it, 99 of 100", _of_hundred(alive), "ms"
        ),
        Figure(f"{named} / a job of 10", _ratio(large, small), "x", 1.2),
        Figure("written for a prompt of a job of 100,000", of_large / 1000, "kB"),
        Figure("written for a prompt of a job of 100,000 / of 1,000", of_large / of_middle, "x", 2),
    ]


def _job(prompts: int, most: int = BUSY) -> str:
    """Give a job that takes so many of the places at most: by itself, it leaves half to others."""
    schedule = f"schedule: {{max_parallel: {most}, needs: {{tags: [busy]}}}}"
    return f"{schedule}\nfan_out: {{matrix: {{color: 1-{prompts}}}}}\n"


def _asked_ms(yard: Yard) -> Mapping[str, Sequence[float]]:
    """Give how long each answer took, in as many blocks as small jobs run one after the other."""
    url = yard.daemon.logged("web.started")[-1]["url"]
    took: dict[str, list[float]] = {"large": [], "small": [], "alive": []}
    with requests.Session() as session:
        for block in range(BLOCKS):
            name = f"small{block}"
            yard.drop(name, _job(SMALL, 2))
            wait_for(partial(yard.taken_at, name), within_s=120, what="the small job")
            paths = {
                "large": f"/api/jobs/{_name(yard, 'large')}",
                "small": f"/api/jobs/{_name(yard, name)}",
                "alive": "/healthz",
            }
            for path in paths.values():  # what is imported at the first question is not counted
                session.get(f"{url}{path}", timeout=60).raise_for_status()
            for _ in range(ASKED):
                for asked, path in paths.items():
                    began = time.perf_counter()
                    session.get(f"{url}{path}", timeout=60).raise_for_status()
                    took[asked].append(1000 * (time.perf_counter() - began))
    return took


def _name(yard: Yard, drop: str) -> str:
    """Give the JOB of a drop that was taken."""
    taken = yard.daemon.logged("drop.taken")
    return str(next(line["job"] for line in taken if line["drop"] == drop))


def _ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(ones) / statistics.median(others)


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

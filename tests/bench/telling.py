"""What it costs to tell of a large job while it runs: to whoever asks, and on the disk."""

import statistics
import time
from pathlib import Path

import requests

from tests.bench.figure import Figure
from tests.bench.meanwhile import BUSY, SECONDS, Yard, open_yard
from tests.bench.process import pause
from tests.waiting import wait_for

ASKED = 300
SMALL, LARGE = 1_000, 100_000
EACH = 100
"""Prompts that end while what is written is counted."""


def telling(folder: Path) -> list[Figure]:
    """Count what is written for a prompt of a job of 1,000, and of one of 100,000; and ask for both
    in turns while they run side by side."""
    with open_yard(folder, web={"listen": "127.0.0.1:0"}) as yard:
        yard.drop("alone", _job(SMALL))
        of_small = _written_each(yard)
        yard.cancel("alone")
        yard.drop("large", _job(LARGE))
        wait_for(lambda: yard.taken_at("large"), within_s=120, what="the large job")
        of_large = _written_each(yard)
        yard.drop("small", _job(SMALL))
        wait_for(lambda: yard.taken_at("small"), within_s=120, what="the small job")
        pause(5 * SECONDS)  # so that as many prompts of both run
        small_ms, large_ms = _asked_ms(yard)
    ratio = statistics.median(large_ms) / statistics.median(small_ms)
    return [
        Figure(
            "a job of 100,000 while it runs, asked of the API, 99 of 100",
            statistics.quantiles(large_ms, n=100)[-1],
            "ms",
            10,
        ),
        Figure("a job of 100,000, asked of the API / a job of 1,000", ratio, "x", 1.2),
        Figure("written for a prompt of a job of 100,000", of_large / 1000, "kB"),
        Figure("written for a prompt of a job of 100,000 / of 1,000", of_large / of_small, "x"),
    ]


def _job(prompts: int) -> str:
    """Give a job that leaves half of the places to others."""
    schedule = f"schedule: {{max_parallel: {BUSY}, needs: {{tags: [busy]}}}}"
    return f"{schedule}\nfan_out: {{matrix: {{color: 1-{prompts}}}}}\n"


def _asked_ms(yard: Yard) -> tuple[list[float], list[float]]:
    url = yard.daemon.logged("web.started")[-1]["url"]
    found = {folder.name for folder in yard.daemon.spool.active.iterdir()}
    took: dict[str, list[float]] = {"small": [], "large": []}
    with requests.Session() as session:
        for _ in range(ASKED):
            for name, times in took.items():
                job = next(one for one in found if one.endswith(f"-{name}"))
                began = time.perf_counter()
                session.get(f"{url}/api/jobs/{job}", timeout=60).raise_for_status()
                times.append(1000 * (time.perf_counter() - began))
    return took["small"], took["large"]


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

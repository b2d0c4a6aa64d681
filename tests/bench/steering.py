"""How soon people are heard who steer: by a file in a job's folder, or by the API.

A file's answer is its new name, and when it got that is read from the file itself: st_ctime, which
the kernel tells to some 4 ms. When a prompt was stopped is told by its server's history.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import requests

from tests.bench.figure import Figure
from tests.bench.intake import BURST, a_daemon, accepted, job_files
from tests.bench.process import pause
from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

TURNS = 40
"""Prompts that are stopped by each way."""
PICTURES, SIDE = 2_000, 192
"""Scaled one after the other, for some seconds in all; after each the engine looks whether it is to
stop."""
FILES, APART_S = 200, 0.1
"""Steering files that are put, and between two of them: none waits for the answer of another."""

Cancel = Callable[[Daemon, Path], object]
"""Has a job cancelled, whose folder in active/ is given."""


def steering(folder: Path) -> list[Figure]:
    """Put steering files into jobs that wait, idle and while 5,000 job files come in; and cancel
    jobs whose prompt runs on the built-in engine."""
    return [
        *_answered("idle", _answers_idle(folder / "idle")),
        *_answered("while 5,000 job files come in", _answers_meanwhile(folder / "burst")),
        *_stopped(folder),
    ]


def _answered(when: str, took_s: Sequence[float]) -> list[Figure]:
    named = f"a steering file put -> answered, {when}"
    return [
        Figure(f"{named}, median", 1000 * statistics.median(took_s), "ms"),
        Figure(f"{named}, 99 of 100", 1000 * _of_hundred(took_s), "ms", 2000),
    ]


def _answers_idle(folder: Path) -> list[float]:
    with a_daemon(folder, rescan_s=60) as daemon:
        daemon.spool.pause()
        picture_job(folder / "one", pictures=1).rename(daemon.spool.inbox / "one")
        job = _active(daemon, "one")
        wait_for(lambda: accepted(daemon), within_s=60, what="the job")
        took_s = []
        for turn in range(FILES):
            pause(APART_S)
            put_at = _put(job, f"PRIORITY {turn % 101}")
            answer = wait_for(partial(_answer_in, job), within_s=60, what="the answer")
            took_s.append(_named_at(answer) - put_at)
            answer.unlink()
        return took_s


def _answers_meanwhile(folder: Path) -> list[float]:
    """Put one into another job each time; the jobs are those that came first."""
    put: dict[Path, float] = {}
    with a_daemon(folder, rescan_s=60) as daemon:
        daemon.spool.pause()
        for path in job_files(folder / "made"):
            path.rename(daemon.spool.inbox / path.name)
        while accepted(daemon) < BURST:
            pause(APART_S)
            job = next((one for one in sorted(_jobs(daemon)) if one not in put), None)
            if job is not None:
                put[job] = _put(job, "PRIORITY 80")
        answers = {job: wait_for(partial(_answer_in, job), within_s=60) for job in put}
        return [_named_at(answers[job]) - put_at for job, put_at in put.items()]


def _jobs(daemon: Daemon) -> Iterator[Path]:
    return daemon.spool.active.glob("[0-9]*")


def _put(job: Path, name: str) -> float:
    put_at = time.time()
    (job / name).touch()
    return put_at


def _answer_in(job: Path) -> Path | None:
    return next(job.glob("PRIORITY.done-*"), None)


def _named_at(path: Path) -> float:
    return path.stat().st_ctime


def _stopped(folder: Path) -> list[Figure]:
    figures = []
    with _yard(folder) as (daemon, engine):
        for first, (way, cancel) in zip(count(1, TURNS), _WAYS.items(), strict=False):
            took_ms = [1000 * one for one in _stops(daemon, engine, cancel, first)]
            named = f"{way} -> the prompt that runs is stopped"
            figures += [
                Figure(f"{named}, median", statistics.median(took_ms), "ms"),
                Figure(f"{named}, 99 of 100", _of_hundred(took_ms), "ms", 1000),
            ]
    return figures


@contextmanager
def _yard(folder: Path) -> Iterator[tuple[Daemon, EngineProcess]]:
    write(folder / "workflows" / "long.json", json.dumps(_GRAPH))
    write(folder / "workflows" / "long.yaml", _DEFINITION)
    engine = EngineProcess(folder / "engine")
    engine.start()
    try:
        workflows, web = [str(folder / "workflows")], {"listen": "127.0.0.1:0"}
        with a_daemon(
            folder / "cancel", servers=[engine.url], workflows=workflows, web=web
        ) as daemon:
            yield daemon, engine
    finally:
        engine.stop()


def _stops(daemon: Daemon, engine: EngineProcess, cancel: Cancel, first: int) -> Iterator[float]:
    """Give the seconds from each cancel until the engine has stopped the prompt; from `first` on
    each has a colour of its own, so that nothing of it is known from before."""
    for number in range(first, first + TURNS):
        name = f"long{number}"
        made = daemon.folder / "made" / name
        write(made / "job.yaml", f"vqd: 1\nworkflow: long\nparams: {{color: {number}}}\n")
        made.rename(daemon.spool.inbox / name)
        wait_for(partial(_is_working, engine), within_s=60, what="a prompt that runs")
        cancelled_at = time.time()
        cancel(daemon, _active(daemon, name))
        daemon.wait_closed(name)
        yield _interrupted_at(engine) - cancelled_at


def _active(daemon: Daemon, name: str) -> Path:
    return wait_for(lambda: next(daemon.spool.active.glob(f"*-{name}"), None), within_s=60)


def _is_working(engine: EngineProcess) -> bool:
    return bool(_asked(engine, "queue")["queue_running"])


def _interrupted_at(engine: EngineProcess) -> float:
    (entry,) = _asked(engine, "history?max_items=1").values()
    told: Mapping[str, Any] = dict(entry["status"]["messages"])["execution_interrupted"]
    return float(told["timestamp"]) / 1000


def _asked(engine: EngineProcess, what: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = requests.get(f"{engine.url}/{what}", timeout=60).json()
    return answer


def _by_file(_: Daemon, job: Path) -> None:
    (job / "CANCEL").touch()


def _by_api(daemon: Daemon, job: Path) -> None:
    url = daemon.logged("web.started")[-1]["url"]
    requests.post(f"{url}/api/jobs/{job.name}/cancel", json={}, timeout=60).raise_for_status()


_WAYS: Mapping[str, Cancel] = {"CANCEL put": _by_file, "cancel asked of the API": _by_api}


def _of_hundred(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


_GRAPH: Mapping[str, Any] = {
    "1": {
        "class_type": "EmptyImage",
        "inputs": {"width": 32, "height": 32, "batch_size": PICTURES, "color": 0},
        "_meta": {"title": "Empty Image"},
    },
    "2": {
        "class_type": "ImageScale",
        "inputs": {
            "image": ["1", 0],
            "upscale_method": "lanczos",
            "width": SIDE,
            "height": SIDE,
            "crop": "disabled",
        },
        "_meta": {"title": "Scale"},
    },
    "3": {
        "class_type": "SaveImage",
        "inputs": {"images": ["2", 0], "filename_prefix": "x"},
        "_meta": {"title": "Save Image"},
    },
}
_DEFINITION = """\
vqd_workflow: 1
name: long
version: 1
graph: long.json
params:
  color: {type: int, default: 0, min: 0, max: 16777215, bind: "@Empty Image.color"}
outputs:
  image: {node: "@Save Image", kind: image, prefix: filename_prefix}
"""

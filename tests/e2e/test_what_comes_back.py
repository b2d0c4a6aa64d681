"""A job's folder as a person finds it: every file of it opens, and tells while the job runs."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.builders import write
from tests.chromium import CHROMIUM, chromium
from tests.daemons import Daemon
from tests.opened import opened
from tests.proxy import PassOn, Proxy
from tests.samples import clip_job, picture_job
from tests.waiting import wait_for
from vqd.spool.statusschema import status_schema

JOB = """\
vqd: 1
workflow: image-scale
fan_out: {matrix: {size: [16x16, 24x16], method: [lanczos, area]}}
"""


@contextmanager
def serving(daemon: Daemon) -> Iterator[Daemon]:
    try:
        yield daemon.start()
    finally:
        daemon.close()


def dropped(daemon: Daemon, job: Path) -> Path:
    """Drop a job folder; gives where it is once it is over."""
    job.rename(daemon.spool.inbox / job.name)
    return daemon.wait_closed(job.name)


def bad_job(folder: Path) -> Path:
    picture_job(folder, job=JOB)
    write(folder / "p1.png", "no picture")
    return folder


def test_every_file_that_comes_back_opens_as_its_kind_asks(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    good = opened(dropped(daemon, picture_job(tmp_path / "good", job=JOB)))
    clip = opened(dropped(daemon, clip_job(tmp_path / "clip")))
    failed = opened(dropped(daemon, bad_job(tmp_path / "failed")))
    typo = JOB.replace("method", "methud")
    rejected = opened(dropped(daemon, picture_job(tmp_path / "rejected", job=typo)))
    always = {"status": 1, "log": 1, "report": 1, "job": 1}
    made = {**always, "manifest": 1, "graph": 1}
    assert good == {**made, "dropped": 2, "output": 8, "sidecar": 8}
    assert clip == {**made, "dropped": 1, "output": 1, "sidecar": 1}
    assert failed == {**made, "dropped": 2, "output": 4, "sidecar": 4, "failures": 1, "why": 1}
    assert rejected == {**always, "dropped": 2, "why": 1}


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_reports_of_jobs_that_went_well_and_badly_open_in_chromium(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    folders = [
        dropped(daemon, picture_job(tmp_path / "good", job=JOB)),
        dropped(daemon, bad_job(tmp_path / "failed")),
    ]
    said: list[str] = []
    with chromium() as browser:
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for folder in folders:
            page.goto((folder / "report.html").as_uri())
            assert folder.name in page.evaluate("document.documentElement.textContent")
    assert said == []


def test_while_it_runs_a_job_is_told_of_every_second_and_no_more_often(
    tmp_path: Path, proxy: Proxy
) -> None:
    let_go = threading.Event()
    written_ns: list[int] = []

    def held(pass_on: PassOn) -> None:
        let_go.wait(110)
        pass_on()

    def look() -> bool:
        path = folder / "STATUS.yaml"
        told, at_ns = yaml.safe_load(path.read_text(encoding="utf-8")), path.stat().st_mtime_ns
        if told["running"] and at_ns not in written_ns:
            jsonschema.validate(told, status_schema())
            written_ns.append(at_ns)
        return len(written_ns) > 8

    proxy.tampers("GET /history", held)
    with (
        serving(Daemon(tmp_path / "house", servers=[proxy.url])) as daemon,
        ThreadPoolExecutor() as aside,
    ):
        picture_job(tmp_path / "long", job=JOB).rename(daemon.spool.inbox / "long")
        folder = daemon.wait_accepted("long")
        follows = aside.submit(daemon.vqd, "log", "long", "--follow")
        wait_for((folder / "STATUS.yaml").exists, within_s=60)
        wait_for(look, within_s=60, what="a status every second")
        assert "prompt 1 goes to " in (folder / "log.txt").read_text(encoding="utf-8")
        let_go.set()
        done = daemon.wait_closed("long")
        followed = follows.result(90)
    gaps_s = [(after - at) / 1e9 for at, after in pairwise(written_ns)]
    assert max(gaps_s) < 20
    assert sum(gaps_s) > 0.75 * len(gaps_s)  # the first may have been written a little late
    assert followed.stdout == (done / "log.txt").read_text(encoding="utf-8")
    assert followed.stdout.count(" succeeded on ") == 8

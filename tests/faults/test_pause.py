"""A pause: what runs goes on to its end, what waits on a server is taken back, nothing starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.faults.test_other_people import ended, theirs
from tests.proxy import Proxy
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SLOW = """\
vqd: 1
workflow: image-scale
params: {method: lanczos}
fan_out: {matrix: {size: [5000x4000, 4990x4000, 1000x1000, 990x990, 980x980, 970x970]}}
"""
"""Of which the first runs so long that what waits behind it is taken back before it begins."""
PROMPTS = 6
QUICK = "vqd: 1\nworkflow: image-scale\nparams: {size: 24x24}\n"


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    servers = [{"url": proxy.url, "name": "far"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    yield made
    made.close()


def drop(daemon: Daemon, folder: Path, name: str, job: str) -> Path:
    """Drop a job of one picture that takes long, and give its folder in active/."""
    picture_job(folder / name, pictures=1, job=job).rename(daemon.spool.inbox / name)
    return wait_for(lambda: next(daemon.spool.active.glob(f"*-{name}"), None), within_s=60)


def on(engine: EngineProcess, part: str) -> list[str]:
    """Give the prompts of vqd's that run on the server, or are pending there."""
    queue = requests.get(f"{engine.url}/queue", timeout=60).json()[f"queue_{part}"]
    return [entry[1] for entry in queue if entry[3]["client_id"] != "them"]


def is_told(folder: Path, reason: str, running: int) -> bool:
    if not (folder / "STATUS.yaml").exists():
        return False
    told = status_of(folder)
    return str(told["reason"]).startswith(reason) and told["counts"]["running"] == running


def test_what_runs_ends_and_what_waits_on_its_server_is_taken_back_until_the_pause_is_over(
    daemon: Daemon, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    folder = drop(daemon, tmp_path, "beach", SLOW)
    wait_for(lambda: on(engine, "running") and on(engine, "pending"), within_s=60)
    daemon.spool.pause()  # at once: what waits must not have begun meanwhile
    wait_for(lambda: not on(engine, "pending"), within_s=60, what="the withdrawal")
    wait_for(lambda: is_told(folder, "paused: ", 0), within_s=90, what="the end of what ran")
    sent = proxy.asked["POST /prompt"]
    assert not on(engine, "running")
    assert outcomes(daemon).keys() == {"succeeded", "withdrawn"}
    assert outcomes(daemon)["succeeded"] < PROMPTS
    assert "paused" in daemon.vqd("status").stdout
    assert proxy.asked["POST /prompt"] == sent
    assert daemon.vqd("resume").returncode == 0
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert outcomes(daemon)["succeeded"] == PROMPTS


def test_a_daemon_that_starts_into_a_pause_takes_its_own_back_and_leaves_the_prompts_of_others(
    daemon: Daemon, proxy: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    daemon.wait_up()
    sent = theirs(engine, 8)
    folder = drop(daemon, tmp_path, "beach", SLOW)
    wait_for(lambda: len(on(engine, "pending")) == 2, within_s=60)
    daemon.kill()
    daemon.spool.pause()
    daemon.start()
    wait_for(lambda: not on(engine, "pending"), within_s=60, what="the withdrawal")
    later = drop(daemon, tmp_path, "later", QUICK)
    wait_for(lambda: is_told(folder, "paused: ", 0), within_s=60)
    wait_for(lambda: is_told(later, "", 0), within_s=60)
    assert proxy.asked["POST /prompt"] == 2
    daemon.spool.resume()
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert_made_once(daemon, daemon.wait_closed("later"), 1)
    assert {ended(engine).get(prompt_id) for prompt_id in sent} == {"success"}


def test_the_pause_of_a_job_takes_back_what_waits_of_it_and_lets_others_by(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    folder = drop(daemon, tmp_path, "held", SLOW)
    wait_for(lambda: on(engine, "running") and on(engine, "pending"), within_s=60)
    (folder / "PAUSE").touch()
    picture_job(tmp_path / "other", pictures=1, job=QUICK).rename(daemon.spool.inbox / "other")
    assert_made_once(daemon, daemon.wait_closed("other"), 1)
    wait_for(lambda: is_told(folder, "suspended: ", 0), within_s=60)
    assert status_of(folder)["counts"]["succeeded"] < PROMPTS
    (folder / "RESUME").touch()
    assert_made_once(daemon, daemon.wait_closed("held"), PROMPTS)
    assert outcomes(daemon)["succeeded"] == PROMPTS + 1
    assert outcomes(daemon).keys() == {"succeeded", "withdrawn"}

"""SIGHUP while a daemon works: settings that are read again, and nothing is lost by it."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.samples import picture, picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

PROMPTS = 32
SIZES = ", ".join(f"{side}x{side}" for side in range(900, 900 + PROMPTS))
JOB = f"""\
vqd: 1
workflow: image-scale
params: {{method: lanczos}}
fan_out: {{matrix: {{size: [{SIZES}]}}}}
"""
OLD, NEW = "an-old-token-of-32-letters-and-digits", "a-new-token-of-32-letters-and-digits"
WITHIN_S = 90


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[EngineProcess]]:
    """Two servers of their own."""
    started = [EngineProcess(tmp_path / name) for name in ("first", "second")]
    for server in started:
        server.start()
    yield started
    for server in started:
        server.stop()


@pytest.fixture
def daemons() -> Iterator[list[Daemon]]:
    """The daemons that a test started."""
    made: list[Daemon] = []
    yield made
    for daemon in made:
        daemon.close()


def hang_up(daemon: Daemon) -> None:
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)


def reload(daemon: Daemon, **settings: Any) -> dict[str, Any]:
    """Write other settings, have them read, and give the line that says what came of it."""
    lines = len(told(daemon))
    change(daemon, **settings)
    hang_up(daemon)
    wait_for(lambda: len(told(daemon)) > lines, within_s=WITHIN_S, what="the reload")
    return told(daemon)[-1]


def change(daemon: Daemon, **settings: Any) -> None:
    """Write other settings; what is None is not written any more."""
    written = yaml.safe_load(daemon.settings.read_text(encoding="utf-8")) | settings
    kept = {key: value for key, value in written.items() if value is not None}
    daemon.settings.write_text(yaml.safe_dump(kept), encoding="utf-8")


def told(daemon: Daemon) -> list[dict[str, Any]]:
    """Every line that says what came of a reload."""
    names = ("settings.reloaded", "settings.refused", "reload.failed")
    return [line for line in daemon.log if line["event"] in names]


def rendered(server: EngineProcess) -> int:
    """How many prompts a server has carried out."""
    answer = requests.get(f"{server.url}/history", timeout=30)
    return len(answer.json())


def test_servers_come_and_leave_while_prompts_run_and_each_is_rendered_once(
    tmp_path: Path, servers: list[EngineProcess], daemons: list[Daemon]
) -> None:
    first, second = servers
    unshared = {"input_folder": str(write(tmp_path / "a-file", "") / "input")}
    named = [{"url": one.url, "name": one.data_dir.name, **unshared} for one in servers]
    daemon = Daemon(tmp_path / "house", servers=named[:1], settle_s=0.1)
    daemons.append(daemon.start())
    picture_job(tmp_path / "one", pictures=1, job=JOB).rename(daemon.spool.inbox / "one")
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=WITHIN_S, what="a first prompt")
    assert reload(daemon, servers=named)["changed"] == ["servers"]
    wait_for(
        lambda: [one for one in daemon.logged("prompt.concluded") if one["server"] == "second"],
        within_s=WITHIN_S,
        what="a prompt on the server that came",
    )
    assert reload(daemon, servers=named[1:])["changed"] == ["servers"]
    wait_for(
        lambda: daemon.logged("server.removed"), within_s=WITHIN_S, what="the end of the first"
    )
    folder = daemon.wait_done("one", within_s=WITHIN_S)
    assert sorted(line["prompt"] for line in manifest_of(folder)) == [*range(1, PROMPTS + 1)]
    outcomes = {line["outcome"] for line in daemon.logged("prompt.concluded")}
    assert outcomes <= {"succeeded", "withdrawn"}
    assert rendered(first) + rendered(second) == PROMPTS
    assert rendered(first) >= 1
    assert rendered(second) >= 1
    assert "first" not in daemon.vqd("servers").stdout
    concluded = {(line["prompt"], line["prompt_id"]) for line in daemon.logged("prompt.concluded")}
    (said, *_) = daemon.logged("input.unshared")
    assert said["job"] == folder.name
    assert (said["prompt"], said["prompt_id"]) in concluded


def test_a_storm_of_hangups_and_settings_at_fault_disturb_no_job(
    tmp_path: Path, daemons: list[Daemon]
) -> None:
    daemon = Daemon(tmp_path, settle_s=0.1)
    daemons.append(daemon.start())
    picture_job(tmp_path / "one", pictures=1, job=JOB).rename(daemon.spool.inbox / "one")
    refused = reload(daemon, recan_s=5, keep="much")
    assert refused["event"] == "settings.refused"
    assert len(refused["problems"]) == 2
    assert "settings: refused" in daemon.vqd("status").stdout
    for _ in range(200):
        hang_up(daemon)
    change(daemon, recan_s=None, keep=None, spool=str(tmp_path / "elsewhere"))
    hang_up(daemon)
    wait_for(lambda: told(daemon)[-1].get("waiting") == ["spool"], within_s=WITHIN_S)
    assert "settings: spool: as before until the daemon" in daemon.vqd("status").stdout
    change(daemon, spool=str(tmp_path / "spool"))
    hang_up(daemon)
    wait_for(lambda: told(daemon)[-1].get("waiting") == [], within_s=WITHIN_S)
    assert "settings:" not in daemon.vqd("status").stdout
    assert len(manifest_of(daemon.wait_done("one", within_s=WITHIN_S))) == PROMPTS


def test_doors_and_what_jobs_may_name_change_at_once(tmp_path: Path, daemons: list[Daemon]) -> None:
    token = write(tmp_path / "token", OLD)
    web = {"listen": "127.0.0.1:0", "token_file": str(token)}
    daemon = Daemon(tmp_path, settle_s=0.1, gather_s=0.1, web=web)
    daemons.append(daemon.start())
    (url,) = [line["url"] for line in daemon.logged("web.started")]
    assert asked(url, OLD) == 200
    write(token, NEW)
    shots = tmp_path / "shots"
    shots.mkdir()
    line = reload(
        daemon,
        hot_folders={"shots": {"path": str(shots), "workflow": "image-scale"}},
        windows={"always": {"from": "00:00", "to": "24:00"}},
        log_level="warning",
    )
    assert line["changed"] == ["hot_folders", "windows", "log_level"]
    assert (asked(url, OLD), asked(url, NEW)) == (401, 200)
    picture(shots / "a.png")
    windowed = "vqd: 1\nworkflow: image-scale\nschedule: {window: always}\n"
    picture_job(tmp_path / "one", job=windowed).rename(daemon.spool.inbox / "one")
    daemon.wait_done("one", within_s=WITHIN_S)
    daemon.wait_done("shots", within_s=WITHIN_S)
    assert daemon.logged("job.closed") == []


def asked(url: str, token: str) -> int:
    """How a daemon answers who sends a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{url}/api/system", headers=headers, timeout=30).status_code

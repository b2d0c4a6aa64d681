"""Notices leave the daemon over HTTP, through kill -9, and hold nothing up."""

import signal
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.daemons import Daemon, status_of
from tests.ports import lasting_port
from tests.receiver import Receiver, receiver
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

JOB = "vqd: 1\nworkflow: image-scale\n"
ALL = "notify: {events: [accepted, started, done, failed], to: studio}\n"


@pytest.fixture
def studio() -> Iterator[Receiver]:
    """What the target `studio` of the settings is."""
    with receiver() as there:
        yield there


def set_up(daemon: Daemon, more: dict[str, Any] | None = None, **targets: str) -> None:
    """Name targets in the settings, and set `more`."""
    values = yaml.safe_load(daemon.settings.read_text())
    values["notify"] = {name: {"url": url} for name, url in targets.items()}
    daemon.settings.write_text(yaml.safe_dump({**values, **(more or {})}))


def drop(daemon: Daemon, name: str, text: str = JOB + ALL) -> None:
    picture_job(daemon.folder / "dropping" / name, job=text).rename(daemon.spool.inbox / name)


def _at_least(number: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return lines if len(lines) >= number else []


def test_a_job_tells_its_target_from_the_beginning_to_the_end(
    daemon: Daemon, studio: Receiver
) -> None:
    set_up(daemon, studio=studio.url)
    daemon.start()
    drop(daemon, "good")
    folder = daemon.wait_closed("good")
    wait_for(lambda: "done" in studio.events, within_s=60)
    assert studio.events == ["accepted", "started", "done"]
    done = studio.told[-1]
    assert (done["job"], done["state"]) == (folder.name, "done")
    assert done["counts"]["succeeded"] == 2
    assert done["seconds"] == status_of(folder)["elapsed_s"]
    assert done["folder"] == str(folder)
    with Image.open(BytesIO(b64decode(done["picture"]["base64"]))) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 1.5 * sheet.height  # two pictures beside one another
    drop(daemon, "bad", JOB + ALL + "params: {paint: 8x8}\n")
    daemon.wait_closed("bad")
    wait_for(lambda: "failed" in studio.events, within_s=60)
    assert "paint" in studio.told[-1]["reason"]
    told = wait_for(lambda: _at_least(4, daemon.logged("notice.sent")), within_s=60)
    assert [line["notice"] for line in told] == ["accepted", "started", "done", "failed"]


def test_a_kill_between_the_end_of_a_job_and_its_notice_loses_no_notice(
    daemon: Daemon, studio: Receiver
) -> None:
    set_up(daemon, studio=studio.url)
    studio.is_silent = True
    daemon.start()
    drop(daemon, "a", JOB + "notify: {to: studio}\n")
    daemon.wait_closed("a")
    wait_for(lambda: studio.told, within_s=60, what="the first try")
    daemon.kill()
    assert daemon.logged("notice.sent") == []
    studio.is_silent = False
    daemon.start()
    wait_for(lambda: daemon.logged("notice.sent"), within_s=60, what="the delivery")
    assert daemon.stop() == 0
    daemon.start()
    drop(daemon, "b", JOB + "notify: {to: studio}\n")
    wait_for(lambda: len(daemon.logged("notice.sent")) >= 2, within_s=60)
    names = [told["notice"] for told in studio.told]
    assert len(names) == 3
    assert names[0] == names[1] != names[2]


def test_a_target_that_never_answers_holds_up_neither_jobs_nor_other_targets(
    daemon: Daemon, studio: Receiver
) -> None:
    with receiver() as dead:
        dead.is_silent = True
        set_up(daemon, studio=studio.url, dead=dead.url)
        daemon.start()
        for number in range(3):
            drop(daemon, f"dead{number}", JOB + ALL.replace("studio", "dead"))
            drop(daemon, f"live{number}")
        for number in range(3):
            daemon.wait_closed(f"dead{number}")
        wait_for(lambda: studio.events.count("done") == 3, within_s=60)
        assert len({told["notice"] for told in dead.told}) == 1  # to which it holds on
        assert daemon.stop() == 0


def test_a_target_that_the_settings_do_not_name_is_told_before_anything_runs(
    daemon: Daemon, tmp_path: Path
) -> None:
    set_up(daemon, studio="http://127.0.0.1:9/")
    folder = picture_job(tmp_path / "j", job=JOB + "notify: {to: studios}\n")
    answer = daemon.vqd("check", str(folder))
    assert answer.returncode == 3
    assert "notify.to: there is no target studios" in answer.stdout + answer.stderr
    assert "Did you mean studio?" in answer.stdout + answer.stderr


def test_the_house_tells_of_its_servers_and_its_queue_through_a_kill(
    daemon: Daemon, studio: Receiver, tmp_path: Path
) -> None:
    gpu = EngineProcess(tmp_path / "gpu", port=lasting_port())
    gpu.start()
    set_up(daemon, {"servers": ["builtin", {"url": gpu.url, "name": "gpu"}]}, studio=studio.url)
    daemon.start()
    daemon.wait_up(2)  # before that they are down, which may be told as well
    set_up(daemon, {"notify_house": {"to": "studio", "after": "1s"}}, studio=studio.url)
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.logged("settings.reloaded"), within_s=60, what="the reload")
    drop(daemon, "a", JOB)
    daemon.wait_closed("a")
    wait_for(lambda: told_by(studio, "queue_empty"), within_s=60)
    (empty,) = told_by(studio, "queue_empty")
    assert empty["jobs"] == {"done": 1, "failed": 0, "cancelled": 0}
    studio.is_silent = True
    gpu.stop()
    wait_for(lambda: told_by(studio, "server_down", "gpu"), within_s=60)
    daemon.kill()
    studio.is_silent = False
    daemon.start()
    gpu.start()
    wait_for(lambda: told_by(studio, "server_back", "gpu"), within_s=60)
    before, after = told_by(studio, "server_down", "gpu")
    assert before == after
    assert len(told_by(studio, "queue_empty")) == 1
    gpu.stop()


def told_by(studio: Receiver, event: str, server: str | None = None) -> list[dict[str, Any]]:
    """Everything that came in of an event, of the house or of a server."""
    return [told for told in studio.told if (told["event"], told.get("server")) == (event, server)]

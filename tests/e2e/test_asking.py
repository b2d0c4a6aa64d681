"""What a person asks while a job runs, is paused and is over, and is told."""

import json
from pathlib import Path
from typing import Any

from tests.daemons import Daemon, status_of
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for

ENDLESS = ", ".join(f"{width}x{height}" for height in range(16, 26) for width in range(16, 616))
"""Sizes for more prompts of a picture than the test waits for."""
LONG = f"{TWO_LINES}fan_out: {{matrix: {{size: [{ENDLESS}]}}}}\n"


def drop(daemon: Daemon, name: str, job: str) -> None:
    picture_job(daemon.folder / name, pictures=1, job=job).rename(daemon.spool.inbox / name)


def running(daemon: Daemon, name: str) -> Path:
    """Wait until a job's status says when it will be done; gives its folder."""

    def foreseen() -> Path | None:
        folder = next(iter(daemon.spool.active.glob(f"*-{name}/STATUS.yaml")), None)
        return folder.parent if folder and status_of(folder.parent)["finish"] else None

    return wait_for(foreseen, within_s=60, what=f"the finish of {name}")


def told(daemon: Daemon, *words: str) -> Any:
    return json.loads(daemon.vqd(*words, "--json").stdout)


def codes(daemon: Daemon, job: str) -> list[str]:
    return [reason["code"] for reason in told(daemon, "explain", job)["reasons"]]


def test_a_person_is_told_what_runs_where_until_when_and_why_not(daemon: Daemon) -> None:
    daemon.start()
    drop(daemon, "first", TWO_LINES)
    daemon.wait_closed("first")
    drop(daemon, "long", LONG)
    folder = running(daemon, "long")
    finish = status_of(folder)["finish"]
    assert finish["early"] <= finish["expected"] <= finish["late"]
    assert "  done in about " in daemon.vqd("status", folder.name).stdout
    (server,) = told(daemon, "servers")["servers"]
    assert (server["name"], server["state"], server["drifted"]) == ("builtin", "up", [])
    assert server["succeeded_today"] >= 1
    assert set(codes(daemon, folder.name)) <= {"turn", "running"}

    assert daemon.vqd("pause", folder.name).returncode == 0
    wait_for(lambda: codes(daemon, folder.name) == ["suspended"], within_s=60)
    assert "because the job is suspended. Since " in daemon.vqd("explain", folder.name).stdout
    assert daemon.vqd("priority", folder.name, "80").returncode == 0
    wait_for(
        lambda: [one["what"] for one in status_of(folder)["answers"]] == ["PAUSE", "PRIORITY 80"],
        within_s=60,
        what="both answers in the status",
    )
    assert status_of(folder)["finish"] is None

    assert daemon.vqd("cancel", folder.name).returncode == 0
    closed = status_of(daemon.wait_closed("long"))
    assert [(one["what"], one["done"]) for one in closed["answers"]] == [
        ("PAUSE", True),
        ("PRIORITY 80", True),
        ("CANCEL", True),
    ]
    assert codes(daemon, folder.name) == ["cancelled"]
    attempts = told(daemon, "show", folder.name, "--prompt", "1")["attempts"]
    assert [(one["server"], one["outcome"]) for one in attempts] == [("builtin", "succeeded")]

"""A job on servers that misbehave, and what must be true of it all the same."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.daemons import Daemon, manifest_of
from tests.proxy import PassOn
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for


def drop_job(daemon: Daemon, folder: Path, *, job: str = TWO_LINES, pictures: int = 1) -> None:
    """Drop a job called `one`."""
    picture_job(folder / "one", pictures=pictures, job=job).rename(daemon.spool.inbox / "one")


def run_job(daemon: Daemon, folder: Path, *, job: str = TWO_LINES, pictures: int = 1) -> Path:
    """Run a job, and give its folder when it is over."""
    daemon.start()
    drop_job(daemon, folder, job=job, pictures=pictures)
    return daemon.wait_closed("one")


def outcomes(daemon: Daemon) -> Counter[str]:
    """Count how the attempts ended, but for those that were made ready and put back unsent, as is
    what is behind a prompt that takes a second."""
    ended = daemon.logged("prompt.concluded")
    return Counter(line["outcome"] for line in ended if not _is_put_back(line))


def _is_put_back(line: dict[str, Any]) -> bool:
    return (line["message"] or "").startswith("Put back before it was sent")


def messages(daemon: Daemon, outcome: str) -> list[str]:
    """Give what was said of the attempts that ended so."""
    ended = daemon.logged("prompt.concluded")
    return [line["message"] for line in ended if line["outcome"] == outcome]


def assert_made_once(daemon: Daemon, folder: Path, prompts: int, *, each: int = 1) -> None:
    """Every prompt succeeded, and every output is there once, so many of each."""
    assert folder.parent == daemon.spool.done
    pictures = sorted(str(path.relative_to(folder)) for path in folder.glob("outputs/*.png"))
    lines = manifest_of(folder)
    assert sorted(line["output"] for line in lines) == pictures
    assert len(pictures) == prompts * each
    assert sorted({line["prompt"] for line in lines}) == list(range(1, prompts + 1))


def entry_in(pass_on: PassOn) -> dict[str, Any]:
    """Give the history entry of a prompt, under its id, once there is one."""

    def entry() -> dict[str, Any]:
        told: dict[str, Any] = json.loads(pass_on().partition(b"\r\n\r\n")[2])
        return told

    return wait_for(entry, within_s=60, what="the history entry")

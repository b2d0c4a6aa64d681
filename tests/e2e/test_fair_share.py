"""Two people drop jobs of the same priority, a large one and then a small one."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for

LARGE, SMALL = 40, 3
PLACES = 2
"""A prompt that runs, and one that waits behind it."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made.start()
    made.close()


def drop(daemon: Daemon, name: str, prompts: int) -> None:
    sizes = ", ".join(f"{16 + n}x16" for n in range(prompts))
    job = f"vqd: 1\nworkflow: image-scale\nfan_out: {{matrix: {{size: [{sizes}]}}}}\n"
    picture_job(daemon.spool.inbox / name, pictures=1, job=job)
    status = f"*-{name}/STATUS.yaml"
    wait_for(lambda: any(daemon.spool.active.glob(status)), within_s=120, what=name)


def test_the_small_job_is_done_after_as_many_prompts_of_the_large_one(daemon: Daemon) -> None:
    pause = daemon.spool.root / "PAUSE"
    pause.touch()
    drop(daemon, "large", LARGE)
    drop(daemon, "small", SMALL)
    write(daemon.folder / "vqd.d" / "fair.yaml", "fair_share: true\n")
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.logged("settings.reloaded"), within_s=120, what="the settings")
    pause.unlink()
    daemon.wait_done("large")
    daemon.wait_done("small")
    ended = [str(line["job"]).split("-")[-1] for line in daemon.logged("prompt.concluded")]
    assert (ended.count("large"), ended.count("small")) == (LARGE, SMALL)
    last = max(place for place, name in enumerate(ended) if name == "small")
    assert last < 2 * SMALL + PLACES

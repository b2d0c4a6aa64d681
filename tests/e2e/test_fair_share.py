"""Two people drop jobs of the same priority, a large one and then a small one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.store.store import Session, StoreReader

LARGE, SMALL = 40, 3


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


@contextmanager
def queue_of(daemon: Daemon) -> Iterator[Session]:
    """Read a daemon's queue beside it."""
    with StoreReader(daemon.folder / "state" / "queue.db") as reader, reader.reading() as session:
        yield session


def is_fair(daemon: Daemon) -> bool:
    with queue_of(daemon) as session:
        return session.rules.is_fair()


def first_claimed(daemon: Daemon) -> list[str]:
    """The jobs of the first prompts that were given away; when each ends is up to the machine."""
    with queue_of(daemon) as session:
        claimed = session.events.prompts_with("prompt.claimed", after=0, limit=2)
        jobs = [session.jobs.get(prompt.job_key).job for _, prompt in claimed]
    return [job.rpartition("-")[2] for job in jobs]


def test_the_small_job_is_next_though_much_waits_that_came_before(daemon: Daemon) -> None:
    pause = daemon.spool.root / "PAUSE"
    pause.touch()
    drop(daemon, "large", LARGE)
    drop(daemon, "small", SMALL)
    write(daemon.folder / "vqd.d" / "fair.yaml", "fair_share: true\n")
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: is_fair(daemon), within_s=120, what="the rule")
    pause.unlink()
    daemon.wait_done("small")
    daemon.wait_done("large")
    assert first_claimed(daemon) == ["large", "small"]

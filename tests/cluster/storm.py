"""Daemons that share a queue, while fault follows fault.

`python -m tests.cluster.storm [PROMPTS [SEED]]`.

Three daemons with engines of their own carry out one job. Every few seconds one is killed or
frozen, and once the primary PostgreSQL is killed and its standby promoted. In the end every prompt
was made once, and every output is there as the manifest tells of it.
"""

import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tests.daemons import Daemon, manifest_of
from tests.postgres import Postgres, folder_for_anyone
from tests.samples import picture_job
from tests.waiting import wait_for

NAMES = ("a", "b", "c")
LEASE_S = 10
PAUSE_S = 5.0
EACH = 10
JOB = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [96x64, 128x80, 160x100, 200x130, 240x160]
    method: [lanczos, area]
"""


@contextmanager
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    """Run a primary and its standby."""
    with folder_for_anyone() as folder:
        primary = Postgres.create(folder / "primary").start()
        standby = primary.standby(folder / "standby")
        try:
            yield primary, standby
        finally:
            standby.stop()
            primary.stop()


class Storm:
    """Three daemons, and what happens to them."""

    def __init__(self, folder: Path, primary: Postgres, standby: Postgres) -> None:
        self._primary, self._standby = primary, standby
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        database = f"postgresql://vqd@{hosts}/postgres?target_session_attrs=read-write"
        self.daemons = [
            Daemon(
                folder / name,
                database=database,
                servers=[{"url": "builtin", "name": f"gpu-{name}"}],
                spools=[str(folder / other / "spool") for other in NAMES if other != name],
                lease_s=LEASE_S,
            )
            for name in NAMES
        ]
        self.faults: Counter[str] = Counter()

    @property
    def home(self) -> Daemon:
        """The daemon whose job it is."""
        return self.daemons[0]

    def kill(self, daemon: Daemon) -> None:
        """kill -9 it, and start it again."""
        daemon.kill()
        daemon.start(within_s=120)

    def freeze(self, daemon: Daemon) -> None:
        """Freeze it until it was taken for gone, let it go on, and start it again when it ended."""
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGSTOP)
        threading.Event().wait(2 * LEASE_S)
        daemon.process.send_signal(signal.SIGCONT)
        assert daemon.process.wait(120) == 75
        daemon.start(within_s=120)

    def fail_over(self) -> None:
        """Kill the primary, and promote the standby."""
        self._primary.kill()
        self._standby.promote()
        self.faults["fail_over"] += 1

    def rage(self, chance: random.Random) -> None:
        """Do something to a daemon every few seconds until the job is over."""
        while self.home.closed("wide") is None:
            threading.Event().wait(PAUSE_S)
            daemon = chance.choice(self.daemons)
            fault = chance.choice((self.kill, self.freeze))
            fault(daemon)
            self.faults[fault.__name__] += 1
            if sum(self.faults.values()) == 3:
                self.fail_over()

    def close(self) -> None:
        """End them all however they are."""
        for daemon in self.daemons:
            daemon.close()


def prove(storm: Storm, done: Path, prompts: int) -> Counter[str]:
    """See that every prompt was made once; gives how many each server made."""
    lines = manifest_of(done)
    assert sorted(line["prompt"] for line in lines) == list(range(1, prompts + 1))
    for line in lines:
        assert sha256((done / line["output"]).read_bytes()).hexdigest() == line["sha256"], line
    told = Counter(
        line["prompt"]
        for daemon in storm.daemons
        for line in daemon.logged("prompt.concluded")
        if line["outcome"] == "succeeded"
    )
    assert max(told.values()) == 1, told.most_common(3)
    return Counter(line["server"] for line in lines)


def main(prompts: int, seed: int) -> None:
    """Let them carry out a job of so many prompts, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="vqd-storm-") as folder, pair() as (primary, standby):
        storm = Storm(Path(folder), primary, standby)
        try:
            for daemon in storm.daemons:
                daemon.start(within_s=120)
            began = time.monotonic()
            job = picture_job(Path(folder) / "wide", pictures=prompts // EACH, job=JOB)
            job.rename(storm.home.spool.inbox / "wide")
            wait_for(lambda: any(storm.home.spool.active.iterdir()), within_s=60)
            storm.rage(random.Random(seed))
            done = storm.home.wait_done("wide", within_s=600)
            took_s = time.monotonic() - began
            made = prove(storm, done, prompts)
        finally:
            storm.close()
    print(f"{prompts} prompts, once each, in {took_s:.0f} s")  # noqa: T201
    print(f"faults {dict(storm.faults)}, made by {dict(made)}")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, [*sys.argv[1:], *("1000", "1")[len(sys.argv) - 1 :]]))

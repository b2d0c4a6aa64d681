"""Daemons that share a queue, while fault follows fault.

`python -m tests.cluster.storm [PROMPTS [SEED]]`.

Three daemons with engines, each in a network of its own, carry out one job. Every five seconds one
of them is killed, frozen, or cut off from the others, for a moment or for so long that it is taken
for gone; and once the primary PostgreSQL is killed and its standby promoted. In the end every
prompt was made once, every output is there as the manifest tells of it, and nothing besides.

What cannot be seen from outside: how soon a prompt is restarted where nobody else has heard the
database for as long as `lease_s` himself, since nobody is taken for gone then. So a daemon that is
killed for long is killed while another is in peace, and that is left in peace for as long.
"""

import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.network import ALL, Network, networks
from tests.cluster.whole import assert_made_once, events_of, restarts
from tests.daemons import Daemon
from tests.postgres import Postgres, folder_for_anyone, require_postgres
from tests.samples import picture_job
from tests.waiting import wait_for

NAMES = ("a", "b", "c")
LEASE_S = 5
BRIEF_S, LONG_S = 2.0, 2.0 * LEASE_S
"""A fault lasts so long that nobody is taken for gone, or so long that whoever it is must be."""
PEACE_S = 3.0 * LEASE_S
"""Who was in peace for so long has started again, and heard the database for `lease_s`."""
PAUSE_S = 5.0
AGAIN_S = 1.0
"""Until a daemon that ended is started again, as systemd does."""
EACH = 10
"""Prompts of a picture."""
JOB = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [96x64, 128x80, 160x100, 200x130, 240x160]
    method: [lanczos, area]
"""
SETTINGS = "listen_addresses = '*'\ntrack_commit_timestamp = on\n"
FAULTS = ("killed", "frozen", "cut off")
FAIL_OVER = "failed over"


@dataclass(frozen=True)
class Fault:
    """What befell a host, when (UTC seconds), and for how long."""

    kind: str
    host: str
    at: float
    seconds: float


@dataclass
class Host:
    """A daemon, its network, what befell it, and until when (monotonic seconds); since then it is
    in peace, and before `spared_until` it is left so."""

    name: str
    daemon: Daemon
    network: Network
    kind: str | None = None
    until: float = 0.0
    spared_until: float = 0.0
    ended: Counter[int] = field(default_factory=Counter)

    @property
    def is_down(self) -> bool:
        """Whether it ended, whoever wanted that."""
        return self.daemon.process is not None and self.daemon.process.poll() is not None

    def strike(self, kind: str, until: float) -> None:
        """Let something happen to it."""
        self.kind, self.until = kind, until
        if kind == "killed":
            self.daemon.kill()
        elif kind == "frozen":
            self._signal(signal.SIGSTOP)
        else:
            self.network.cut()

    def relieve(self) -> None:
        """Let it be over: who was killed is started again."""
        if self.kind == "frozen":
            self._signal(signal.SIGCONT)
        elif self.kind == "cut off":
            self.network.mend()
        self.kind = None

    def keep(self, now: float) -> None:
        """Start it again if it ended."""
        if not self.is_down:
            return
        assert self.daemon.process is not None
        if self.daemon.process.returncode != -signal.SIGKILL:
            self.ended[self.daemon.process.returncode] += 1
        self.until = now + AGAIN_S
        self.daemon.begin()

    def _signal(self, number: signal.Signals) -> None:
        assert self.daemon.process is not None
        self.daemon.process.send_signal(number)


@contextmanager
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    """Run a primary and its standby, which are reached from every network of a test."""
    with folder_for_anyone() as folder:
        primary = Postgres.create(folder / "primary", also=SETTINGS)
        primary.let_in(str(ALL))
        primary.start()
        standby = primary.standby(folder / "standby")
        try:
            yield primary, standby
        finally:
            standby.stop()
            primary.stop()


class Storm:
    """Three daemons, and what happens to them."""

    def __init__(
        self,
        folder: Path,
        servers: tuple[Postgres, Postgres],
        cables: Sequence[Network],
        chance: random.Random,
    ) -> None:
        self._primary, self._standby = servers
        self._chance = chance
        self.faults: list[Fault] = []
        self.hosts = [
            Host(name, _daemon(folder, name, servers, cable), cable)
            for name, cable in zip(NAMES, cables, strict=True)
        ]

    @property
    def home(self) -> Daemon:
        """The daemon whose job it is."""
        return self.hosts[0].daemon

    @property
    def ended(self) -> Counter[int]:
        """How often a daemon ended by itself, by its exit code."""
        return sum((host.ended for host in self.hosts), Counter())

    def drop(self, folder: Path, *, pictures: int, job: str) -> None:
        """Drop a job at home, and wait until everybody has some of it."""
        made = picture_job(folder / "wide", pictures=pictures, job=job)
        made.rename(self.home.spool.inbox / "wide")

        def have_all_begun() -> bool:
            return all(host.daemon.logged("prompt.concluded") for host in self.hosts)

        wait_for(have_all_begun, within_s=120, what="a prompt of each")

    def rage(self, pause_s: float) -> None:
        """Do something every few seconds until all prompts are over, and each thing once at
        least."""
        first = [FAIL_OVER, *self._chance.sample(FAULTS[1:], 2), FAULTS[0]]
        next_at = time.monotonic()
        while first or self._are_left():
            now = time.monotonic()
            self._tend(now)
            if now >= next_at and self._strike(first[-1:], now):
                first = first[:-1]
                next_at = now + pause_s
            threading.Event().wait(0.1)

    def calm(self, *, within_s: float) -> Path:
        """Let everything be over, and the daemons come to the job's end; gives its folder."""

        def is_over() -> bool:
            self._tend(time.monotonic())
            is_calm = not any(host.kind or host.is_down for host in self.hosts)
            return is_calm and self.home.closed("wide") is not None

        wait_for(is_over, within_s=within_s, what="the end of the storm")
        return self.home.wait_done("wide", within_s=within_s)

    def assert_made_once(self, done: Path, prompts: int) -> Counter[str]:
        """See that all is whole; gives how many prompts each server made."""
        return assert_made_once(done, prompts, events_of(self._standby))

    def restarted_s(self) -> list[float]:
        """Give after how many seconds each prompt of a host that was killed for long went on."""
        events = events_of(self._standby)
        long = [one for one in self.faults if one.kind == "killed" and one.seconds == LONG_S]
        found = [restarts(events, f"gpu-{one.host}", one.at) for one in long]
        return sorted(seconds for each in found for seconds in each)

    def close(self) -> None:
        """End them all however they are."""
        for host in self.hosts:
            host.relieve()
            host.daemon.close()

    def _are_left(self) -> bool:
        """Tell whether prompts are left; the standby has taken over by now."""
        return self._standby.execute("SELECT pending + running FROM vqd.jobs") != [(0,)]

    def _tend(self, now: float) -> None:
        for host in self.hosts:
            if now >= host.until:
                host.relieve()
                host.keep(now)

    def _strike(self, wanted: Sequence[str], now: float) -> bool:
        """Let what is wanted happen, for long, or something by chance; gives whether it could."""
        if FAIL_OVER in wanted:
            return self._fail_over(now)
        kind = self._chance.choice(wanted or FAULTS)
        is_long = bool(wanted) or self._chance.random() < 0.5
        witness = min(self.hosts, key=lambda host: host.until) if is_long else None
        if witness is not None and now - witness.until < PEACE_S:
            return False
        others = [host for host in self.hosts if host is not witness]
        struck = [host for host in others if host.kind is None and now >= host.spared_until]
        if not struck:
            return False
        if witness is not None:
            witness.spared_until = now + LONG_S
        host, seconds = self._chance.choice(struck), LONG_S if is_long else BRIEF_S
        self.faults.append(Fault(kind, host.name, time.time(), seconds))
        host.strike(kind, now + seconds)
        return True

    def _fail_over(self, now: float) -> bool:
        if any(host.kind == "killed" for host in self.hosts):
            return False  # for a while nobody would say that it is gone
        self.faults.append(Fault(FAIL_OVER, "", time.time(), 0.0))
        self._primary.kill()
        self._standby.promote()
        for host in self.hosts:
            host.until = max(host.until, now)
        return True


def _daemon(folder: Path, name: str, servers: Sequence[Postgres], cable: Network) -> Daemon:
    places = ",".join(f"{cable.here}:{server.port}" for server in servers)
    made = Daemon(
        folder / name,
        database=f"postgresql://vqd@{places}/postgres?target_session_attrs=read-write",
        servers=[{"url": "builtin", "name": f"gpu-{name}"}],
        spools=[str(folder / other / "spool") for other in NAMES if other != name],
        lease_s=LEASE_S,
    )
    made.inside = cable.inside
    return made


@contextmanager
def storm(folder: Path, *, seed: int) -> Iterator[Storm]:
    """Start three daemons over a primary and a standby; skips the test where that cannot be."""
    require_postgres()
    with networks(len(NAMES)) as cables, pair() as servers:
        made = Storm(folder, servers, cables, random.Random(seed))
        try:
            for host in made.hosts:
                host.daemon.start(within_s=120)
            yield made
        finally:
            made.close()


def main(prompts: int, seed: int) -> None:
    """Let them carry out a job of so many prompts, and print what came of it; the folder of the
    daemons is kept where something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix="vqd-storm-"))
    try:
        _carry_out(prompts, seed, folder)
    except BaseException:
        _say(f"Kept in {folder}: the log, the spool and the settings of each daemon")
        raise
    shutil.rmtree(folder)


def _carry_out(prompts: int, seed: int, folder: Path) -> None:
    with storm(folder, seed=seed) as made:
        began = time.monotonic()
        made.drop(folder, pictures=prompts // EACH, job=JOB)
        made.rage(PAUSE_S)
        done = made.calm(within_s=600)
        took_s = time.monotonic() - began
        made_by = made.assert_made_once(done, prompts)
        restarted_s = made.restarted_s()
        faults = Counter(f"{one.kind} {one.seconds:.0f} s" for one in made.faults)
        _say(f"{prompts} prompts, once each, in {took_s:.0f} s, by {dict(made_by)}")
        _say(f"{len(made.faults)} faults, {dict(faults)}; ended by themselves {dict(made.ended)}")
        _say(f"claimed by others after a kill, in s: {[round(one, 1) for one in restarted_s]}")
        assert max(restarted_s) <= LEASE_S + 3


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*map(int, [*sys.argv[1:], *("1000", "1")[len(sys.argv) - 1 :]]))

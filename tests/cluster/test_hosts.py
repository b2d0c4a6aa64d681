"""Hosts that share a queue as processes that are killed, frozen and cut off: nothing is lost, and
nothing is published twice."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import psycopg
import pytest

from tests.cluster.host import UNREACHED, lay_out
from tests.postgres import Postgres, folder_for_anyone, require_postgres
from tests.waiting import wait_for
from vqd.leases.heart import ZOMBIE_EXIT

pytestmark = pytest.mark.timeout(600)

WITHIN_S = 120
"""How long anything may take here at most, on a machine that does much else."""


class Cluster:
    """A queue in miniature, and hosts on it that come and go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._hosts: dict[str, subprocess.Popen[bytes]] = {}
        self._kept: set[str] = set()

    def start(self, *names: str) -> None:
        """Start hosts, or start them again; one that is taken for dead by mistake, on a machine
        that has no time for it, or finds no queue, is started again as systemd does."""
        self._kept.update(names)
        for name in names:
            self._hosts[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.cluster.host", self.url, name]
            )

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a host a signal; it is not kept running from now on."""
        self._kept.discard(name)
        self._hosts[name].send_signal(number)

    def exit_code(self, name: str) -> int:
        """Wait until a host ends, and give how."""
        return self._hosts[name].wait(WITHIN_S)

    def add(self, prompts: int, render_s: float) -> None:
        """Let prompts wait."""
        self.ask(
            "INSERT INTO prompts (number, render_s) SELECT number, %s"
            " FROM generate_series(1, %s) AS number RETURNING 1",
            (render_s, prompts),
        )

    def hasten(self) -> None:
        """Let who begins to render from now on take next to no time."""
        self.ask("UPDATE prompts SET render_s = 0.1 RETURNING 1")

    def ask(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def told(self, event: str) -> list[tuple[str, int]]:
        """Give the host and the prompt of everything of a kind that was told, in its order."""
        found = self.ask("SELECT host, number FROM told WHERE event = %s ORDER BY at", (event,))
        return [(str(host), int(number)) for host, number in found]

    def wait_until_told(self, event: str, times: int = 1) -> list[tuple[str, int]]:
        """Wait until something was told so many times."""

        def enough() -> list[tuple[str, int]] | None:
            self._keep()
            told = self.told(event)
            return told if len(told) >= times else None

        return wait_for(enough, within_s=WITHIN_S, what=f"{times} times '{event}'")

    def hosts(self) -> list[str]:
        """Name the hosts that were not swept, while those that are to run are kept running."""
        self._keep()
        return [str(name) for (name,) in self.ask("SELECT name FROM vqd_leases.lease_hosts")]

    def _keep(self) -> None:
        ended = [name for name in self._kept if self._hosts[name].poll() is not None]
        assert {self.exit_code(name) for name in ended} <= {ZOMBIE_EXIT, UNREACHED}
        self.start(*ended)

    def close(self) -> None:
        """End every host however it is."""
        for host in self._hosts.values():
            if host.poll() is None:
                host.kill()
                host.wait(WITHIN_S)


@pytest.fixture
def cluster(postgres: Postgres) -> Iterator[Cluster]:
    url = postgres.database(postgres.template("hosts", lay_out))
    postgres.execute("CHECKPOINT")  # or a copy's sequences go back when the server is killed
    made = Cluster(url)
    yield made
    made.close()
    postgres.drop(url)


def test_a_killed_hosts_prompt_goes_to_another_and_is_published_once(cluster: Cluster) -> None:
    cluster.add(1, render_s=3600)
    cluster.start("gpu1")
    cluster.wait_until_told("claimed")

    cluster.signal("gpu1", signal.SIGKILL)
    cluster.hasten()
    cluster.start("gpu2")

    assert cluster.wait_until_told("published") == [("gpu2", 1)]
    assert cluster.told("claimed") == [("gpu1", 1), ("gpu2", 1)]


def test_a_host_that_was_frozen_publishes_nothing_and_ends(cluster: Cluster) -> None:
    cluster.add(1, render_s=3600)
    cluster.start("gpu1")
    cluster.wait_until_told("claimed")
    cluster.signal("gpu1", signal.SIGSTOP)
    cluster.hasten()
    cluster.start("gpu2")
    cluster.wait_until_told("published")

    cluster.signal("gpu1", signal.SIGCONT)

    assert cluster.exit_code("gpu1") == ZOMBIE_EXIT
    assert cluster.told("published") == [("gpu2", 1)]


def test_a_host_that_is_killed_and_started_again_goes_on_with_what_it_had(
    cluster: Cluster,
) -> None:
    cluster.add(1, render_s=3600)
    cluster.start("gpu1")
    cluster.wait_until_told("claimed")

    cluster.signal("gpu1", signal.SIGKILL)
    cluster.exit_code("gpu1")
    cluster.hasten()
    cluster.start("gpu1")

    assert cluster.wait_until_told("published") == [("gpu1", 1)]
    assert cluster.told("claimed") == [("gpu1", 1)]


def test_a_host_that_is_to_end_gives_back_what_it_has(cluster: Cluster) -> None:
    cluster.add(1, render_s=3600)
    cluster.start("gpu1")
    cluster.wait_until_told("claimed")

    cluster.signal("gpu1", signal.SIGTERM)

    assert cluster.exit_code("gpu1") == 0
    assert cluster.told("given back") == [("gpu1", 1)]
    assert cluster.ask("SELECT count(*) FROM vqd_leases.procrastinate_workers") == [(0,)]
    assert cluster.ask("SELECT count(*) FROM vqd_leases.procrastinate_jobs") == [(0,)]


def test_nothing_is_lost_or_made_twice_when_the_standby_takes_over() -> None:
    require_postgres()
    with folder_for_anyone() as folder:
        primary = Postgres.create(folder / "primary").start()
        standby = primary.standby(folder / "standby")
        lay_out(primary.url())
        both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        url = f"postgresql://vqd@{both}/postgres?target_session_attrs=read-write"
        cluster = Cluster(url)
        try:
            cluster.add(60, render_s=0.2)
            cluster.start("gpu1", "gpu2", "gpu3")
            before = len(cluster.wait_until_told("published", 10))

            primary.kill()
            standby.promote()

            published = cluster.wait_until_told("published", 60)
            assert sorted(number for _, number in published) == list(range(1, 61))
            # One that was taken for dead by mistake, on a busy machine, lost what it had claimed.
            lost = [number for _, number in cluster.told("swept")]
            claimed = sorted(number for _, number in cluster.told("claimed"))
            assert claimed == sorted([*range(1, 61), *lost])
            assert len(published) > before
        finally:
            cluster.close()
            standby.stop()


def test_a_thousand_prompts_are_published_once_each_while_fault_follows_fault(
    cluster: Cluster, postgres: Postgres
) -> None:
    prompts = 1000
    cluster.add(prompts, render_s=0.02)
    cluster.start("gpu1", "gpu2", "gpu3")

    def killed(name: str) -> None:
        cluster.signal(name, signal.SIGKILL)
        cluster.exit_code(name)

    def frozen(name: str) -> None:
        cluster.signal(name, signal.SIGSTOP)
        wait_for(lambda: name not in cluster.hosts(), within_s=WITHIN_S, what="the sweep")
        cluster.signal(name, signal.SIGCONT)
        assert cluster.exit_code(name) == ZOMBIE_EXIT

    def database_killed(name: str) -> None:
        killed(name)
        postgres.kill()
        postgres.start()

    faults = (killed, frozen, database_killed, frozen, database_killed, killed)
    for name, fault in zip(cycle(("gpu1", "gpu2", "gpu3")), faults, strict=False):
        more = min(prompts, len(cluster.told("published")) + 100)
        cluster.wait_until_told("published", more)
        fault(name)
        cluster.start(name)

    published = cluster.wait_until_told("published", prompts)
    assert sorted(number for _, number in published) == list(range(1, prompts + 1))

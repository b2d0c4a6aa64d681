"""How busy daemons keep their servers over one queue in PostgreSQL: one with all of them, and three
with a part each.

`python -m tests.bench.hosts [HOSTS SERVERS SECONDS EACH]` prints it of other numbers, EACH being
the prompts of a server. All of it runs on this machine: what is measured is the daemons' and
PostgreSQL's need of its cores, too, which hosts of their own would not share.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.bench.farm import DEFINITION, GRAPH, Runs
from tests.bench.figure import Figure
from tests.bench.process import cpu_s
from tests.bench.restarting import timed_servers
from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.postgres import PROGRAMS, postgres_server
from tests.waiting import wait_for
from vqd.domain.place import Database
from vqd.store.store import StoreReader

SERVERS, SECONDS, EACH = 64, 1.0, 20
UP_WITHIN_S, DONE_WITHIN_S = 180, 900


class Hosts:
    """Some daemons on one queue, and the servers that they share out. What is dropped into the
    spool of the first is carried out by all."""

    def __init__(self, folder: Path, url: str, told: dict[str, Any], count: int) -> None:
        self._url = url
        self._control = told["control"]
        self._servers = told["servers"]
        spools = [folder / f"host{number}" / "spool" for number in range(count)]
        self.daemons = [
            _daemon(spool.parent, url, self._servers[number::count], {*spools} - {spool})
            for number, spool in enumerate(spools)
        ]

    def __enter__(self) -> "Hosts":
        for daemon in self.daemons:
            daemon.start()
        wait_for(self._are_up, within_s=UP_WITHIN_S, what="that every server is up")
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self.daemons:
            daemon.close()

    @property
    def cpu_s(self) -> float:
        """The processor time that the daemons used."""
        return sum(cpu_s(one.process.pid) for one in self.daemons if one.process is not None)

    def carry_out(self, name: str, *, each: int) -> Runs:
        """Drop a job of so many prompts for each server, and give what ran when all is done."""
        first, total = self.daemons[0], each * len(self._servers)
        made = first.folder / name
        fan_out = f"fan_out: {{matrix: {{color: 1-{total}}}}}"
        write(made / "job.yaml", f"vqd: 1\nworkflow: timed\n{fan_out}\n")
        made.rename(first.spool.inbox / name)
        done = first.wait_closed(name, within_s=DONE_WITHIN_S)
        assert len(manifest_of(done)) == total
        answer = requests.get(f"{self._control}/runs", timeout=30)
        return Runs([[tuple(run) for run in runs] for runs in answer.json()])

    def _are_up(self) -> bool:
        with StoreReader(Database(self._url)) as reader, reader.reading() as session:
            servers = session.servers.all()
        return [one.state for one in servers] == ["up"] * len(self._servers)


def _daemon(folder: Path, url: str, servers: Sequence[str], spools: set[Path]) -> Daemon:
    write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
    write(folder / "workflows" / "timed.yaml", DEFINITION)
    return Daemon(
        folder,
        database=url,
        servers=[{"url": one, "name": f"{folder.name}-{at}"} for at, one in enumerate(servers)],
        workflows=[str(folder / "workflows")],
        spools=sorted(map(str, spools)),
        rescan_s=60,
    )


def hosts(folder: Path) -> list[Figure]:
    """Have one daemon, and then three, keep 64 servers busy."""
    if PROGRAMS is None:
        return []
    return [
        figure
        for count in (1, 3)
        for figure in _measured(folder / f"of{count}", count, SERVERS, SECONDS, EACH)
    ]


def _measured(
    folder: Path, count: int, servers: int, seconds: float, each: int
) -> Iterator[Figure]:
    with _hosts(folder, count, servers, seconds) as queue:
        queue.carry_out("first", each=1)
        before_s = queue.cpu_s
        runs = queue.carry_out("job", each=each)
        took_s = queue.cpu_s - before_s
    total = len(runs.prompt_ids)
    head = f"{servers} servers, prompts of {seconds:g} s, {count} on PostgreSQL"
    yield Figure(f"{head}: share of ideal", runs.share_percent(seconds), "%", is_gain=True)
    yield Figure(f"{head}: busy", runs.busy_percent, "%", is_gain=True)
    yield Figure(f"{head}: carried out", total / runs.lasted_s, "/s", is_gain=True)
    yield Figure(f"{head}: processor time of daemons for a prompt", 1000 * took_s / total, "ms")


@contextmanager
def _hosts(folder: Path, count: int, servers: int, seconds: float) -> Iterator[Hosts]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(durable=True))
        told = stack.enter_context(timed_servers(servers, seconds))
        yield stack.enter_context(Hosts(folder, server.database(), told, count))


def main(words: Sequence[str]) -> None:
    """Print the figures of these numbers."""
    count, servers, each = (int(words[at]) for at in (0, 1, 3))
    with tempfile.TemporaryDirectory(prefix="vqd-bench-") as folder:
        for figure in _measured(Path(folder) / "hosts", count, servers, float(words[2]), each):
            print(f"{figure.name}: {figure.value:.1f} {figure.unit}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])

"""The hosts that share a queue, as a person reads them. Light to import, as `status` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.cli.table import STATE_COLOURS, Cell, print_table
from vqd.cli.when import ago, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vqd.service.shapes.hosts import HostShape


def print_hosts(hosts: Sequence[HostShape], now: float) -> None:
    """Print each host: when it was heard, what it drives and runs, and what is the matter with it.
    `now` is UTC seconds."""
    header = ("HOST", "STATE", "HEARD", "SERVERS", "ON THEM", "")
    rows = [_row(host, now) for host in hosts]
    print_table(rows, header=header, right=frozenset({3, 4}), wrapped=True)


def hosts_amiss(hosts: Iterable[HostShape]) -> Iterator[str]:
    """Say of each host that is not heard what is the matter with it."""
    return (f"host {host.name}: {host.said}" for host in hosts if host.said)


def _row(host: HostShape, now: float) -> list[Cell | str]:
    return [
        host.name,
        Cell(host.state, STATE_COLOURS.get(host.state)),
        "" if host.heard_at is None else ago(seconds_of(host.heard_at), now),
        str(len(host.servers)),
        str(host.prompts),
        host.said or "",
    ]

"""The hosts that share a queue, and how the servers are by theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from vqd.domain.frozen import frozen
from vqd.domain.host import Host, told_apart
from vqd.domain.listing import ListedJob
from vqd.domain.server import ServerRecord, ServerTally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Listed = TypeVar("Listed", bound=ListedJob)


@frozen
class HostView:
    """A host, the servers that it drives, and how many prompts are on them."""

    host: Host
    servers: tuple[str, ...]
    prompts: int


def sharing(hosts: Iterable[Host], servers: Iterable[ServerRecord]) -> Sequence[Host]:
    """Give the hosts that people are told of, by name: those that are there, and of those that are
    gone the ones whose servers are still known. Nobody where there is one alone, unless the depot
    is away for it."""
    homes = {server.home for server in servers}
    told = [host for host in hosts if host.silent_s is not None or host.home in homes]
    is_alone = len(told) <= 1 and not any(host.depot_away for host in told)
    return () if is_alone else told_apart(told)


def by_host(servers: Iterable[ServerRecord], hosts: Iterable[Host]) -> list[ServerRecord]:
    """Give servers with the host of each, if there are several. What was last seen of a server
    counts only while its host is heard, for nobody else gives it prompts."""
    known = {host.home: host for host in hosts}
    return [_by(known[one.home], one) if one.home in known else one for one in servers]


def at_home(jobs: Iterable[Listed], hosts: Sequence[Host]) -> list[Listed]:
    """Give jobs with the host of each, if there are several."""
    names = {host.home: host.name for host in told_apart(hosts)} if len(hosts) > 1 else {}
    return [replace(job, host=names.get(job.home, "")) if names else job for job in jobs]


def host_views(
    hosts: Iterable[Host], servers: Sequence[ServerRecord], tallies: Mapping[str, ServerTally]
) -> list[HostView]:
    """Give hosts with what each drives and runs."""
    return [_view(host, servers, tallies) for host in hosts]


def _by(host: Host, server: ServerRecord) -> ServerRecord:
    if host.state == "heard":
        return replace(server, host=host.name)
    said = f"its host {host.name} is {host.state}"
    since_at = server.since_at if server.state == "down" else None
    return replace(server, host=host.name, state="down", said=said, since_at=since_at)


def _view(
    host: Host, servers: Iterable[ServerRecord], tallies: Mapping[str, ServerTally]
) -> HostView:
    names = tuple(one.server for one in servers if one.home == host.home)
    prompts = sum(tallies[name].prompts for name in names if name in tallies)
    return HostView(host, names, prompts)

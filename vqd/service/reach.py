"""The files of a job where hosts share the queue: who does not reach them, and what is on its way
home."""

from collections.abc import Iterator, Sequence

from vqd.domain.frozen import frozen
from vqd.domain.host import Host
from vqd.domain.queue import Job

_BY_ITSELF = "It goes on by itself when the depot answers; vqd doctor on that host tries it out."


@frozen
class OutOfReach:
    """A `host` that cannot take a job's prompts, why, and what would change that. What it has
    taken already it cannot hand over either, where the depot `is_away`."""

    host: Host
    said: str
    cure: str
    is_away: bool = False


def out_of_reach(home: str, hosts: Sequence[Host], *, is_stocked: bool) -> list[OutOfReach]:
    """Give the hosts, of those that are there, that reach no file of the jobs of a home, neither by
    its spool nor by the depot, where the inputs of the job that is meant lie if it `is_stocked`."""
    at_home = next((host for host in hosts if host.home == home), None)
    if at_home is None:
        return []
    others = [one for one in hosts if one.home != home and one.silent_s is not None]
    return [found for one in others for found in _found(one, at_home, is_stocked=is_stocked)]


def arriving(job: Job, home: Host | None) -> Iterator[tuple[str, str]]:
    """Say what other hosts made of a job and is on its way to its `home`, if anything is, and what
    would change that."""
    if job.arriving is None:
        return
    said = f"The {job.arriving.removeprefix('the ')} by the depot"
    if home is not None and home.depot_away is not None:
        yield f"{said}, and {home.depot_away_from(f' on host {home.name}')}", _BY_ITSELF
    elif home is not None and home.state != "heard":
        cure = "They are fetched once its daemon is there again."
        yield f"{said}, and host {home.name}, where that is, is {home.state}", cure
    else:
        yield said, "They come by themselves."


def _found(host: Host, at_home: Host, *, is_stocked: bool) -> Iterator[OutOfReach]:
    if at_home.home in host.reaches:
        return
    if host.depot is None or at_home.depot is None:
        said = f"it does not reach the spool of host {at_home.name}, and they share no depot"
        cure = "Name that spool in spools there, or a depot in the settings of both."
        yield OutOfReach(host, said, cure)
    elif (away := host.depot_away_from(" there")) is not None:
        yield OutOfReach(host, away, _BY_ITSELF, is_away=True)
    elif not is_stocked and (away := at_home.depot_away_from(f" on host {at_home.name}")):
        said = f"the job's inputs are not in the depot, for {away}"
        yield OutOfReach(host, said, _BY_ITSELF)
    elif not is_stocked:
        said = f"the job's inputs are not in the depot, where host {at_home.name} is to put them"
        cure = f"It goes on by itself once they are; {_when(at_home)}."
        yield OutOfReach(host, said, cure)


def _when(at_home: Host) -> str:
    if at_home.state == "heard":
        return "that host puts none there while its spool is paused or away"
    return f"that host is {at_home.state}"

"""How the spool and the disks are, in figures. A share that does not answer is not waited for long:
`switch` and `uploads` see to that."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from vqd.domain.frozen import frozen
from vqd.service.switch import Switch
from vqd.spool.space import Disks


@frozen
class Disk:
    """A disk, what is free of it and what stays so; `free_files` is None where it counts none."""

    free_bytes: int
    size_bytes: int
    reserve_bytes: float
    free_files: int | None


@frozen
class SpoolState:
    """Whether the spool is there, and the disks of the `spool` and of the `state`, where they tell;
    one that `is_short` has no room to begin anything."""

    is_away: bool
    is_paused: bool
    is_short: bool
    disks: Mapping[str, Disk] = field(default_factory=dict)


def spool_state(switch: Switch, disks: Disks) -> SpoolState:
    """Give it as it is now. Of a spool that is away no disk is told: it would be another's, or as
    it was before."""
    standing = switch.standing()
    is_away = standing.away is not None
    there = replace(disks, spool=None) if is_away else disks
    is_short = there.shortage() is not None
    return SpoolState(is_away, standing.is_paused, is_short, dict(_told(there)))


def _told(disks: Disks) -> Iterator[tuple[str, Disk]]:
    for name, space in (("spool", disks.spool), ("state", disks.state)):
        if space is not None:
            reserved = disks.reserve.bytes_of(space.total_bytes)
            yield name, Disk(space.free_bytes, space.total_bytes, reserved, space.free_files)

"""A glance at the spool and the disks that is never waited for long, whatever a share does.

A call to a share whose server is dead may take ten seconds, or never return. So a thread makes it,
and while that has no answer no other is made: the spool counts as away, and of disks nothing is
told.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from vqd.service.switch import Switch
from vqd.spool.space import Disks, LookAtDisks

WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, what is free of it and what stays so; `free_files` is None where it counts none."""

    free_bytes: int
    size_bytes: int
    reserve_bytes: float
    free_files: int | None


@dataclass(frozen=True, slots=True)
class Glance:
    """How the spool and the disks were: those of the `spool` and of the `state`, where they tell,
    and whether one `is_short` of room to begin anything."""

    is_away: bool
    is_paused: bool = False
    is_short: bool = False
    disks: Mapping[str, Disk] = field(default_factory=dict)


_SILENT = Glance(is_away=True)


class Glances:
    """Looks at the spool, for one who asks again and again. Any thread may."""

    def __init__(self, switch: Switch, look_at_disks: LookAtDisks) -> None:
        self._switch = switch
        self._look_at_disks = look_at_disks
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._seen = _SILENT

    def take(self, within_s: float = WITHIN_S) -> Glance:
        """Give how it is now; that it is away if it does not answer in time."""
        with self._lock:
            if self._looking is None:
                self._looking = threading.Thread(target=self._look, name="glance", daemon=True)
                self._looking.start()
            self._looking.join(within_s)
            if self._looking.is_alive():
                return _SILENT
            self._looking = None
            return self._seen

    def _look(self) -> None:
        self._seen = _SILENT
        with suppress(OSError):  # it went away between two questions
            is_away = self._switch.away is not None
            is_paused = not is_away and self._switch.is_paused
            disks = self._look_at_disks()
            is_short = disks.shortage() is not None
            self._seen = Glance(is_away, is_paused, is_short, dict(_told(disks)))


def _told(disks: Disks) -> Iterator[tuple[str, Disk]]:
    for name, space in (("spool", disks.spool), ("state", disks.state)):
        if space is not None:
            reserved = disks.reserve.bytes_of(space.total_bytes)
            yield name, Disk(space.free_bytes, space.total_bytes, reserved, space.free_files)

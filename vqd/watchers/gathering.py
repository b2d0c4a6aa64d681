"""Which files of a hot folder go as one job? Pure: it is fed looks and a clock.

Files that have one name but for their endings belong together: a picture, its text and its values.
What is complete goes when nothing more has arrived for a while; what goes on growing stays behind.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vqd.domain.frozen import frozen
from vqd.domain.names import folded

Sign = tuple[int, ...]
"""Of a file at one moment: size, blocks, times, inode. Two are compared."""

_Unit = list[str]

LONGEST_QUIET_S = 10.0
GROWING_AGAIN_S = 0.5
LONGEST_PATIENCE_S = 5.0
_FILES_A_SECOND = 25_000
"""With more files than a look takes in its time, looks come less often."""


@frozen
class Gathered:
    """These files go as one job now."""

    names: Sequence[str]


@frozen
class Gathering:
    """Nothing goes yet. `growing` still change, `alone` belong to no input that is there; the rest
    goes when nothing more arrives. Worth another look after `again_s`; None: when something does.
    """

    growing: Sequence[str]
    alone: Sequence[str]
    again_s: float | None


@dataclass(slots=True)
class _Seen:
    sign: Sign
    changed_at: float
    longest_gap_s: float = 0.0

    def change(self, sign: Sign, now: float) -> None:
        gap_s = now - self.changed_at
        if 2 * gap_s <= LONGEST_QUIET_S:  # a longer pause is no rhythm that could be waited for
            self.longest_gap_s = max(self.longest_gap_s, gap_s)
        self.sign, self.changed_at = sign, now

    def quiet_at(self, settle_s: float) -> float:
        """Give when it is complete if it does not change again."""
        return self.changed_at + max(settle_s, min(2 * self.longest_gap_s, LONGEST_QUIET_S))


class Gatherer:
    """Remembers the files of one hot folder between looks; times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._seen: dict[str, _Seen] = {}
        self._arrived_at = now

    def note(self, signs: Mapping[str, Sign], now: float) -> None:
        """Note a look at all files."""
        for gone in self._seen.keys() - signs.keys():
            del self._seen[gone]
        for name, sign in signs.items():
            seen = self._seen.get(name)
            if seen is None:
                self._seen[name] = _Seen(sign, now)
                self._arrived_at = now
            elif seen.sign != sign:
                seen.change(sign, now)

    def quiet_s(self, now: float) -> float:
        """Give for how long nothing has arrived or changed."""
        latest = max((seen.changed_at for seen in self._seen.values()), default=0.0)
        return now - max(latest, self._arrived_at)

    def is_quiet(self, name: str, now: float, settle_s: float) -> bool:
        """Tell whether one file is complete, as far as looks tell."""
        return name not in self._seen or self._seen[name].quiet_at(settle_s) <= now

    def judge(
        self,
        now: float,
        *,
        settle_s: float,
        gather_s: float,
        is_input: Callable[[str], bool],
        is_held: Callable[[str], bool],
    ) -> Gathered | Gathering:
        """Say what goes now.

        A file is complete when it was quiet for `settle_s` and no writer holds it (`is_held`, asked
        of what would go). What is complete goes when it was quiet, and nothing new has come, for
        `gather_s`.
        """
        whole, alone = self._units(is_input)
        complete = [unit for unit in whole if self._quiet_at(unit, settle_s) <= now]
        growing = [unit for unit in whole if self._quiet_at(unit, settle_s) > now]
        latest = max((self._changed_at(unit) for unit in complete), default=0.0)
        wait_s = max(latest, self._arrived_at) + gather_s - now
        if complete and wait_s <= 0:
            free = [unit for unit in complete if not any(map(is_held, unit))]
            if free:
                return Gathered(_flat(free))
            complete, growing = [], whole
        again_s = [wait_s] * bool(complete) + [self._patience_s(now)] * bool(growing)
        return Gathering(_flat(growing), alone, self._at_least(min(again_s, default=None)))

    def _units(self, is_input: Callable[[str], bool]) -> tuple[list[_Unit], Sequence[str]]:
        """Give what belongs together, and what belongs to no input."""
        units = defaultdict(list)
        for name in self._seen:
            units[folded(name.rpartition(".")[0])].append(name)
        whole = [unit for unit in units.values() if any(map(is_input, unit))]
        return whole, _flat(unit for unit in units.values() if not any(map(is_input, unit)))

    def _changed_at(self, unit: _Unit) -> float:
        return max(self._seen[name].changed_at for name in unit)

    def _quiet_at(self, unit: _Unit, settle_s: float) -> float:
        return max(self._seen[name].quiet_at(settle_s) for name in unit)

    def _patience_s(self, now: float) -> float:
        """Look less often at what grows for long."""
        return min(max(GROWING_AGAIN_S, (now - self._arrived_at) / 20), LONGEST_PATIENCE_S)

    def _at_least(self, again_s: float | None) -> float | None:
        return None if again_s is None else max(again_s, len(self._seen) / _FILES_A_SECOND)


def _flat(units: Iterable[_Unit]) -> list[str]:
    return [name for unit in units for name in unit]

"""Has a drop stopped changing? Pure: it is fed looks and a clock, and touches nothing.

Looks are compared with each other, never with file times: a copy may carry times from years ago,
and a file may have its full size before its data.
"""

from dataclasses import dataclass

from vqd.documents.sizes import size_told
from vqd.domain.frozen import frozen

LOOK_EVERY_S = 0.1
LOOKS_TO_SETTLE = 10
LONGEST_QUIET_S = 10.0
LONGEST_PATIENCE_S = 2.0
FILES_A_SECOND = 2500


@frozen
class Look:
    """A drop at one moment: a fingerprint of its tree, and whether a writer holds a file of it.

    `held` is None where the file system cannot tell.
    """

    fingerprint: int
    files: int
    size_bytes: int
    held: bool | None


@frozen
class Settled:
    """It is complete. `quiet_s` is how long it has not changed."""

    quiet_s: float


@frozen
class Waiting:
    """It is not, for this reason; worth another look after `again_s` seconds."""

    reason: str
    again_s: float


@dataclass(slots=True)
class _Seen:
    fingerprint: int
    first_at: float
    changed_at: float
    same_at: float
    longest_gap_s: float = 0.0


class Settling:
    """Remembers the drops that are still changing.

    A drop is complete when it arrived by rename and no writer holds it; when no writer holds it
    and nothing changed for `settle_s`; or, where nobody can tell who writes, when looks `poll_s`
    apart agree. A drop that was seen to come in bursts must be quiet for twice
    its longest pause.
    """

    def __init__(self, *, settle_s: float) -> None:
        self._settle_s = settle_s
        self._seen: dict[str, dict[str, _Seen]] = {}

    def judge(
        self, name: str, look: Look, *, now: float, renamed: bool, poll_s: float
    ) -> Settled | Waiting:
        """Say whether `name` is complete; `now` is monotonic seconds.

        `poll_s` is how far apart two looks must agree where nobody can tell who writes.
        """
        seen = self._note(name, look, now)
        quiet_s = now - seen.changed_at
        if look.held:
            said = f"a file is still being written, {size_told(look.size_bytes)} so far"
            return Waiting(said, max(_least_s(look), _patience_s(now - seen.first_at)))
        if renamed and look.held is False:
            return Settled(quiet_s)
        wanted_s = poll_s if look.held is None else self._settle_s
        wanted_s = max(wanted_s, min(2 * seen.longest_gap_s, LONGEST_QUIET_S))
        if quiet_s >= wanted_s:
            return Settled(quiet_s)
        again_s = min(max(LOOK_EVERY_S, wanted_s / LOOKS_TO_SETTLE), wanted_s - quiet_s)
        said = f"it has just changed, {size_told(look.size_bytes)} so far"
        return Waiting(said, max(_least_s(look), again_s))

    def forget(self, name: str) -> None:
        """Forget a drop that was taken or is gone, and what was judged below its name."""
        self._seen.pop(name, None)

    def _note(self, name: str, look: Look, now: float) -> _Seen:
        of_drop = self._seen.setdefault(name.split("/")[0], {})
        seen = of_drop.get(name)
        if seen is None:
            seen = of_drop[name] = _Seen(look.fingerprint, now, now, now)
        elif seen.fingerprint == look.fingerprint:
            seen.same_at = now
        else:
            seen.longest_gap_s = max(seen.longest_gap_s, seen.same_at - seen.changed_at)
            seen.fingerprint, seen.changed_at, seen.same_at = look.fingerprint, now, now
        return seen


def _least_s(look: Look) -> float:
    """Give how far apart looks at so many files are at least, that they cost little."""
    return look.files / FILES_A_SECOND


def _patience_s(age_s: float) -> float:
    """Look less often at what is being written for long: its end is hinted at."""
    return min(max(LOOK_EVERY_S, age_s / 20), LONGEST_PATIENCE_S)

"""Whether there is room for more, looked at beside the loop, which never waits for a disk.

1. Below the reserve (`spool.space`) nothing is sent to a server.
2. Above it so many prompts may be at once that there is room for all that they make, by what
   prompts of their workflows made before; one that is next counts like the largest of those.
3. Where a disk refuses what runs all the same (a quota, a fault), or no decoder starts, nothing is
   sent until that was tried again; the store tells of it, too.

What it cannot know: what others write there meanwhile, and how large an output will be.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import TypeVar

import structlog

from vqd.domain.errors import VqdError
from vqd.runner.beside import Beside
from vqd.spool.space import Disks, LookAtDisks, Shortage
from vqd.store.store import Store

LOOK_AGAIN_S = 2.0
"""Until the next look while there is too little; else the loop says when to look."""
LEARNED_EVERY_S = 60.0
"""How old what prompts usually make may become."""
BACK_ABOVE = 1.1
"""There is enough again when so many times the reserve is free: one more prompt is not the end."""
PARKED_AGAIN_S = 5.0
"""How long nothing is sent after a refusal."""
SAID_AGAIN_S = 60.0
"""How long nothing was refused before a refusal is logged again."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Room(Beside):
    """Knows the disks as they were at the last look. Any thread may ask; times are monotonic
    seconds.

    `look` tells how the disks are. `on_change` is called when there is too little, or enough again.
    """

    def __init__(
        self,
        store: Store,
        look: LookAtDisks,
        *,
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("room", self.look)
        self._store = store
        self._look_at_disks = look
        self._on_change = on_change
        self._clock = clock
        self._disks: Disks | None = None
        self._usual: Mapping[str, float] = {}
        self._learn_at = 0.0
        self._refused: tuple[str, float] | None = None
        self._told: str | None = ""  # what an earlier process told may still be there
        self._lock = threading.Lock()
        self.shortage: Shortage | None = None
        """What there is too little of to begin anything; None if there is enough."""

    def look(self) -> float | None:
        """Look at the disks; give the seconds until that is worth doing again by itself."""
        now = self._clock()
        if now >= self._learn_at:
            with self._store.reading() as session:
                self._usual = session.estimates.bytes_by_workflow()
            self._learn_at = now + LEARNED_EVERY_S
        self._disks = disks = self._look_at_disks()
        before = self.shortage
        self.shortage = disks.shortage(
            kept=BACK_ABOVE if before else 1.0, planned_bytes=self._next_bytes()
        )
        self._tell(before, self.shortage)
        self._store.look_at_log()
        refused_s = self.again_s(now)
        self._tell_of_refusal(None if refused_s is None else self._refused)
        return LOOK_AGAIN_S if self.shortage else refused_s

    def held_by(self, workflows: Iterable[str], now: float) -> str | None:
        """Say why nothing is sent, where there is no room for it beside prompts that run, given by
        the workflow of each; None where there is."""
        short = self.shortage or self._shortage_beside(workflows)
        if short is not None:
            return f"parked: {short}"
        with self._lock:
            refused = self._refused
        return f"parked: {refused[0]}" if refused is not None and now < refused[1] else None

    def places(self, free: Sequence[T], workflows: Iterable[str]) -> Sequence[T]:
        """Give as many of `free`, from the first on, as there is room for prompts beside those that
        run, given by the workflow of each."""
        next_bytes = self._next_bytes()
        if not next_bytes or self._disks is None:
            return free
        left = self._disks.left_bytes - self._planned_bytes(workflows)
        return free if left >= next_bytes * len(free) else free[: max(0, int(left // next_bytes))]

    def require_end(self) -> None:
        """Do nothing if what was begun may come to its end; this looks at the disks itself.

        Raises:
            NoRoom: half of the reserve is used up.
        """
        self._look_at_disks().require_end()

    def refuse(self, why: str, until: float) -> None:
        """Note that what runs was refused something, which is tried again by then."""
        now = self._clock()
        with self._lock:
            before = -inf if self._refused is None else self._refused[1]
            self._refused = why, until
        if before < now - SAID_AGAIN_S:
            _log.warning("room.refused", said=why)
        if before <= now:
            self.wake()
            self._on_change()

    def again_s(self, now: float) -> float | None:
        """Give the seconds until what was refused is tried again; None if nothing was."""
        with self._lock:
            refused = self._refused
        return refused[1] - now if refused is not None and refused[1] > now else None

    def _shortage_beside(self, workflows: Iterable[str]) -> Shortage | None:
        next_bytes = self._next_bytes()
        if not next_bytes or self._disks is None:
            return None
        return self._disks.shortage(planned_bytes=self._planned_bytes(workflows) + next_bytes)

    def _planned_bytes(self, workflows: Iterable[str]) -> float:
        return sum(self._usual.get(workflow, 0.0) for workflow in workflows)

    def _next_bytes(self) -> float:
        return max(self._usual.values(), default=0.0)

    def _tell_of_refusal(self, refused: tuple[str, float] | None) -> None:
        said = None if refused is None else refused[0]
        if said == self._told:
            return
        try:
            self._store.write(lambda session: session.refusals.note(said))
        except VqdError:
            return  # which the store says; it is tried again at the next look
        self._told = said

    def _tell(self, before: Shortage | None, after: Shortage | None) -> None:
        if (before is None) == (after is None):
            return
        if after is not None:
            _log.warning("room.low", folder=str(after.folder), said=after.said)
        else:
            _log.info("room.back")
        self._on_change()

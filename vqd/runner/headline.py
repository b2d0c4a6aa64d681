"""Tells in one line how the queue is, as it changes: what `systemctl status` shows."""

from collections.abc import Callable

from vqd.domain.names import printable
from vqd.runner.beside import Beside
from vqd.store.store import Session, Store

GATHERED_S = 5.0
"""It may be so long out of date."""
LOOK_EVERY_S = 60.0
"""What changes without a tick, a share that goes away, is seen then."""


class Headline(Beside):
    """Looks at the queue at once, and after it changed.

    `tell` is given each new line; `held_by` says why nothing is sent to any server, None if nothing
    stands in the way, and does not wait long.
    """

    def __init__(
        self,
        store: Store,
        *,
        held_by: Callable[[], str | None],
        tell: Callable[[str], None],
        gathered_s: float = GATHERED_S,
    ) -> None:
        super().__init__("headline", self.look, gathered_s=gathered_s)
        self._store = store
        self._held_by = held_by
        self._tell = tell
        self._told = ""

    def look(self) -> float:
        """Tell how the queue is, if it is not as it was told; give the seconds until the next
        look."""
        with self._store.reading() as session:
            said = _queue_in_words(session)
        held = self._held_by()
        line = printable(f"{held}; {said}" if held else said)
        if line != self._told:
            self._told = line
            self._tell(line)
        return LOOK_EVERY_S


def _queue_in_words(session: Session) -> str:
    depths, servers = session.listing.depths(), session.servers.all()
    jobs = sum(depth.jobs for depth in depths)
    running = sum(depth.running for depth in depths)
    waiting = sum(depth.pending for depth in depths)
    up = sum(server.takes_prompts for server in servers)
    open_jobs = f"{jobs or 'no'} open {'job' if jobs == 1 else 'jobs'}"
    return f"{open_jobs}, {running} prompts run, {waiting} wait; {up} of {len(servers)} servers up"

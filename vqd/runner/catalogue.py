"""Learns what the servers are and can do: when one connects, and now and then after."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.signature import SignatureChange
from vqd.runner.fitting import Fitting
from vqd.runner.server import Server
from vqd.runner.spelling import Spelling
from vqd.store.learning import Learned, learn
from vqd.store.store import Store

LOOK_AGAIN_S = 600.0
"""Between two looks at a server that stays: a model may have been put there."""
LOOK_LACKING_S = 30.0
"""The same while a job waits for what no server has."""
AFTER_FAILURE_S = 5.0
"""Until the next look at a server that did not answer well; doubled each time."""
MOST_TOLD = 20

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Looking:
    """The looks at one server: the last `failures` of them failed. `next_at` is in monotonic
    seconds, None for a look whose end was not seen yet."""

    connection: int = 0
    looked_at: float = 0.0
    next_at: float | None = None
    failures: int = 0
    is_going: bool = False
    is_asked: bool = False

    def is_due(self, connection: int, now: float, *, is_lacking: bool) -> bool:
        """Tell whether to look now."""
        is_new = self.is_asked or self.connection != connection
        return is_new or self.wait_s(now, is_lacking=is_lacking) <= 0

    def wait_s(self, now: float, *, is_lacking: bool) -> float:
        """Give the seconds until the next look, counted from when the end of the last is seen."""
        if self.next_at is None:
            self.looked_at = now
            self.next_at = now + _delay_s(self.failures)
        at = self.looked_at + LOOK_LACKING_S if is_lacking and not self.failures else self.next_at
        return at - now


class Catalogues:
    """Keeps what the store knows of the servers' classes true. Used by the loop's thread alone.

    A look goes on beside the loop, however long the server takes; only what is in it already is
    written one server after the other.
    """

    def __init__(
        self,
        store: Store,
        servers: Collection[Server],
        spelling: Spelling,
        fitting: Fitting,
        *,
        on_change: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._spelling = spelling
        self._fitting = fitting
        self._on_change = on_change
        self._clock = clock
        self._servers = servers
        self._looks: dict[Server, _Looking] = {}
        self._learning = threading.Lock()

    def look(self, now: float, *, is_lacking: bool) -> float | None:
        """Begin the looks that are due; give the seconds until the next, None while there is none.

        `now` is monotonic seconds; `is_lacking` tells whether a job waits for what no server has.
        """
        waits = []
        self._looks = {server: self._looks.get(server) or _Looking() for server in self._servers}
        for server, looking in self._looks.items():
            if looking.is_going or not server.is_up:
                continue
            if looking.is_due(server.connection, now, is_lacking=is_lacking):
                self._begin(server, looking)
            else:
                waits.append(looking.wait_s(now, is_lacking=is_lacking))
        return min(waits, default=None)

    def hurry(self) -> None:
        """Have every server looked at as soon as may be: one has not what its catalogue says, and
        models often lie in one place for all."""
        for looking in self._looks.values():
            looking.is_asked = True

    def _begin(self, server: Server, looking: _Looking) -> None:
        looking.connection = server.connection
        looking.next_at = None
        looking.is_going = True
        looking.is_asked = False
        threading.Thread(
            target=self._carry_out, args=(server, looking), name=f"look {server.name}", daemon=True
        ).start()

    def _carry_out(self, server: Server, looking: _Looking) -> None:
        looking.failures = 0 if self._is_learned(server) else looking.failures + 1
        self._spelling.end_look(server.name)
        looking.is_going = False
        self._on_change()

    def _is_learned(self, server: Server) -> bool:
        try:
            is_known = server.learn()
            learned = self._learn(server)
        except (VqdError, OSError) as error:
            _log.warning("catalogue.unlearned", server=server.name, error=str(error))
            return False
        except Exception:  # noqa: BLE001 - the top of a thread: one look fails, others go on
            _log.exception("catalogue.failed", server=server.name)
            return False
        if learned is not None:
            self._fitting.forget(server.name)
            _log.info(
                "catalogue.learned",
                server=server.name,
                classes=learned.classes,
                changed=learned.changed,
                signatures=_told(learned.signatures),
            )
        return is_known

    def _learn(self, server: Server) -> Learned | None:
        with server.client.object_info() as info, self._learning:
            return learn(self._store, server.name, info.sha256, info.entries, now=self._clock())


def _told(changes: Sequence[SignatureChange]) -> list[str]:
    """Name the inputs that are other than before; `vqd workflows check` tells in what."""
    named = [f"{change.node_class}.{change.input}".rstrip(".") for change in changes]
    left = len(named) - MOST_TOLD
    return named if left <= 0 else [*named[:MOST_TOLD], f"and {left} more"]


def _delay_s(failures: int) -> float:
    """Give how long a server is left alone after so many failed looks in a row."""
    if not failures:
        return LOOK_AGAIN_S
    return min(AFTER_FAILURE_S * (1 << min(failures - 1, 10)), LOOK_AGAIN_S)

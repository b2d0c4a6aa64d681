"""Prompts that were given up while their server may have had them are taken off it once it answers:
else they would be rendered for nobody, and before what is asked for now."""

import threading
from collections.abc import Callable, Mapping

import structlog

from vqd.domain.errors import VqdError
from vqd.runner.server import Server
from vqd.store.store import Store

LOOK_AGAIN_S = 2.0
"""Between two looks at a server that does not answer, or does not stop a prompt."""

_log = structlog.get_logger(__name__)


class Strays:
    """Takes them off, beside the loop, whose thread alone uses this. Meanwhile the server is given
    nothing; what is not done when the daemon ends is done after its next start."""

    def __init__(
        self, store: Store, servers: Mapping[str, Server], *, on_change: Callable[[], None]
    ) -> None:
        self._store = store
        self._servers = servers
        self._on_change = on_change
        self._recalled_by: set[Server] = set()
        self._look_at: dict[str, float] = {}
        self._looking: set[str] = set()

    def recall(self) -> None:
        """Take up what an earlier process left, and what was left on a server that is reached in
        another way by now."""
        with self._store.reading() as session:
            left = session.servers.strays()
        for server, prompt_id in left:
            if server in self._servers:
                self._servers[server].standing.add_stray(prompt_id)
        self._recalled_by = {*self._servers.values()}

    def look(self, now: float) -> float | None:
        """Begin the looks that are due; give the seconds until the next, None while there is none.

        `now` is monotonic seconds.

        Raises:
            VqdError: the queue cannot be read.
        """
        if self._recalled_by != {*self._servers.values()}:
            self.recall()
        waits = []
        for name, server in self._servers.items():
            if not server.standing.strays or not server.is_up or name in self._looking:
                continue
            at = self._look_at.get(name, now)
            if at > now:
                waits.append(at - now)
                continue
            self._look_at[name] = now + LOOK_AGAIN_S
            self._looking.add(name)
            threading.Thread(
                target=self._carry_out, args=(server,), name=f"strays {name}", daemon=True
            ).start()
        return min(waits, default=None)

    def _carry_out(self, server: Server) -> None:
        try:
            self._take_off(server)
        except VqdError as error:  # the server does not answer, or the store closes
            _log.warning("cancel.unsent", server=server.name, error=error.message)
        finally:
            self._looking.discard(server.name)
            self._on_change()

    def _take_off(self, server: Server) -> None:
        strays = server.standing.strays
        gone = {prompt_id for prompt_id in strays if _is_off(server, prompt_id)}
        self._store.write(lambda session: session.servers.forget_strays(gone))
        server.standing.lose_strays(gone, is_stuck=gone != strays)


def _is_off(server: Server, prompt_id: str) -> bool:
    """Take a prompt off a server, or have it stopped there; tell whether it is gone."""
    server.client.cancel(prompt_id)
    return server.client.place(prompt_id) is None

"""The servers that prompts are given to, which may become others while the loop runs.

A server that is not wanted any more leaves: it is given nothing, what waits on it is taken back,
and it is let go when what runs there is over. One that is to be reached in another way leaves, too,
and comes back as it is wanted then.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import structlog

from vqd.domain.frozen import frozen
from vqd.domain.needs import Capability
from vqd.runner.server import Server, ServerAddress

_log = structlog.get_logger(__name__)


@frozen
class Place:
    """A server that is wanted, and what the settings say that it has."""

    server: Server
    capability: Capability


class Farm:
    """Follows what is wanted, as the loop's thread has it `settle`; any thread may `change` that.

    `known` are all that are there by name, `serving` those that do not leave. Both are views, which
    follow.
    """

    def __init__(
        self, make: Callable[[ServerAddress], Server], wanted: Iterable[ServerAddress]
    ) -> None:
        """Have servers from the beginning.

        Raises:
            VqdError: one of the addresses is none.
        """
        self._make = make
        self._known: dict[str, Server] = {}
        self._wanted = self._settled = _by_name(self.places(wanted))
        self._known.update((name, place.server) for name, place in self._wanted.items())
        self._serving = {**self._known}

    @property
    def is_settled(self) -> bool:
        """Tell whether the servers are those that are wanted."""
        return self._settled is self._wanted

    @property
    def known(self) -> Mapping[str, Server]:
        """Give every server by its name."""
        return self._known

    @property
    def serving(self) -> Collection[Server]:
        """Give the servers that may be given prompts."""
        return self._serving.values()

    def start(self) -> None:
        """Begin to listen to all of them."""
        for server in self._known.values():
            server.start()

    def stop(self) -> None:
        """Hang up. What runs on the servers goes on."""
        for server in self._known.values():
            server.stop()

    def places(self, wanted: Iterable[ServerAddress]) -> Sequence[Place]:
        """Give the servers that are at these addresses: those that are there, and new ones.

        Raises:
            VqdError: one of the addresses is none.
        """
        return [Place(self._at(address), address.capability) for address in wanted]

    def change(self, wanted: Iterable[Place]) -> None:
        """Have other servers from the next `settle` on."""
        self._wanted = _by_name(wanted)

    def settle(self, busy: Collection[Server]) -> bool:
        """Let servers come and leave; those that are `busy` stay until they are not. Tells whether
        any came or is gone."""
        wanted, before = self._wanted, {*self._known.values()}
        for name, server in tuple(self._known.items()):
            self._judge(server, wanted.get(name), is_busy=server in busy)
        for name in wanted.keys() - self._known.keys():
            self._known[name] = self._begun(wanted[name].server)
        self._serving.clear()
        self._serving.update(
            (name, server) for name, server in self._known.items() if not server.is_leaving
        )
        if len(self._serving) == len(self._known):
            self._settled = wanted
        return before != {*self._known.values()}

    def _at(self, address: ServerAddress) -> Server:
        known = self._known.get(address.name)
        return known if known is not None and known.is_at(address) else self._make(address)

    def _judge(self, server: Server, wanted: Place | None, *, is_busy: bool) -> None:
        stays = wanted is not None and server.is_at(wanted.server.address)
        if wanted is not None and stays:
            server.equip(wanted.capability)
        if not (stays or server.is_leaving):
            _log.info("server.leaving", server=server.name, busy=is_busy)
        server.note_leaving(not stays)
        if not (stays or is_busy):
            del self._known[server.name]
            # It may wait for a server that does not answer.
            threading.Thread(target=server.stop, name=f"stop {server.name}", daemon=True).start()
            _log.info("server.removed", server=server.name)

    def _begun(self, wanted: Server) -> Server:
        has_left = wanted.is_leaving  # since `places` found it
        server = self._make(wanted.address) if has_left else wanted
        server.start()
        _log.info("server.added", server=server.name)
        return server


def _by_name(places: Iterable[Place]) -> Mapping[str, Place]:
    return {place.server.name: place for place in places}

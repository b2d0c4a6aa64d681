"""Which server is given which prompt."""

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from vqd.domain.needs import Needs
from vqd.domain.queue import Prompt
from vqd.domain.requirement import NeedsClass
from vqd.runner.affinity import Affinity
from vqd.runner.fitting import Fitting
from vqd.runner.server import Server
from vqd.store.claiming import Next
from vqd.store.store import Session


class Choosing:
    """Claims prompts for servers that can carry them out. Used by the loop's thread alone."""

    def __init__(self, servers: Collection[Server], fitting: Fitting) -> None:
        self._servers = servers
        self._fitting = fitting
        self._affinity = Affinity(servers)

    def claims(
        self, session: Session, free: Sequence[Server], now: float
    ) -> Iterator[tuple[Prompt, Server]]:
        """Claim a prompt for each free place of a server that can serve one; `now` is UTC seconds.

        A route that no server of all fits any more is open to each. A server that is avoided is
        given only what none of those can serve that are up and trusted.
        """
        if not free:
            return
        asked = session.rules.asked_whether_fair()
        classes = session.classes.ready()
        routes = session.prompts.routes() if classes else []
        is_fair = asked()
        for server in free:
            if not classes:
                return
            served = self._served(session, server, classes)
            routed = self._routed(server, routes)
            seek = partial(
                session.prompts.next, server.name, now=now, routes=routed, is_fair=is_fair
            )
            chosen = self._chosen(session, server, served, seek, now)
            if chosen is not None:
                prompt = session.prompts.claim(
                    server.name, str(uuid.uuid4()), now=now, chosen=chosen
                )
                assert prompt is not None
                yield prompt, server
                if chosen.needs_class.is_mixed:  # its job may be in another class now
                    classes = session.classes.ready()
            elif len(routed) == len(routes) and not session.prompts.are_shunned(now):
                classes = [one for one in classes if one not in served]

    def _served(
        self, session: Session, server: Server, classes: Sequence[NeedsClass]
    ) -> list[NeedsClass]:
        """Give what a server may be given of each class, those left out of which that is none."""
        rivals = [
            one
            for one in self._servers
            if server.standing.yields and one.is_up and one.standing.is_trusted
        ]
        parts = [
            self._fitting.served(session, server, one)
            for one in classes
            if not any(self._fitting.served(session, rival, one).requires for rival in rivals)
        ]
        return [part for part in parts if part.requires]

    def _routed(self, server: Server, routes: Sequence[tuple[int, Needs]]) -> list[int]:
        return [
            key
            for key, needs in routes
            if server.capability.fits(needs)
            or not any(one.capability.fits(needs) for one in self._servers)
        ]

    def _chosen(
        self,
        session: Session,
        server: Server,
        served: Sequence[NeedsClass],
        seek: Callable[..., Next | None],
        now: float,
    ) -> Next | None:
        following = seek(classes=served)
        if following is None:
            return None
        models = {
            key: self._fitting.requirement(session, key).model_set
            for one in served
            for key in one.requires
        }
        return self._affinity.chosen(
            server, following, models, lambda keys: seek(classes=_only(served, keys)), now
        )


def _only(classes: Sequence[NeedsClass], requires: Collection[int]) -> list[NeedsClass]:
    parts = (one.only(requires) for one in classes)
    return [part for part in parts if part.requires]

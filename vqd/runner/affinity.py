"""Keeps prompts together that share their models, for a while that is bounded.

To load models takes a server up to a minute. So a server goes on with the models that it has, and
one that must load others rather loads what no other server has, though an older job waits: one of
the same priority, never of a higher one, and for STAY_S at most. Then it is given what is next.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from vqd.runner.server import Server
from vqd.store.claiming import Next

STAY_S = 300.0
"""The longest that a server passes an older job over: five times what it takes to load models."""

Models = frozenset[str]
Seek = Callable[[Collection[int]], Next | None]
"""Gives what is next of some requirements alone, by their keys."""


@dataclass(slots=True)
class _Loaded:
    """The `models` of the last prompt that had any, since the server came up for the
    `connection`th time; an older job is passed over since `passing_since`, UTC seconds."""

    connection: int
    models: Models = frozenset()
    passing_since: float | None = None


class Affinity:
    """Knows which models each server has loaded for vqd. Used by the loop's thread alone."""

    def __init__(self, servers: Collection[Server]) -> None:
        self._servers = servers
        self._loaded: dict[str, _Loaded] = {}

    def chosen(
        self, server: Server, following: Next, models: Mapping[int, Models], seek: Seek, now: float
    ) -> Next:
        """Give what a server gets in place of what is next for it: most often just that.

        `models` are those of each requirement that it can serve. Cost: two more seeks at most.
        """
        loaded = self._loaded_on(server)
        chosen = self._kept_together(server, following, models, seek)
        if chosen.prompt.key.job_key == following.prompt.key.job_key:
            loaded.passing_since = None
        elif loaded.passing_since is None:
            loaded.passing_since = now
        elif not 0 <= now - loaded.passing_since < STAY_S:
            loaded.passing_since, chosen = None, following
        loaded.models = models[chosen.requirement_key] or loaded.models
        return chosen

    def _kept_together(
        self, server: Server, following: Next, models: Mapping[int, Models], seek: Seek
    ) -> Next:
        if not models[following.requirement_key]:
            return following
        own = self._loaded_on(server).models
        others = [
            self._loaded_on(one).models for one in self._servers if one.is_up and one is not server
        ]
        loading = {key: loads for key, loads in models.items() if loads}
        for keys in (
            {key for key, loads in loading.items() if loads == own},
            {key for key, loads in loading.items() if loads not in others},
        ):
            found = following if following.requirement_key in keys else seek(keys)
            if found is not None and found.priority == following.priority:
                return found
        return following

    def _loaded_on(self, server: Server) -> _Loaded:
        """Give what a server has loaded: nothing since it came up."""
        known = self._loaded.get(server.name)
        if known is None or known.connection != server.connection:
            known = self._loaded[server.name] = _Loaded(server.connection)
        return known

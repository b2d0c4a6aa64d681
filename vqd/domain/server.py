"""Servers as they were last seen, and what became of the attempts on them."""

from __future__ import annotations

from vqd.domain.frozen import frozen
from vqd.domain.needs import Capability


@frozen
class ServerRecord:
    """A server as it was last seen; `state` is `up`, `avoided`, `resting` or `down`, and has been
    `since_at`.

    `tags` are sorted; `vram_gb` is None where nobody has said. Times are UTC seconds. Where several
    hosts share the queue, `home` is that of the one which drives it, and `host` its name.
    """

    server: str
    url: str
    state: str
    said: str | None
    version: str | None
    seen_at: float | None
    since_at: float | None = None
    vram_gb: float | None = None
    tags: tuple[str, ...] = ()
    home: str = ""
    host: str = ""

    @property
    def takes_prompts(self) -> bool:
        """Whether it is given prompts, if only when no other is."""
        return self.state in ("up", "avoided")

    @property
    def capability(self) -> Capability:
        """What it has."""
        return Capability(frozenset(self.tags), self.vram_gb)


@frozen
class ServerTally:
    """What became of the attempts on a server: how many `succeeded` today, by the machine's clock,
    and how many failed since the last that did (`failed_in_row`). `ended_at` is when the newest
    ended, None for none; `prompts` are on it now."""

    prompts: int = 0
    succeeded: int = 0
    failed_in_row: int = 0
    ended_at: float | None = None

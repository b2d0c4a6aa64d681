"""What jobs need of servers, and what servers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.domain.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


@frozen
class Needs:
    """What a server must have. Tags are in lower case and sorted, so that equal needs are equal."""

    tags: tuple[str, ...] = ()
    vram_gb: float | None = None

    @classmethod
    def of(cls, tags: Iterable[str], vram_gb: float | None) -> Needs:
        """Give needs of tags as they were written."""
        return cls(tuple(sorted({tag.strip().lower() for tag in tags})), vram_gb)

    def joined(self, other: Needs) -> Needs:
        """Give what satisfies both."""
        sizes = [gb for gb in (self.vram_gb, other.vram_gb) if gb is not None]
        return Needs.of((*self.tags, *other.tags), max(sizes, default=None))


@frozen
class Capability:
    """What a server has. `vram_gb` None means that nobody has said."""

    tags: frozenset[str] = frozenset()
    vram_gb: float | None = None

    def fits(self, needs: Needs) -> bool:
        """Tell whether it has what is needed."""
        return self.tags.issuperset(needs.tags) and self._has_vram(needs)

    def _has_vram(self, needs: Needs) -> bool:
        return needs.vram_gb is None or (self.vram_gb or 0.0) >= needs.vram_gb


def lacks(needs: Needs, capabilities: Iterable[Capability]) -> str | None:
    """Say what no server has of what is needed; None if one has all of it."""
    servers = [*capabilities]
    if needs == Needs() or any(server.fits(needs) for server in servers):
        return None
    for tag in needs.tags:
        if not any(tag in server.tags for server in servers):
            return f"no server has the tag {tag}"
    vram = f"{needs.vram_gb:g} GB of VRAM" if needs.vram_gb is not None else ""
    if not any(server.fits(Needs(vram_gb=needs.vram_gb)) for server in servers):
        return f"no server is known to have {vram}"
    together = [*(f"the tag {tag}" for tag in needs.tags), *([vram] if vram else [])]
    return f"no server has {' and '.join(together)} together"

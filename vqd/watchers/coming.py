"""Drops that were claimed, until they are in the queue, which takes a while for large ones."""

from dataclasses import dataclass

import structlog

from vqd.service.draft import Draft
from vqd.service.submit import Coming

AGAIN_S = 0.05

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Drop:
    name: str
    draft: Draft
    coming: Coming


class ComingDrops:
    """Remembers the drops that are not in the queue yet."""

    def __init__(self) -> None:
        self._drops: list[_Drop] = []

    def add(self, name: str, draft: Draft, coming: Coming) -> None:
        """Tell of the drop `name` now if it is in the queue, else later.

        Raises:
            OSError, VqdError: it cannot be accepted now; its folder in active/ is found again.
        """
        drop = _Drop(name, draft, coming)
        if coming.accepted.done():
            coming.accepted.result()
            _tell(drop)
        else:
            self._drops.append(drop)

    def tell(self) -> float | None:
        """Tell of those that are in the queue by now; gives the seconds until others may be."""
        drops, self._drops = self._drops, []
        for drop in drops:
            if not drop.coming.accepted.done():
                self._drops.append(drop)
                continue
            error = drop.coming.accepted.exception()
            if error is None:
                _tell(drop)
            else:  # as it was claimed, the next rescan finds it in active/
                _log.warning("drop.refused", drop=drop.name, error=str(error))
        return AGAIN_S if self._drops else None


def _tell(drop: _Drop) -> None:
    _log.info(
        "drop.taken",
        drop=drop.name,
        job=drop.coming.job,
        prompts=drop.draft.total,
        workflow=drop.draft.workflow,
    )

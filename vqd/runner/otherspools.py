"""The spools of other daemons that the settings name: each tells whose it is, once it is there.

A mount may come after the daemon that uses it, and so may the first start of the daemon that it
belongs to. One that does not answer holds nobody up (`share`).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog

from vqd.runner.share import Share, ShareAway
from vqd.spool.layout import Spool

LOOK_AGAIN_S = 5.0
"""How often a spool is asked for its mark that has not told it yet."""

_log = structlog.get_logger(__name__)


class OtherSpools:
    """Asks each spool for its mark until it tells that, and knows it by that from then on.

    `home` is the mark of this daemon's own, which may be named among them. `on_answer` is called
    when an answer came that was not waited for. Used by one thread.
    """

    def __init__(
        self,
        spools: Iterable[Spool],
        home: str,
        *,
        on_answer: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.home = home
        self._clock = clock
        self._unknown = [(one, Share(one, on_answer=on_answer)) for one in spools]
        self._known: dict[str, tuple[Spool, Share]] = {}
        self._away: set[Spool] = set()
        self._look_at = clock()

    @property
    def known(self) -> Mapping[str, tuple[Spool, Share]]:
        """Give those that told their marks, by these."""
        return self._known

    @property
    def are_known(self) -> bool:
        """Tell whether all did."""
        return not self._unknown

    def look(self) -> bool:
        """Ask those again that did not, if it is time; tell whether one is known by now that was
        not."""
        if self.again_s() != 0:
            return False
        self._look_at = self._clock() + LOOK_AGAIN_S
        found = {spool: mark for spool, mark in self._told() if mark is not None}
        known = {found[one]: (one, share) for one, share in self._unknown if one in found}
        self._known = {
            mark: one for mark, one in {**self._known, **known}.items() if mark != self.home
        }
        self._unknown = [(one, share) for one, share in self._unknown if one not in found]
        return bool(found)

    def again_s(self) -> float | None:
        """Give the seconds until it is time to look; None if all are known."""
        return max(0.0, self._look_at - self._clock()) if self._unknown else None

    def _told(self) -> Iterator[tuple[Spool, str | None]]:
        for spool, share in self._unknown:
            try:
                mark = _mark_of(share)
            except ShareAway as away:
                if spool not in self._away:
                    _log.warning("spools.away", spool=str(spool.root), said=str(away))
                self._away.add(spool)
                yield spool, None
            else:
                if spool in self._away:
                    _log.info("spools.found", spool=str(spool.root))
                yield spool, mark


def _mark_of(share: Share) -> str:
    """Give the mark of a spool.

    Raises:
        ShareAway: it is not there.
    """
    if (why := share.why_away()) is not None:
        raise ShareAway(why)
    return share.mark()

"""What keeps a whole queue from going on, as far as can be told beside its daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.cli.presence import is_daemon_running
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.service.overview import open_overviews

if TYPE_CHECKING:
    from vqd.cli.share import Share
    from vqd.settings.site import Site
    from vqd.spool.layout import Spool


@frozen
class Condition:
    """Whether the daemon runs (None where nobody can tell), and what stops it from sending: what is
    missing of the spool, PAUSE in it, or what there is too little room for."""

    runs: bool | None
    away: str | None = None
    is_paused: bool = False
    parked: str | None = None

    @property
    def is_halted(self) -> bool:
        """Whether nothing is sent to any server."""
        return self.runs is False or self.is_paused or bool(self.away or self.parked)


def condition_of(site: Site, share: Share) -> Condition:
    """Look at a queue's daemon, spool and disks."""
    runs, away = is_daemon_running(site.state_dir), share.why_away()
    if away is not None:
        return Condition(runs, away)
    spool = share.answering()
    return Condition(runs, None, spool.is_paused(), _parked(site, spool))


def _parked(site: Site, spool: Spool) -> str | None:
    """Say why nothing is sent, by the disks or by what one of them refused the daemon last that
    serves the spool; None if nothing does."""
    short = site.look_at_disks().shortage()
    if short is not None:
        return str(short)
    try:
        with open_overviews(spool.at_home(site.queue_place)) as overviews:
            return overviews.refused()
    except (OSError, VqdError):
        return None  # there is no queue that could tell, or no mark by which to ask it

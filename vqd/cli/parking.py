"""Whether everything is parked for want of room, as far as can be told beside the daemon."""

from vqd.domain.errors import VqdError
from vqd.service.views import open_views
from vqd.settings.model import Settings


def parked_by(settings: Settings) -> str | None:
    """Say why nothing is sent, by the disks or by what one of them refused the daemon last; None
    if nothing does."""
    short = settings.look_at_disks().shortage()
    if short is not None:
        return str(short)
    try:
        with open_views(settings.store_path) as views:
            return views.refused()
    except VqdError:
        return None  # there is no queue that could tell

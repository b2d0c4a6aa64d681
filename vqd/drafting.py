"""How jobs are read and planned here, as the settings say: for the daemon and for `vqd check`."""

from vqd.domain.catalogue import KnownClasses
from vqd.service.drafts import Drafting
from vqd.settings.model import Settings
from vqd.spool.layout import Spool


def drafting_by(settings: Settings, spool: Spool, known: KnownClasses) -> Drafting:
    """Give what reads jobs by these settings, for servers of which `known` tells."""
    return Drafting(
        spool,
        workflows=settings.workflows,
        input_roots=settings.input_roots,
        path_map=settings.path_map,
        defaults=settings.default_points,
        windows=settings.windows,
        targets=settings.notify,
        notify_default=settings.default_notify,
        known=known,
    )


class Draftings:
    """Gives the daemon what reads jobs by some settings: the same as long as these are the same."""

    def __init__(self, spool: Spool, known: KnownClasses) -> None:
        self._spool = spool
        self._known = known
        self._last: tuple[Settings, Drafting] | None = None

    def __call__(self, settings: Settings) -> Drafting:
        """Give what reads jobs by these."""
        if self._last is None or self._last[0] is not settings:
            self._last = settings, drafting_by(settings, self._spool, self._known)
        return self._last[1]

"""Reading jobs on the command line as the daemon does."""

from collections.abc import Iterator
from contextlib import contextmanager

from vqd.domain.catalogue import KnownClasses
from vqd.drafting import drafting_by
from vqd.service.drafts import Drafting
from vqd.service.preview import Previews, open_previews
from vqd.settings.model import Settings
from vqd.spool.layout import Spool


@contextmanager
def opened(settings: Settings) -> Iterator[Previews]:
    """Give the way to read jobs as the daemon does."""
    capabilities = {server.name: server.capability for server in settings.servers}

    def drafting(known: KnownClasses) -> Drafting:
        return drafting_by(settings, Spool(settings.spool), known)

    with open_previews(
        settings.queue_place,
        drafting,
        capabilities=capabilities,
        quote_over=settings.quote_over.bounds,
    ) as previews:
        yield previews

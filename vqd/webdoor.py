"""The web door, where the settings want one: built of what the daemon's other doors use.

What it needs is imported only then: without it the daemon stays as small as it is.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vqd import __version__
from vqd.documents.credentials import without_credentials
from vqd.domain.errors import VqdError
from vqd.domain.figures import Figures
from vqd.domain.live import Live
from vqd.media.thumbnails import Thumbnails
from vqd.service.back import bring_back
from vqd.service.changes import Changes
from vqd.service.control import Control
from vqd.service.drafts import Drafting
from vqd.service.edits import Edits
from vqd.service.farm import FarmViews
from vqd.service.files import JobFiles
from vqd.service.pages import Pages
from vqd.service.preview import Previews
from vqd.service.reports import Reports
from vqd.service.submit import Submission
from vqd.service.switch import Switch
from vqd.service.thumbnails import JobThumbnails
from vqd.service.uploads import Uploads
from vqd.service.views import Views
from vqd.service.workflows import Workflows
from vqd.settings.model import Settings
from vqd.spool.asking import Asker, Askers
from vqd.spool.layout import Spool
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.web.server import WebServer

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
_SHARE_THREADS = 8
"""So many requests wait for the share at once."""


def web_door(
    settings: Settings,
    spool: Spool,
    store: Store,
    drafting: Drafting,
    submission: Submission,
    live: Live,
    figures: Figures,
    kept: Thumbnails,
    *,
    on_change: Callable[[], None],
    on_end: Callable[[], None],
) -> "WebServer | None":
    """Give the server of the API and the page, which listens already; None where none is set.

    Raises:
        VqdError: `web_missing`, the extra is not installed; or as `vqd.web.door.web_door`.
    """
    keys = settings.web
    if keys is None:
        return None
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        said = f"The settings name `web`, and {', '.join(missing)} is not installed."
        raise VqdError("web_missing", said, "Install the extra: pip install 'vqd[web]'.")

    from vqd.web import door
    from vqd.web.services import Services

    asker = Asker()
    views, workflows = Views(store), Workflows(settings.workflows, store)
    files = JobFiles(spool, views, settings.input_roots)
    capabilities = {server.name: server.capability for server in settings.servers}
    previews = Previews(drafting, store, capabilities, settings.quote_over.bounds)
    services = Services(
        views=views,
        pages=Pages(store),
        changes=Changes(store),
        workflows=workflows,
        farm=FarmViews(store, workflows),
        uploads=Uploads(spool, submission, previews, settings.look_at_disks, asker),
        control=Control(store, on_change=on_change),
        switch=Switch(spool, asker, on_change=on_change),
        edits=Edits(spool, previews),
        bring_back=partial(bring_back, spool),
        of_share=Askers(_SHARE_THREADS).asked,
        files=files,
        thumbnails=JobThumbnails(store, views, files, kept),
        reports=Reports(spool, settings.state_dir / "thumbnails", settings.input_roots),
        live=live,
        figures=figures,
        version=__version__,
        server_urls={server.name: without_credentials(server.url) for server in settings.servers},
        settings=settings.shown,
    )
    return door.web_door(
        services,
        host=keys.host,
        port=keys.port,
        token_file=keys.token_file,
        allowed_hosts=keys.allowed_hosts,
        upload_limit=keys.upload_limit,
        on_end=on_end,
    )

"""The web door, where the settings want one: built of what the daemon's other doors use.

What it needs is imported only then: without it the daemon stays as small as it is.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from socket import socket
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
from vqd.settings import standing
from vqd.settings.changes import Step, changed, nothing
from vqd.settings.listening import WebKeys
from vqd.settings.model import Settings
from vqd.spool.asking import Asker, Askers
from vqd.spool.layout import Spool
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.web.door import App
    from vqd.web.server import WebServer
    from vqd.web.services import Services

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
_SHARE_THREADS = 8
"""So many requests wait for the share at once."""


class WebDoor:
    """Serves the API and the page where the settings want that; by others it serves them anew.

    `drafting` gives what reads jobs by some settings; `on_end` is called where it ends without
    being asked to.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        store: Store,
        drafting: Callable[[Settings], Drafting],
        submission: Submission,
        live: Live,
        figures: Figures,
        kept: Thumbnails,
        *,
        on_change: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        """Listen, where that is wanted; it serves once it is started.

        Raises:
            VqdError: `web_missing`, the extra is not installed; `port_taken`, `not_listening`,
                `token_unreadable`, `token_unfit`, `no_credentials`.
        """
        self._spool = spool
        self._store = store
        self._drafting = drafting
        self._submission = submission
        self._live = live
        self._figures = figures
        self._kept = kept
        self._on_change = on_change
        self._on_end = on_end
        self._token = _token(settings.web)
        self._server = self._opened(settings, self._token)

    @property
    def url(self) -> str | None:
        """Give where it is."""
        return self._server.url if self._server else None

    def start(self) -> None:
        """Begin to serve."""
        if self._server is not None:
            self._server.start()

    def stop(self) -> None:
        """End it: what is being answered has a second."""
        if self._server is not None:
            self._server.stop()

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step to other settings. Everything that is being answered or sent is cut off
        only where the token or the address is another.

        Raises:
            VqdError: as when it was opened.
        """
        keys, token, server = new.web, _token(new.web), self._server
        is_there = server is not None and _address(old.web) == _address(keys)
        if server is not None and keys is not None and is_there and token == self._token:
            has_news = bool(changed(old, new))
            return partial(server.turn_to, self._app(new, keys, token)) if has_news else nothing
        listener = server.listen_again() if server is not None and is_there else None
        opened = self._opened(new, token, listener)

        def step() -> None:
            self._token, self._server = token, opened
            self.start()
            if server is not None:
                server.stop()

        return step

    def _opened(
        self, settings: Settings, token: str | None, listener: socket | None = None
    ) -> "WebServer | None":
        keys = settings.web
        if keys is None:
            return None
        _require_extra()
        from vqd.web.server import WebServer, listening

        app = self._app(settings, keys, token)
        return WebServer(app, listener or listening(keys.host, keys.port), on_end=self._on_end)

    def _app(self, settings: Settings, keys: WebKeys, token: str | None) -> "App":
        from vqd.web.door import web_app

        return web_app(
            self._services(settings),
            host=keys.host,
            token=token,
            names=keys.allowed_hosts,
            upload_limit=keys.upload_limit,
        )

    def _services(self, settings: Settings) -> "Services":
        from vqd.web.services import Services

        spool, store, on_change = self._spool, self._store, self._on_change
        asker = Asker()
        views, workflows = Views(store), Workflows(settings.workflows, store)
        files = JobFiles(spool, views, settings.input_roots)
        capabilities = {server.name: server.capability for server in settings.servers}
        bounds = settings.quote_over.bounds
        previews = Previews(self._drafting(settings), store, capabilities, bounds)
        urls = {server.name: without_credentials(server.url) for server in settings.servers}
        return Services(
            views=views,
            pages=Pages(store),
            changes=Changes(store),
            workflows=workflows,
            farm=FarmViews(store, workflows),
            uploads=Uploads(spool, self._submission, previews, settings.look_at_disks, asker),
            control=Control(store, on_change=on_change),
            switch=Switch(spool, asker, on_change=on_change),
            edits=Edits(spool, previews),
            bring_back=partial(bring_back, spool),
            of_share=Askers(_SHARE_THREADS).asked,
            files=files,
            thumbnails=JobThumbnails(store, views, files, self._kept),
            reports=Reports(self._spool, settings.state_dir / "thumbnails", settings.input_roots),
            live=self._live,
            figures=self._figures,
            version=__version__,
            server_urls=urls,
            settings=settings.shown,
            settings_said=partial(standing.told, settings.state_dir),
        )


def _require_extra() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        said = f"The settings name `web`, and {', '.join(missing)} is not installed."
        raise VqdError("web_missing", said, "Install the extra: pip install 'vqd[web]'.")


def _address(keys: WebKeys | None) -> tuple[str, int] | None:
    return None if keys is None else (keys.host, keys.port)


def _token(keys: WebKeys | None) -> str | None:
    if keys is None or keys.token_file is None:
        return None
    _require_extra()
    from vqd.web.sessions import token_in

    return token_in(keys.token_file)

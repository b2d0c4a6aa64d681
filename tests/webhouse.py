"""The API on a queue that nothing runs, as a browser or a program reaches it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from tests.waiting import wait_for
from vqd.documents.reader import parse
from vqd.domain.figures import Figures
from vqd.domain.live import Live
from vqd.media.thumbnails import Thumbnails
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.known import StoredClasses
from vqd.service.submit import Submission
from vqd.settings.load import made_of
from vqd.spool.layout import Spool
from vqd.store.store import Store
from vqd.webdoor import WebDoor

POOLED = "AnyIO worker thread"
TOKEN = "a-token-of-32-letters-and-digits"


class WebHouse:
    """A spool, a queue and the API of both, which `get` and `post` ask, with the token if it has
    one."""

    def __init__(self, store: Store, spool: Spool, url: str, token: str | None) -> None:
        self.store = store
        self.spool = spool
        self.url = url
        self.session = requests.Session()
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **given: Any) -> requests.Response:
        """Ask for something; `given` are its query and headers."""
        return self._ask("GET", path, **given)

    def post(self, path: str, **given: Any) -> requests.Response:
        """Send something."""
        return self._ask("POST", path, **given)

    def told(self, path: str, **query: Any) -> Any:
        """Give what is answered, which must be well."""
        answer = self.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _ask(self, method: str, path: str, **given: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=30, **given)


@contextmanager
def web_house(
    folder: Path,
    *,
    token: str | None = None,
    live: Live | None = None,
    figures: Figures | None = None,
    **settings: Any,
) -> Iterator[WebHouse]:
    """Open the API on a free port; `settings` are those of vqd, `web` too."""
    before = _pooled()
    web = {"listen": "127.0.0.1:0", **settings.pop("web", {})}
    folder.mkdir(parents=True, exist_ok=True)
    if token is not None:
        (folder / "token").write_text(token + "\n")
        web["token_file"] = folder / "token"
    spool = Spool.create(folder / "spool")
    values = {"spool": spool.root, "state_dir": folder / "state", "web": web, **settings}
    given = made_of(values, parse("{}", "the test"))
    (folder / "state").mkdir(exist_ok=True)
    store = Store(spool.at_home(given.queue_place))
    drafting = Drafting(
        spool,
        workflows=given.workflows,
        input_roots=given.input_roots,
        known=StoredClasses(store),
    )
    aside = Aside("returns")
    submission = Submission(spool, store, drafting, aside, on_change=lambda: None)
    ended = threading.Event()
    server = WebDoor(
        given,
        spool,
        store,
        lambda _: drafting,
        submission,
        live or Live(),
        figures or Figures(),
        Thumbnails(given.state_dir / "thumbnails"),
        on_change=lambda: None,
        on_end=ended.set,
    )
    aside.start()
    server.start()
    assert server.url is not None
    house = WebHouse(store, spool, server.url, token)
    try:
        yield house
        assert not ended.is_set()
    finally:
        house.session.close()
        server.stop()
        aside.stop()
        store.close()
    wait_for(
        lambda: not [one for one in _pooled() if one not in before],
        within_s=30,
        what="the end of the server's threads",
    )


def _pooled() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == POOLED]


def at(job: str) -> str:
    """Give the path of a job."""
    return f"/api/jobs/{quote(job, safe='')}"

"""What the routes may ask: made by the daemon, the same that its other doors use."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import field
from pathlib import Path
from typing import Any

from vqd.domain.figures import Figures
from vqd.domain.frozen import frozen
from vqd.domain.live import Live
from vqd.service.changes import Changes
from vqd.service.control import Control
from vqd.service.edits import Edits
from vqd.service.farm import FarmViews
from vqd.service.files import JobFiles
from vqd.service.pages import Pages
from vqd.service.reports import Reports
from vqd.service.switch import Switch
from vqd.service.thumbnails import JobThumbnails
from vqd.service.uploads import Uploads
from vqd.service.views import Views
from vqd.service.workflows import Workflows

Asked = Callable[[Callable[[], Any]], "Future[Any]"]
"""Has something carried out, once a thread has a turn for it."""


@frozen
class Services:
    """Each answers for one thing. `bring_back` lets a closed job run again; `of_share` carries out
    what waits for the share, in threads of its own.

    `settings` are those that may be shown, `settings_said` why what is written does not count,
    `server_urls` the servers of these by name.
    """

    views: Views
    pages: Pages
    changes: Changes
    workflows: Workflows
    farm: FarmViews
    uploads: Uploads
    control: Control
    switch: Switch
    edits: Edits
    bring_back: Callable[[str], Path]
    of_share: Asked
    files: JobFiles
    thumbnails: JobThumbnails
    reports: Reports
    live: Live
    figures: Figures
    version: str
    server_urls: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    settings_said: Callable[[], str | None] = lambda: None
    clock: Callable[[], float] = time.time

"""Jobs that are not in the queue yet: checked with the daemon's own service, and dropped."""

import time
from pathlib import Path

from vqd.cli.drafting import opened
from vqd.cli.dropping import drop, require_apart, require_room
from vqd.cli.jobpath import job_file_at
from vqd.cli.way import Sent
from vqd.domain.errors import Faults
from vqd.service.shapes.answers import SentShape
from vqd.service.shapes.check import CheckShape, HotFolderShape, check_shape, hot_folder_shape
from vqd.settings.model import Settings
from vqd.spool.layout import Spool


def check(settings: Settings, path: Path, *, points: int) -> CheckShape:
    """Give what a job would be, with so many of its prompts."""
    with opened(settings) as previews:
        preview = previews.preview(job_file_at(path), now=time.time())
        return check_shape(preview, points=points, disks=settings.look_at_disks())


def graph(settings: Settings, path: Path, number: int) -> str:
    """Give the graph of a prompt of a job, as JSON.

    Raises:
        Faults: what is wrong with the job. VqdError: `unknown_prompt`.
    """
    with opened(settings) as previews:
        return previews.preview(job_file_at(path), now=time.time()).graph_text(number)


def hot_folder(settings: Settings, defaults: Path) -> HotFolderShape:
    """Give what drops in the hot folder of a `_defaults.yaml` become."""
    with opened(settings) as previews:
        return hot_folder_shape(previews.hot_job(defaults))


def submit(settings: Settings, spool: Spool, path: Path) -> Sent:
    """Drop a copy of a job.

    Raises:
        Faults: what is wrong with it. VqdError: `no_space`, `spool_away`, `spool_inside` …;
            nothing was dropped.
    """
    require_apart(spool, path)
    with opened(settings) as previews:
        draft = previews.draft(job_file_at(path), now=time.time())
    if draft.problems:
        raise Faults(draft.problems)
    spool.check()
    require_room(settings.look_at_disks(), path, draft)
    dropped = drop(spool, path, draft)
    told = SentShape(None, str(dropped.path), draft.total)
    return Sent(told, lambda: dropped.taken_as(spool))

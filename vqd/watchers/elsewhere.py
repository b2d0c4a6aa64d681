"""A hot folder outside the inbox: there, or away."""

import os
from pathlib import Path

import structlog

from vqd.domain.frozen import frozen
from vqd.spool.jobfiles import defaults_in
from vqd.spool.mounts import mount_point
from vqd.watchers.candidate import HotCandidate, NotTaken
from vqd.watchers.hotfolder import HotFolder
from vqd.watchers.settle import Waiting

_log = structlog.get_logger(__name__)


@frozen
class HotPlace:
    """A hot folder as the settings name it; `workflow` is None where its `_defaults.yaml` says."""

    name: str
    path: Path
    workflow: str | None = None


class Elsewhere:
    """Looks into one while it is there."""

    def __init__(self, place: HotPlace, folder: HotFolder) -> None:
        self._place = place
        self._folder = folder
        self._mounted = Path("/")
        self._is_away = False

    def look(self, now: float) -> Waiting | NotTaken:
        """Take what is complete there, and say what it waits for. `now` is monotonic seconds.

        Raises:
            OSError, VqdError: it cannot be looked into, or what lies in it not be taken.
        """
        why = self._why_away()
        if why is None:
            self._tell(away=None)
            return self._look(now)
        self._tell(away=why)
        self._folder.forget()
        return NotTaken(f"hot folder, away: {why}; what lies there waits", may_change=True)

    def _look(self, now: float) -> Waiting | NotTaken:
        path, workflow = self._place.path, self._place.workflow
        defaults = defaults_in(path.resolve())
        if defaults is None and workflow is None:
            return NotTaken("hot folder, but no _defaults.yaml lies in it", may_change=True)
        return self._folder.look(HotCandidate(path, defaults), workflow or "", now)

    def _why_away(self) -> str | None:
        """Say why it is away; None if it is there.

        A folder that once lay on a mount is away when that is gone, and an empty folder below it
        has come to light.
        """
        if not os.path.isdir(self._place.path):  # noqa: PTH112 - pathlib raises on a dead mount
            return "there is no such folder"
        mounted = mount_point(self._place.path)
        if mounted != self._mounted and self._mounted.is_relative_to(mounted):
            return "what was mounted there is not any more"
        self._mounted = mounted
        return None

    def _tell(self, *, away: str | None) -> None:
        if away is not None and not self._is_away:
            _log.warning("hot.away", folder=str(self._place.path), said=away)
        elif away is None and self._is_away:
            _log.info("hot.back", folder=str(self._place.path))
        self._is_away = away is not None

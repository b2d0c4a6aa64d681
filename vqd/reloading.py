"""The settings read again while the daemon runs: they count as a whole, or not at all.

1. They are read and judged, as at a start.
2. Each part is asked for the step that makes it go by them; none is taken as long as one may fail.
3. The steps are taken.
"""

from collections.abc import Callable, Sequence

import structlog

from vqd import logs
from vqd.domain.errors import Faults, VqdError
from vqd.settings import standing
from vqd.settings.changes import Part, changed, split
from vqd.settings.model import Settings

_log = structlog.get_logger(__name__)


class Reloading:
    """Knows the settings that count. `read` gives those that are written down now.

    `on_failure` is called where a step failed all the same: nobody knows by what the parts go then.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        parts: Sequence[Part],
        *,
        on_failure: Callable[[], None],
    ) -> None:
        self._read = read
        self._parts = parts
        self._on_failure = on_failure
        self.settings = settings

    def start(self) -> None:
        """Note that those count with which the daemon began."""
        standing.tell(self.settings.state_dir, None)

    def reload(self) -> None:
        """Go by the settings that are written down now, or say why not."""
        try:
            settings, waiting = split(self.settings, self._read())
            steps = [part.prepare(self.settings, settings) for part in self._parts]
        except VqdError as error:
            self._refuse(error)
            return
        names = changed(self.settings, settings)
        try:
            for step in steps:
                step()
        except BaseException:
            self._on_failure()
            raise
        self.settings = settings
        said = f"{', '.join(waiting)}: as before until the daemon is restarted" if waiting else None
        standing.tell(settings.state_dir, said)
        _log.info("settings.reloaded", changed=names, waiting=waiting)
        logs.set_level(settings.log_level)

    def _refuse(self, error: VqdError) -> None:
        problems = error.problems if isinstance(error, Faults) else ()
        said = [f"{one} [{one.code}]" for one in problems] or [f"{error} [{error.code}]"]
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        standing.tell(self.settings.state_dir, f"refused, and as before: {said[0]}{more}")
        _log.error("settings.refused", problems=said)

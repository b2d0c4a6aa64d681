"""What goes on by itself and hangs on the settings: old records are trimmed, hosts that are long
gone are forgotten, inbox/_vqd/ is kept."""

from vqd.runner.forgetting import Forgetting
from vqd.runner.keeping import Keeping
from vqd.service.welcome import Welcome
from vqd.settings.changes import Step, changed
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.store import Store
from vqd.watchers.welcoming import Welcoming

_KEEPING = frozenset({"keep"})
_WELCOMING = frozenset({"workflows", "defaults", "rescan_s"})


class Chores:
    """Does them; by other settings what hangs on those begins anew."""

    def __init__(self, settings: Settings, spool: Spool, store: Store) -> None:
        self._spool = spool
        self._store = store
        self._keeping = self._keeping_by(settings)
        self._is_shared = settings.database is not None
        self._forgetting = Forgetting(store, settings.keep_hosts_s)
        self._welcoming = self._welcoming_by(settings)

    def start(self) -> None:
        """Begin."""
        self._keeping.start()
        if self._is_shared:
            self._forgetting.start()

    def wake(self) -> None:
        """Let it look for records that are due. The first time, when the loop has given out what
        waits, it begins to keep inbox/_vqd/, which takes the time of many prompts."""
        self._keeping.wake()
        self._welcoming.start()

    def stop(self) -> None:
        """End it after what it is at."""
        self._welcoming.stop()
        self._forgetting.stop()
        self._keeping.stop()

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step to other settings."""
        names = changed(old, new)

        def step() -> None:
            if not _KEEPING.isdisjoint(names):
                self._keeping.stop()
                self._keeping = self._keeping_by(new)
                self._keeping.start()
            self._forgetting.keep_s = new.keep_hosts_s
            if not _WELCOMING.isdisjoint(names):
                self._welcoming.stop()
                self._welcoming = self._welcoming_by(new)
                self._welcoming.start()

        return step

    def _keeping_by(self, settings: Settings) -> Keeping:
        return Keeping(self._store, self._spool, settings.keep)

    def _welcoming_by(self, settings: Settings) -> Welcoming:
        welcome = Welcome(self._store, settings.workflows, settings.default_points)
        return Welcoming(self._spool, welcome, every_s=settings.rescan_s)

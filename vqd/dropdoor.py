"""The drop door: what watches the folders, built of what the daemon's other doors use."""

from collections.abc import Callable

from vqd.domain.figures import Intake
from vqd.service.control import Control
from vqd.service.drafts import Drafting
from vqd.service.hot import HotFolders
from vqd.service.submit import Submission
from vqd.settings.changes import Step, changed, nothing
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.store import Store
from vqd.watchers.elsewhere import HotPlace
from vqd.watchers.hotfolder import Pace
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing
from vqd.watchers.steering import Steering
from vqd.watchers.watch import Watch

_HANGS_ON = frozenset(
    {
        *("workflows", "input_roots", "path_map", "defaults", "windows", "notify"),
        *("notify_default", "quote_over", "hot_folders", "reserve", "watch", "settle_s"),
        *("gather_s", "settle_poll_s", "rescan_s"),
    }
)


class DropDoor:
    """Takes drops and steering files; by other settings it looks at everything anew.

    `drafting` gives what reads jobs by some settings.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        store: Store,
        drafting: Callable[[Settings], Drafting],
        submission: Submission,
        *,
        on_change: Callable[[], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._store = store
        self._drafting = drafting
        self._submission = submission
        self._on_change = on_change
        self._on_failure = on_failure
        self._watch = self._watch_by(settings)

    def start(self) -> None:
        """Begin to watch."""
        self._watch.start()

    def stop(self) -> None:
        """End it; a drop that is being taken is taken to its end."""
        self._watch.stop()

    def intake(self) -> Intake:
        """Tell how drops are seen and taken. Any thread may ask."""
        return self._watch.intake()

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step to other settings."""

        def step() -> None:
            self._watch.stop()
            self._submission.change(self._drafting(new), new.quote_over.bounds)
            self._watch = self._watch_by(new)
            self._watch.start()

        return nothing if _HANGS_ON.isdisjoint(changed(old, new)) else step

    def _watch_by(self, settings: Settings) -> Watch:
        seeing = Seeing(settings.watch, settle_poll_s=settings.settle_poll_s)
        inbox = Inbox(
            self._spool,
            self._submission,
            HotFolders(self._spool.active, self._drafting(settings), self._submission),
            seeing,
            pace=Pace(settings.settle_s, settings.gather_s),
            shortage=lambda: settings.look_at_disks().shortage(),
            elsewhere=[
                HotPlace(name, keys.path, keys.workflow)
                for name, keys in settings.hot_folders.items()
            ],
        )
        return Watch(
            self._spool,
            seeing,
            inbox,
            Steering(self._spool, Control(self._store, on_change=self._on_change), seeing),
            self._submission,
            rescan_s=settings.rescan_s,
            on_change=self._on_change,
            on_failure=self._on_failure,
        )

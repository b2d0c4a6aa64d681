"""The drop door: what watches the folders, built of what the daemon's other doors use."""

from collections.abc import Callable

from vqd.service.control import Control
from vqd.service.drafts import Drafting
from vqd.service.hot import HotFolders
from vqd.service.submit import Submission
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.store import Store
from vqd.watchers.elsewhere import HotPlace
from vqd.watchers.hotfolder import Pace
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing
from vqd.watchers.steering import Steering
from vqd.watchers.watch import Watch


def drop_door(
    settings: Settings,
    spool: Spool,
    store: Store,
    drafting: Drafting,
    submission: Submission,
    *,
    on_change: Callable[[], None],
    on_failure: Callable[[], None],
) -> Watch:
    """Give what takes drops and steering files, once it is started."""
    seeing = Seeing(settings.watch, settle_poll_s=settings.settle_poll_s)
    inbox = Inbox(
        spool,
        submission,
        HotFolders(spool.active, drafting, submission),
        seeing,
        pace=Pace(settings.settle_s, settings.gather_s),
        shortage=lambda: settings.look_at_disks().shortage(),
        elsewhere=[
            HotPlace(name, keys.path, keys.workflow) for name, keys in settings.hot_folders.items()
        ],
    )
    return Watch(
        spool,
        seeing,
        inbox,
        Steering(spool, Control(store, on_change=on_change)),
        submission,
        rescan_s=settings.rescan_s,
        on_change=on_change,
        on_failure=on_failure,
    )

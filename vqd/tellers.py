"""What tells people elsewhere, as the settings say: a courier for each target, and the house."""

import time
from collections.abc import Callable, Mapping

from vqd.media.thumbnails import Thumbnails
from vqd.notify.target import Target
from vqd.runner.courier import Courier
from vqd.runner.house import House
from vqd.runner.notifying import Notifying
from vqd.settings.changes import Step
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.spool.space import Shortage
from vqd.store.store import Store

_Line = tuple[Target, str | None]
"""A target, and the link to a job's folder that it is told."""


class Tellers:
    """Starts, wakes and ends them. A courier whose target stays as it is goes on.

    `shortage` and `why_away` are what the house asks of disks and share.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        store: Store,
        kept: Thumbnails,
        *,
        shortage: Callable[[], Shortage | None],
        why_away: Callable[[], str | None],
        on_news: Callable[[], None],
    ) -> None:
        """Make them.

        Raises:
            VqdError: as `Target.check`.
        """
        self._spool = spool
        self._store = store
        self._kept = kept
        self._shortage = shortage
        self._why_away = why_away
        self._on_news = on_news
        self._lines = _lines(settings)
        self._couriers = {name: self._courier(*line) for name, line in self._lines.items()}
        self._house = self._house_by(settings)
        self._notifying = Notifying(self._couriers.values(), self._house)

    def start(self) -> None:
        """Begin to deliver, with what earlier days left."""
        self._give_up_others()
        self._notifying.start()

    def wake(self) -> None:
        """Let every courier look for notices that are due."""
        self._notifying.wake()

    def stop(self) -> None:
        """End them, and wait for no target that does not answer."""
        self._notifying.stop()

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step to other targets, and to other news of the house.

        Raises:
            VqdError: as `Target.check`.
        """
        lines = _lines(new)

        def step() -> None:
            self._couriers = {
                name: self._couriers[name]
                if line == self._lines.get(name)
                else self._courier(*line)
                for name, line in lines.items()
            }
            self._lines = lines
            if new.notify_house != old.notify_house:
                self._house = self._house_by(new)
            self._notifying.change(self._couriers.values(), self._house)
            self._give_up_others()

        return step

    def _give_up_others(self) -> None:
        names = self._lines.keys()
        self._store.write(lambda session: session.notices.keep_only(names, now=time.time()))

    def _courier(self, target: Target, link: str | None) -> Courier:
        return Courier(self._store, self._spool, target, link, kept=self._kept)

    def _house_by(self, settings: Settings) -> House | None:
        wishes = settings.notify_house
        if wishes is None:
            return None
        return House(
            self._store,
            wishes.wishes,
            shortage=self._shortage,
            why_away=self._why_away,
            on_news=self._on_news,
        )


def _lines(settings: Settings) -> Mapping[str, _Line]:
    lines = {name: (keys.target(name), keys.link) for name, keys in settings.notify.items()}
    for target, _ in lines.values():
        target.check()
    return lines

"""What of the settings is other than before, what of that needs a restart, and what goes by it."""

from collections.abc import Callable
from typing import Protocol

from vqd.settings.model import Settings

AT_RESTART = (
    "spool",
    "state_dir",
    "database",
    "database_secret_file",
    "spools",
    "depot",
    "depot_options",
    "lease_s",
)
"""What a running daemon cannot exchange."""
_WITH_THEM = "hot_folders"
"""What is checked to lie apart from those, and so waits with them."""

Step = Callable[[], None]
"""Makes a part go by other settings; it does not fail."""


class Part(Protocol):
    """What goes by the settings while the daemon runs."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step from one to other settings, and take none.

        Raises:
            VqdError: it could not be taken.
        """


def changed(old: Settings, new: Settings) -> list[str]:
    """Name the first keys whose values differ."""
    return [name for name in Settings.model_fields if getattr(old, name) != getattr(new, name)]


def split(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """Give the settings that can count at once, and name the keys that wait for a restart."""
    names = changed(old, new)
    waiting = [name for name in AT_RESTART if name in names]
    if waiting and _WITH_THEM in names:
        waiting.append(_WITH_THEM)
    kept = {name: getattr(old, name) for name in waiting}
    return new.model_copy(update=kept), waiting


def nothing() -> None:
    """Do nothing: the step of what stays as it is."""

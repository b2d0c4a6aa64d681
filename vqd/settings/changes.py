"""What of the settings is other than before, and what of that needs a restart."""

from vqd.settings.model import Settings

AT_RESTART = ("spool", "state_dir")
"""What a running daemon cannot exchange."""
_WITH_THEM = "hot_folders"
"""What is checked to lie apart from those, and so waits with them."""


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

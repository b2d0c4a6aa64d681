"""The settings as verbs read them: a share that they name is not waited for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqd.cli.knocking import ANSWERS_WITHIN_S, Door
from vqd.domain.errors import VqdError
from vqd.settings.site import load_site

if TYPE_CHECKING:
    from pathlib import Path

    from vqd.settings.model import Settings


def settings_of(named: Path | None) -> Settings:
    """Read the settings, which looks where their folders lie.

    Raises:
        VqdError: `settings_missing`, `share_silent`; Faults: everything wrong with them.
    """
    from vqd.settings.load import load_settings

    require_answering(named)
    return load_settings(named)


def require_answering(named: Path | None) -> None:
    """Do nothing if the folders answer that lie where the settings say, or are not there.

    Raises:
        VqdError: as `settings_of`.
    """
    site = load_site(named)
    if not Door([site.spool, *site.hot_folders]).answers():
        said = f"A folder that the settings name does not answer within {ANSWERS_WITHIN_S:g} s."
        hint = "See whether the server of each share is up: of spool and of hot_folders."
        raise VqdError("share_silent", said, hint)

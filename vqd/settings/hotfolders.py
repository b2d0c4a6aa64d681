"""Hot folders outside the inbox, as the settings name them."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator

from vqd.documents.schema import Keys, fault
from vqd.settings.values import resolved


class HotFolderKeys(Keys):
    """A hot folder outside the inbox."""

    path: Path = Field(description="The folder; the daemon's user must be able to write there.")
    workflow: str | None = Field(
        default=None, description="The workflow, where no `_defaults.yaml` lies in it."
    )

    @field_validator("path")
    @classmethod
    def _is_plain(cls, path: Path) -> Path:
        return Path(os.path.normpath(path))


def check_apart(folders: Mapping[str, HotFolderKeys], places: Mapping[str, Path]) -> None:
    """Do nothing if no hot folder lies in one of these places or in another, nor these in one.

    Raises:
        PydanticCustomError: `not_apart`; as `resolved`.
    """
    taken = dict(places)
    for name, keys in folders.items():
        folder = resolved(keys.path)
        for what, place in taken.items():
            if folder.is_relative_to(place) or place.is_relative_to(folder):
                said = f"hot_folders.{name} {folder} and {what} {place} lie in one another."
                raise fault("not_apart", said, hint="Name a folder outside.")
        taken[f"hot_folders.{name}"] = folder

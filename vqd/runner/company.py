"""The other daemons on the queue, as far as the runner has to do with them."""

from collections.abc import Collection
from typing import Protocol

from vqd.spool.layout import Spool


class Company(Protocol):
    """Those who share the queue with this daemon."""

    @property
    def is_shared(self) -> bool:
        """Whether others may use the queue."""

    @property
    def home(self) -> str:
        """The mark of this daemon's spool, by which others know it; '' where there are none."""

    @property
    def spools(self) -> Collection[Spool]:
        """The spools of others, as the settings name them; they need not be there."""

    def finds_silent(self) -> bool:
        """Tell whether another is gone, and its prompts are to be let go of."""

    def stand(self) -> None:
        """Wait until this daemon is known not to have been taken for gone."""


class Alone:
    """Nobody else."""

    is_shared = False
    home = ""
    spools: Collection[Spool] = ()

    def finds_silent(self) -> bool:
        """Tell that nobody is gone."""
        return False

    def stand(self) -> None:
        """Wait for nothing."""

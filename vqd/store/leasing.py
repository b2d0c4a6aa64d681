"""Whose a running prompt is, where several daemons share a queue."""

from collections.abc import Collection, Iterable
from typing import Protocol

from vqd.domain.host import Swept
from vqd.domain.queue import PromptKey


class Leasing(Protocol):
    """The right to run prompts, kept in the transaction that moves them: a prompt that runs is
    leased by one daemon."""

    def take(self, key: PromptKey) -> None:
        """Lease a prompt, which begins to run."""

    def end(self, key: PromptKey) -> None:
        """End the lease of a prompt, which runs no more.

        Raises:
            VqdError: `lease_lost`, it is not this daemon's.
        """

    def mine(self, keys: Iterable[PromptKey]) -> Collection[PromptKey]:
        """Give those of some running prompts that are this daemon's to speak for."""

    def reach(self, homes: Collection[str], *, by_depot: bool) -> None:
        """Let jobs of these homes be claimed in this transaction, besides those of one's own;
        `by_depot`, also those of any home whose inputs lie in the depot."""

    def sweep(self) -> Swept:
        """Find daemons that are gone, and take their prompts, to let them wait again."""

    def forget(self, home: str) -> bool:
        """Have nobody know the daemon of a home any more; False if it is not gone."""

    def tell_of_reach(self, homes: Collection[str]) -> None:
        """Have others know which homes' spools this daemon reaches."""

    def tell_of_depot(self, why_away: str | None) -> None:
        """Have others know why the depot is away for this daemon, None if it is there."""


class Unshared:
    """For a queue that one daemon has to itself: whatever runs is its own."""

    def take(self, key: PromptKey) -> None:
        """Do nothing: no other daemon could run it."""

    def end(self, key: PromptKey) -> None:
        """Do nothing about it."""

    def mine(self, keys: Iterable[PromptKey]) -> Collection[PromptKey]:
        """Give them all."""
        return {*keys}

    def reach(self, homes: Collection[str], *, by_depot: bool) -> None:
        """Do nothing: there is one home."""

    def sweep(self) -> Swept:
        """Find nobody."""
        return Swept()

    def forget(self, home: str) -> bool:  # noqa: ARG002
        """Know nobody."""
        return False

    def tell_of_reach(self, homes: Collection[str]) -> None:
        """Tell nobody."""

    def tell_of_depot(self, why_away: str | None) -> None:
        """Tell nobody of that either."""

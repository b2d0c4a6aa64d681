"""How the files of a prompt travel: its inputs here, and what it makes to the folder of its job."""

from typing import Protocol

from vqd.domain.outcome import Succeeded
from vqd.runner.assignment import Assignment


class Carriage(Protocol):
    """Brings the files of one job's prompts here and back. Any thread may use it."""

    def bring(self, assignment: Assignment) -> Assignment:
        """Give an assignment whose inputs are in reach; again costs nothing.

        Raises:
            VqdError: `depot_away`, `depot_lacks`. OSError: there is no room for them.
        """

    def send(self, assignment: Assignment, outcome: Succeeded) -> Succeeded:
        """Give an outcome whose outputs will be in the job's folder once it is recorded.

        Raises:
            VqdError: `depot_away`. OSError: they cannot be read or written here.
        """

    def end(self, assignment: Assignment) -> None:
        """Take away what an attempt left here, which is over."""


class InReach:
    """For a job whose folder is in reach: inputs lie there, and outputs were written there."""

    def bring(self, assignment: Assignment) -> Assignment:
        """Give the assignment as it is."""
        return assignment

    def send(self, assignment: Assignment, outcome: Succeeded) -> Succeeded:  # noqa: ARG002
        """Give the outcome as it is."""
        return outcome

    def end(self, assignment: Assignment) -> None:
        """Leave everything where it is."""


IN_REACH = InReach()

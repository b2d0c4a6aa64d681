"""What cannot be converted, noted until everything has been read."""

from dataclasses import dataclass, field

from vqd.definitions.ui.page import Node
from vqd.domain.errors import Faults, Problem

EXPORT = (
    "In ComfyUI open it and choose Workflow > Export (API), then put that file here "
    "(older versions: switch on the dev mode options, then Save (API Format))."
)
_MOST_PROBLEMS = 50


@dataclass(slots=True)
class Notes:
    """The faults of one graph, which lies at `where`."""

    where: str
    problems: list[Problem] = field(default_factory=list)

    def note(self, code: str, said: str, hint: str = EXPORT, *, key: str | None = None) -> None:
        """Note a fault.

        Raises:
            Faults: so many are noted that more would help nobody.
        """
        self.take(Problem(code, said, self.where, key=key, hint=hint))

    def take(self, problem: Problem) -> None:
        """Take in a fault; all else as `note`."""
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) >= _MOST_PROBLEMS:
            self.end()

    def of_node(self, code: str, key: str, node: Node, said: str, hint: str = EXPORT) -> None:
        """Note a fault of a node, told with its id, title and class."""
        self.note(code, f"{node.label} {said}", hint, key=key)

    def end(self) -> None:
        """End the reading here if anything was noted.

        Raises:
            Faults: all that was noted.
        """
        if self.problems:
            raise Faults(self.problems)

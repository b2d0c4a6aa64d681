"""What an attempt is given: a prompt, its graph, and where its files lie."""

from dataclasses import dataclass, replace
from pathlib import Path

from vqd.domain.graph import NamedGraph
from vqd.domain.job import Plan
from vqd.domain.queue import Prompt


@dataclass(frozen=True, slots=True)
class Assignment:
    """Everything an attempt needs: the prompt, its graph, and where its files lie."""

    prompt: Prompt
    job: str
    plan: Plan
    graph: NamedGraph
    folder: Path
    input_folder: Path
    is_sent: bool = False

    @property
    def frees_memory(self) -> bool:
        """Tell whether the server is to free its memory before it gets the prompt."""
        step = self.prompt.step
        return 0 < step <= len(self.plan.on_oom) and self.plan.on_oom[step - 1].frees_memory

    @property
    def server_folder(self) -> str:
        """Give the folder below the server's outputs where its own go: one that nothing else uses.

        What is made again goes first where it was put then: it tells of its folder, so that in
        another it would not be the same. There may be somebody's file of this name by now.
        """
        again = self.plan.server_folder
        if again and self.prompt.attempt == 1:
            return again
        number, attempt = self.prompt.key.number, self.prompt.attempt
        return f"vqd/{self.job}/{self.plan.life}{number}-{attempt}"


def adopted(assignment: Assignment) -> Assignment:
    """Give the assignment as one whose prompt is with its server already."""
    return replace(assignment, is_sent=True)

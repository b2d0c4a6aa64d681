"""What an attempt is given: a prompt, its graph, and where its files lie."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, Value
from vqd.domain.job import Plan
from vqd.domain.queue import Prompt


@frozen
class Assignment:
    """Everything an attempt needs: the prompt, its graph, and where its files lie."""

    prompt: Prompt
    job: str
    plan: Plan
    graph: NamedGraph
    folder: Path
    """That of the job, or what stands in for it here."""
    input_folder: Path
    is_sent: bool = False
    """Whether the prompt is with its server already, since an earlier process."""
    is_elsewhere: bool = False
    """Whether the job lies in the spool of another daemon."""
    fetched: Mapping[str, str] | None = None
    """What inputs that came by the depot are called below `input_folder`, by slot."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Give what each slot's file is called below `input_folder`."""
        return self.prompt.inputs if self.fetched is None else self.fetched

    def in_words_of_its_job(self, said: str) -> str:
        """Give what is said of the inputs by the names that the job has for them."""
        for slot, name in (self.fetched or {}).items():
            said = said.replace(name, self.prompt.inputs[slot])
        return said

    @property
    def frees_memory(self) -> bool:
        """Tell whether the server is to free its memory before it gets the prompt."""
        if self._puts_back and self.prompt.strikes:
            return True
        step = self.prompt.step
        return 0 < step <= len(self.plan.on_oom) and self.plan.on_oom[step - 1].frees_memory

    @property
    def values(self) -> Mapping[str, Value]:
        """Give the value of every parameter that the prompt is made with."""
        return {**self.plan.params, **self.prompt.params}

    @property
    def is_last_try(self) -> bool:
        """Tell whether the prompt has failed if this attempt fails in a way that is counted."""
        return self.prompt.strikes >= self.plan.retry_limit

    def is_in_cache(self, cached_nodes: Collection[str]) -> bool:
        """Tell whether a server had in its cache what the prompt varies; where it varies
        nothing, any of it.

        The models that it shares with other prompts may be cached, and say nothing.
        """
        own = {target.node for target in self.prompt.edits}
        for slot in self.prompt.inputs:
            own.update(target.node for target in self.plan.inputs[slot].targets)
        return not (own or self.graph.nodes.keys()).isdisjoint(cached_nodes)

    @property
    def server_folder(self) -> str:
        """Give the folder below the server's outputs where its own go: one that nothing else uses.

        What is made again goes where it was put then: it tells of its folder, so that in another
        it would not be the same. A server that has it cached names the file of then, which may be
        gone: it is told to forget, and then it is truly made again. After other trouble the folder
        may be in use.
        """
        if self._puts_back:
            return self.plan.server_folder
        number, attempt = self.prompt.key.number, self.prompt.attempt
        return f"vqd/{self.job}/{self.plan.life}{number}-{attempt}"

    @property
    def _puts_back(self) -> bool:
        return bool(self.plan.server_folder) and self.prompt.attempt == self.prompt.strikes + 1 <= 2


def adopted(assignment: Assignment) -> Assignment:
    """Give the assignment as one whose prompt is with its server already."""
    return replace(assignment, is_sent=True)

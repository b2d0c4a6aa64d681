"""Ladders: what is tried, step by step, when a server's memory does not suffice for a prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.graph import Target, Value
from vqd.domain.needs import Capability, Needs

Edits = tuple[tuple[Target, Value], ...]


@frozen
class Step:
    """One step: memory is freed, or the prompt is routed, or some of its values are replaced.

    `route` is what a server must have to be given the prompt from then on. `params` are the values
    that replace its own, `edits` what they set in the graph, and `flipped` the same where `flip`
    swaps the sides of its sizes. `mark` is told of whatever it makes then.
    """

    frees_memory: bool = False
    route: Needs | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    edits: Edits = ()
    flipped: Edits = ()
    mark: str = ""

    @property
    def said(self) -> str:
        """Say in a few words what is done."""
        if self.frees_memory:
            return "free_memory"
        if self.route is None:
            return "set " + " ".join(f"{name}={value}" for name, value in self.params.items())
        vram = [] if self.route.vram_gb is None else [f"vram_gb={self.route.vram_gb:g}"]
        tags = [f"tags={','.join(self.route.tags)}"] if self.route.tags else []
        return " ".join(["route", *vram, *tags])


def next_step(
    ladder: Sequence[Step], climbed: int, needs: Needs, servers: Sequence[Capability]
) -> int | None:
    """Give how many steps are climbed with the next that can be; None at the end of the ladder.

    `needs` are the job's own. A route that none of the servers fits is passed over.
    """
    for height, step in enumerate(ladder[climbed:], climbed + 1):
        if step.route is None:
            return height
        routed = needs.joined(step.route)
        if any(server.fits(routed) for server in servers):
            return height
    return None

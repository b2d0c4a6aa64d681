"""A workflow as its definition declares it, with every bind resolved to nodes of its graph."""

from collections.abc import Mapping
from dataclasses import field

from vqd.domain.frozen import frozen
from vqd.domain.graph import NamedGraph, Target, Wires
from vqd.domain.job import ExpectedOutput
from vqd.domain.ladder import Step
from vqd.domain.param import NONE, Hints, Param

FLIP = "flip"
"""The parameter that every workflow with a size has, unless it declares one of this name."""


@frozen
class InputSlot:
    """A slot for dropped files. With `fan_out`, each file becomes a prompt of its own.

    Where a slot that is not required has no file, the nodes of `when_absent` are bypassed.
    """

    name: str
    kind: str
    extensions: tuple[str, ...]
    targets: tuple[Target, ...]
    required: bool = True
    fan_out: bool = False
    when_absent: tuple[str, ...] = ()
    hints: Hints = field(default_factory=Hints)

    def goes_without(self, text: str) -> bool:
        """Tell whether a value says that there is no file: `none`, where one may be absent."""
        return not self.required and text.strip().casefold() == NONE


@frozen
class Workflow:
    """A workflow. `where` is its definition's file as people know it: `workflows/NAME.yaml`.

    `wires` tells for each node that may be bypassed what its consumers are wired to instead; None
    for one of which that is not known, because no server was seen that has its class. `on_oom` is
    what is tried, in turn, when a server's memory does not suffice.
    """

    name: str
    version: int
    where: str
    graph: NamedGraph
    inputs: Mapping[str, InputSlot]
    params: Mapping[str, Param]
    outputs: tuple[ExpectedOutput, ...]
    label: str = ""
    group: str = ""
    help: str = ""
    vram_gb: float | None = None
    tags: tuple[str, ...] = ()
    wires: Mapping[str, Wires | None] = field(default_factory=dict)
    on_oom: tuple[Step, ...] = ()

    @property
    def caption(self) -> str | None:
        """Give the parameter that the `.txt` beside an input tells, if there is one."""
        return next((param.name for param in self.params.values() if param.caption), None)

    @property
    def seed(self) -> str | None:
        """Give the parameter that is told as the seed of a prompt: the first that is one."""
        return next((one.name for one in self.params.values() if one.type == "seed"), None)

    @property
    def flips(self) -> bool:
        """Tell whether `flip` swaps the sides of its sizes."""
        flip = self.params.get(FLIP)
        is_ours = flip is not None and flip.type == "bool" and not flip.targets
        return is_ours and any(param.type == "size" for param in self.params.values())

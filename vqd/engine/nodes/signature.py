"""What a node class is: its signature as ComfyUI tells it, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from vqd.domain.frozen import frozen


class Interrupted(Exception):
    """Somebody asked the running prompt to stop."""


@frozen
class Folders:
    """Where a server keeps its files: what comes in, what was made, and what is emptied at every
    start."""

    input: Path
    output: Path
    temp: Path

    def of(self, kind: str) -> Path:
        """Give the folder of this kind.

        Raises:
            KeyError: there is none.
        """
        return {"input": self.input, "output": self.output, "temp": self.temp}[kind]


class Context(Protocol):
    """What a node that runs may use."""

    @property
    def folders(self) -> Folders:
        """The server's folders."""

    @property
    def graph(self) -> Mapping[str, Any]:
        """The prompt's graph, as posted: it goes into the pictures' metadata."""

    @property
    def extra_pnginfo(self) -> Mapping[str, Any]:
        """What else goes there."""

    def step(self, done: int, total: int, preview: Any | None = None) -> None:
        """Tell how far the node is; `preview` is one picture [H, W, C].

        Raises:
            Interrupted: it is to stop.
        """


@frozen
class Shown:
    """What an output node gives: what clients are told of (`ui`), and its outputs."""

    ui: Mapping[str, Any] | None
    values: Sequence[Any] = ()


@frozen
class NodeClass:
    """One class of nodes.

    `required` and `optional` are the inputs in order, each `(type or list of options, facts)` as
    in `/object_info`. `run` gets the context and the inputs by name. `check` says what is wrong
    with an input's value beyond its type and range, or None. `mark` gives what the cache must
    compare beside the inputs (a file's hash). `is_newer` marks the classes that ComfyUI declares
    in its newer way, which `/object_info` shows in details. With `takes_lists` every input is a
    list of values, with `gives_lists` every output is one: see `engine/lists.py`.
    """

    name: str
    category: str
    required: Mapping[str, tuple[Any, ...]]
    outputs: tuple[str, ...]
    run: Callable[..., Sequence[Any] | Shown]
    optional: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    output_names: tuple[str, ...] = ()
    is_output: bool = False
    hidden: Sequence[str] = ()
    is_newer: bool = False
    is_experimental: bool = False
    takes_lists: bool = False
    gives_lists: bool = False
    display_name: str = ""
    description: str = ""
    check: Callable[[Folders, Mapping[str, Any]], str | None] | None = None
    mark: Callable[[Folders, Mapping[str, Any]], str] | None = None
    options: Callable[[Folders], Mapping[str, Sequence[str]]] | None = None
    """Gives options that depend on the server's folders, by input name."""

    def knows(self, name: str) -> bool:
        """Tell whether it has an input of this name."""
        return name in self.required or name in self.optional

    def info(self, folders: Folders) -> Mapping[str, Any]:
        """Give the class as `/object_info` tells it (ComfyUI 0.3.64, server.py `node_info`)."""
        found = self.options(folders) if self.options else {}
        groups = {"required": self.required, "optional": self.optional}
        told: dict[str, dict[str, Any]] = {
            group: {name: _told(spec, found.get(name)) for name, spec in inputs.items()}
            for group, inputs in groups.items()
            if inputs or group == "required"
        }
        if self.hidden:
            kinds = {name: name.upper() for name in self.hidden}
            told["hidden"] = {
                name: [kind] if self.is_newer else kind for name, kind in kinds.items()
            }
        newer = {
            "output_tooltips": [None] * len(self.outputs),
            "deprecated": False,
            "experimental": self.is_experimental,
            "api_node": False,
        }
        return {
            "input": told,
            "input_order": {group: list(inputs) for group, inputs in told.items()},
            "output": list(self.outputs),
            "output_is_list": [self.gives_lists] * len(self.outputs),
            "output_name": list(self.output_names or self.outputs),
            "name": self.name,
            "display_name": self.display_name or (None if self.is_newer else self.name),
            "description": self.description,
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.is_output,
            **(newer if self.is_newer else {}),
        }


def _told(spec: tuple[Any, ...], options: Sequence[str] | None) -> list[Any]:
    if options is None:
        return list(spec)
    if spec[0] == "COMBO":
        return ["COMBO", {**spec[1], "options": list(options)}]
    return [list(options), *spec[1:]]


METADATA = ("prompt", "extra_pnginfo")
"""The hidden inputs of savers that write the graph into their files."""

"""What the messages of ComfyUI's websocket say, as far as vqd listens (0.3.64, server.py)."""

import struct
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from vqd.comfy.messages import Json, list_in, number_in, object_in, text_in, time_in
from vqd.comfy.wire import parsed
from vqd.domain.frozen import frozen

_PREVIEW_IMAGE = 1
_PREVIEW_IMAGE_WITH_METADATA = 4


@frozen
class Remaining:
    """How many prompts the server has left, anybody's, the one that runs included."""

    prompts: int


@frozen
class Step:
    """A prompt got on: its node is at `step`, `12/20`, where the message tells that.
    `finished_nodes` is 0 where it does not count them."""

    prompt_id: str
    node: str | None
    fraction: float
    finished_nodes: int = 0
    step: str | None = None


@frozen
class Begun:
    """A prompt was begun with; `at` is UTC seconds, if it is told."""

    prompt_id: str
    at: float | None


@frozen
class Cached:
    """What these nodes give is still there, so that they do not run."""

    prompt_id: str
    nodes: frozenset[str]


@frozen
class Executed:
    """A node put something out; it counts as `shown_as`, a node of the graph."""

    prompt_id: str
    node: str
    shown_as: str
    output: Mapping[str, Any]


@frozen
class Success:
    """A prompt was carried out to its end without an error; `at` is UTC seconds, if it is told. Its
    history entry is not written yet."""

    prompt_id: str
    at: float | None


@frozen
class Ended:
    """A prompt is over, well or not, and its history entry is written."""

    prompt_id: str


Chapter = Begun | Cached | Executed | Success
"""What a history entry has, too."""
PromptEvent = Step | Chapter | Ended
ServerEvent = Remaining | PromptEvent


def event_in(text: bytes) -> ServerEvent | None:
    """Read one text message; None for those that tell nothing here, and for garbage.

    The end is `executing` with node null, after success, error and interrupt alike.
    """
    try:
        message = parsed(text)
    except ValueError:
        return None
    kind, said = text_in(message, "type"), object_in(message, "data")
    if kind == "status":
        return _remaining(said)
    prompt_id, read = text_in(said, "prompt_id"), _OF_A_PROMPT.get(kind)
    return read(prompt_id, said) if prompt_id and read else None


def preview_in(binary: bytes) -> bytes | None:
    """Give the JPEG or PNG that a binary message carries, None if it carries something else."""
    if len(binary) < _HEAD.size:
        return None
    kind, number = _HEAD.unpack_from(binary)
    if kind == _PREVIEW_IMAGE:
        return binary[_HEAD.size :]
    if kind == _PREVIEW_IMAGE_WITH_METADATA:
        return binary[_HEAD.size + number :] or None
    return None


_HEAD = struct.Struct(">II")


def _executing(prompt_id: str, said: Json) -> PromptEvent:
    if said.get("node") is None:
        return Ended(prompt_id)
    return Step(prompt_id, _shown(said, "display_node"), 0.0)


def _executed(prompt_id: str, said: Json) -> PromptEvent:
    node = text_in(said, "node")
    shown_as = text_in(said, "display_node") or node
    return Executed(prompt_id, node, shown_as, object_in(said, "output"))


def _progress(prompt_id: str, said: Json) -> PromptEvent:
    return Step(prompt_id, _shown(said, "display_node"), _fraction(said), step=_step_of(said))


def _cached(prompt_id: str, said: Json) -> PromptEvent:
    return Cached(prompt_id, frozenset(map(str, list_in(said, "nodes"))))


def _remaining(said: Json) -> Remaining | None:
    number = object_in(object_in(said, "status"), "exec_info").get("queue_remaining")
    return Remaining(number) if isinstance(number, int) and number >= 0 else None


def _state(prompt_id: str, said: Json) -> PromptEvent:
    """Read `progress_state`, which carries every node that was started, in order."""
    nodes = object_in(said, "nodes")
    states = [(node, text_in(nodes[node], "state")) for node in nodes]
    finished = sum(state == "finished" for _, state in states)
    running = next((nodes[node] for node, state in reversed(states) if state == "running"), None)
    if running is None:
        return Step(prompt_id, None, 0.0, finished)
    node = _shown(running, "display_node_id")
    return Step(prompt_id, node, _fraction(running), finished, _step_of(running))


def _shown(said: Json, key: str) -> str | None:
    """Give the node of the graph, also when a node that it expanded to is meant."""
    return text_in(said, key) or text_in(said, "node") or text_in(said, "node_id") or None


def _fraction(said: Json) -> float:
    """Give value of max; 0 where they are no numbers, or such that nothing can be made of them."""
    value, most = number_in(said, "value"), number_in(said, "max")
    if value is None or not most or value < 0 or most < 0:
        return 0.0
    return min(value / most, 1.0)


def _step_of(said: Json) -> str | None:
    """Give value and max as they were said; None where nothing can be made of them, or nothing is
    counted: a node of one step."""
    value, most = number_in(said, "value"), number_in(said, "max")
    if value is None or most is None or most <= 1 or not 0 <= value <= most < inf:
        return None
    return f"{value:g}/{most:g}"


_OF_A_PROMPT: Mapping[str, Callable[[str, Json], PromptEvent]] = {
    "execution_start": lambda prompt_id, said: Begun(prompt_id, time_in(said)),
    "execution_cached": _cached,
    "executing": _executing,
    "progress": _progress,
    "progress_state": _state,
    "executed": _executed,
    "execution_success": lambda prompt_id, said: Success(prompt_id, time_in(said)),
}

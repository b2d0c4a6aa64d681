"""What the messages of ComfyUI's websocket say, as far as vqd listens (0.3.64, server.py)."""

import struct
from dataclasses import dataclass
from math import inf

from vqd.comfy.messages import Json, list_in, number_in, object_in, text_in
from vqd.comfy.wire import parsed

_PREVIEW_IMAGE = 1
_PREVIEW_IMAGE_WITH_METADATA = 4


@dataclass(frozen=True, slots=True)
class Remaining:
    """How many prompts the server has left, anybody's, the one that runs included."""

    prompts: int


@dataclass(frozen=True, slots=True)
class Step:
    """A prompt got on: its node is at `step`, `12/20`, where the message tells that.
    `finished_nodes` is 0 where it does not count them."""

    prompt_id: str
    node: str | None
    fraction: float
    finished_nodes: int = 0
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A prompt is over, well or not, and its history entry is written."""

    prompt_id: str


ServerEvent = Remaining | Step | Ended


def event_in(text: bytes) -> ServerEvent | None:
    """Read one text message; None for those that tell nothing here, and for garbage.

    `execution_success` is among those: it comes before the history entry is written. The end is
    `executing` with node null, after success, error and interrupt alike.
    """
    try:
        message = parsed(text)
    except ValueError:
        return None
    kind, said = text_in(message, "type"), object_in(message, "data")
    if kind == "status":
        return _remaining(said)
    prompt_id = text_in(said, "prompt_id")
    return _event_of(kind, prompt_id, said) if prompt_id else None


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


def _event_of(kind: str, prompt_id: str, said: Json) -> ServerEvent | None:
    match kind:
        case "execution_start":
            return Step(prompt_id, None, 0.0)
        case "execution_cached":
            return Step(prompt_id, None, 0.0, len(list_in(said, "nodes")))
        case "executing" if said.get("node") is None:
            return Ended(prompt_id)
        case "executing":
            return Step(prompt_id, _shown(said, "display_node"), 0.0)
        case "progress":
            node = _shown(said, "display_node")
            return Step(prompt_id, node, _fraction(said), step=_step_of(said))
        case "progress_state":
            return _step(prompt_id, object_in(said, "nodes"))
    return None


def _remaining(said: Json) -> Remaining | None:
    number = object_in(object_in(said, "status"), "exec_info").get("queue_remaining")
    return Remaining(number) if isinstance(number, int) else None


def _step(prompt_id: str, nodes: Json) -> Step:
    """Read `progress_state`, which carries every node that was started, in order."""
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

"""What ComfyUI's HTTP answers mean, as typed values. Untyped JSON goes no further than this.

Shapes as ComfyUI 0.3.64 writes them (server.py, execution.py). Unknown keys are allowed
everywhere, because custom nodes add their own, and a part of the wrong type counts as absent.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vqd.comfy.outputs import Remote, outputs_of
from vqd.domain.frozen import frozen

Json = Any
_FARTHEST = 1e18
"""Beyond every count and time; what NaN, the infinities and a hundred digits fail against."""
_LONGEST_S = 30 * 86_400.0
"""No prompt takes so long."""


@frozen
class NodeError:
    """What a node raised; `title` is the name a person gave the node, if the graph has it."""

    node: str
    class_type: str
    exception_type: str
    message: str
    title: str | None = None


@frozen
class Waiting:
    """In the server's queue, behind `ahead` others (the one that runs included), if that is
    known."""

    ahead: int | None = None


@frozen
class Running:
    """Being carried out."""


@frozen
class Finished:
    """A history entry: the prompt is over, well or not.

    `completed` is ComfyUI's word for "without error". `outputs` has the files and texts of every
    node that reported some, under the id that the graph has for it. `cached_nodes` did not run,
    because the server still had what they gave. Times are UTC seconds.
    """

    prompt_id: str
    status: str
    completed: bool
    outputs: Mapping[str, tuple[Remote, ...]]
    error: NodeError | None = None
    interrupted: bool = False
    cached_nodes: frozenset[str] = frozenset()
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def seconds(self) -> float:
        """Give the server's own execution time, 0 where it is not known: its clock may have been
        set meanwhile."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        took_s = self.ended_at - self.started_at
        return round(took_s, 3) if 0 < took_s < _LONGEST_S else 0.0


@frozen
class Device:
    """Something that a server computes on; `type` is `cuda`, `cpu`, `mps` …"""

    type: str
    vram_bytes: int


@frozen
class ServerFacts:
    """What a server says of itself."""

    version: str
    devices: tuple[Device, ...]

    @property
    def vram_bytes(self) -> int:
        """Give the most that one of its devices has; 0 if it computes on the processor alone, of
        which a server tells the machine's memory."""
        return max((one.vram_bytes for one in self.devices if one.type != "cpu"), default=0)


def finished_entry(prompt_id: str, document: Json) -> Finished | None:
    """Read the answer to /history/ID; None if it has no entry of that id."""
    entry = object_in(document, prompt_id)
    if not entry:
        return None
    status = object_in(entry, "status")
    messages = dict(_messages(status))
    graph = _graph(entry)
    times = [at for said in messages.values() if (at := time_in(said)) is not None]
    return Finished(
        prompt_id=prompt_id,
        status=text_in(status, "status_str"),
        completed=status.get("completed") is True,
        outputs=outputs_of(object_in(entry, "outputs"), _shown_as(object_in(entry, "meta"))),
        error=_node_error(messages.get("execution_error"), graph),
        interrupted="execution_interrupted" in messages,
        cached_nodes=frozenset(map(str, list_in(messages.get("execution_cached"), "nodes"))),
        started_at=min(times, default=None),
        ended_at=max(times, default=None),
    )


def place_in_job(prompt_id: str, document: Json) -> Waiting | Running | None:
    """Read the answer to /api/jobs/ID: where the prompt is in the queue; None if it does not tell
    that it is there (comfy_execution/jobs.py, 0.24.0)."""
    if text_in(document, "id") != prompt_id:
        return None
    match text_in(document, "status"):
        case "pending":
            return Waiting()
        case "in_progress":
            return Running()
    return None


def place_in_queue(prompt_id: str, document: Json) -> Waiting | Running | None:
    """Read the answer to /queue: where the prompt is in it."""
    running = list_in(document, "queue_running")
    if any(_names(entry, prompt_id) for entry in running):
        return Running()
    pending = [entry for entry in list_in(document, "queue_pending") if isinstance(entry, list)]
    ours = [entry for entry in pending if _names(entry, prompt_id)]
    if not ours:
        return None
    sooner = sum(1 for entry in pending if _turn(entry) < _turn(ours[0]))
    return Waiting(len(running) + sooner)


def server_facts(document: Json) -> ServerFacts | None:
    """Read the answer to /system_stats; None if it is another program's."""
    system = object_in(document, "system")
    if not system:
        return None
    return ServerFacts(
        version=text_in(system, "comfyui_version"),
        devices=tuple(
            Device(text_in(device, "type"), _count(device, "vram_total"))
            for device in list_in(document, "devices")
        ),
    )


def object_in(document: Json, key: str) -> Mapping[str, Json]:
    """Give the object under `key`, empty where there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def list_in(document: Json, key: str) -> list[Json]:
    """Give the list under `key`, empty where there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


def text_in(document: Json, key: str) -> str:
    """Give the text under `key`, empty where there is none; a number as text."""
    value = document.get(key) if isinstance(document, dict) else None
    return str(value) if isinstance(value, str | int | float) else ""


def number_in(document: Json, key: str) -> float | None:
    """Give the number under `key`; None where there is none, or one that nothing counts up to."""
    value = document.get(key) if isinstance(document, dict) else None
    is_usable = isinstance(value, int | float) and -_FARTHEST < value < _FARTHEST
    return value if is_usable else None


def time_in(document: Json) -> float | None:
    """Give the `timestamp`, which is in milliseconds, in UTC seconds; None where there is none."""
    timestamp = number_in(document, "timestamp")
    return None if timestamp is None else timestamp / 1000


def _shown_as(meta: Mapping[str, Json]) -> Mapping[str, str]:
    return {node: text_in(object_in(meta, node), "display_node") for node in meta}


def _messages(status: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for message in list_in(status, "messages"):
        match message:
            case [str(kind), dict(said)]:
                yield kind, said


def _node_error(said: Mapping[str, Json] | None, graph: Mapping[str, Json]) -> NodeError | None:
    if said is None:
        return None
    node = text_in(said, "node_id")
    return NodeError(
        node=node,
        class_type=text_in(said, "node_type"),
        exception_type=text_in(said, "exception_type"),
        message=text_in(said, "exception_message").strip(),
        title=text_in(object_in(object_in(graph, node), "_meta"), "title") or None,
    )


def _graph(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    match entry.get("prompt"):
        case [_, _, dict(graph), *_]:
            return graph
    return {}


def _names(entry: Json, prompt_id: str) -> bool:
    return isinstance(entry, list) and entry[1:2] == [prompt_id]


def _turn(entry: Sequence[Json]) -> tuple[float, str]:
    """Give what the server's heap sorts by: number, then prompt_id."""
    match entry:
        case [int() | float() as number, str(prompt_id), *_]:
            return number, prompt_id
    return float("inf"), ""


def _count(document: Json, key: str) -> int:
    return int(number_in(document, key) or 0)

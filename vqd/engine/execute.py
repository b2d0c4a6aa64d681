"""The one thread that carries prompts out.

The results of the last prompt's nodes are kept: a node whose class, inputs and inputs' inputs are
the same is not run again, and its output names the file of the first time (ComfyUI's classic
cache).
"""

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from vqd.domain.frozen import frozen
from vqd.engine.graph import by_readiness, in_order, links
from vqd.engine.lists import joined, turns
from vqd.engine.nodes.signature import Folders, Interrupted, NodeClass
from vqd.engine.queue import PromptQueue, Queued
from vqd.engine.sockets import Event, Sockets
from vqd.engine.telling import Telling
from vqd.engine.wire import encoded

_SHOWN_VALUE = 200

_log = logging.getLogger("vqd.engine")


@frozen
class Made:
    """What a node gave: for each output a list of values, and what clients are told of them."""

    values: Sequence[Sequence[Any]]
    ui: Mapping[str, Any] | None


class Executor:
    """Takes prompts from the queue, one after the other."""

    def __init__(
        self,
        queue: PromptQueue,
        sockets: Sockets,
        classes: Mapping[str, NodeClass],
        folders: Folders,
    ) -> None:
        self.sockets = sockets
        self.classes = classes
        self.folders = folders
        self.cache: Mapping[str, Made] = {}
        self._queue = queue
        self._current: _Execution | None = None
        self._forgetting = threading.Event()
        self._thread = threading.Thread(target=self._carry_out_all, name="prompts", daemon=True)

    def start(self) -> None:
        """Begin to carry out what is queued."""
        self._thread.start()

    def stop(self) -> None:
        """Interrupt what runs and take nothing more."""
        self._queue.close()

    def join(self, within_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(within_s)

    def forget(self) -> None:
        """Forget every result, at the latest when the running prompt is over."""
        self._forgetting.set()
        if self._current is None:
            self.cache = {}

    def tell_status(self) -> None:
        """Tell everybody how many prompts there are."""
        self.sockets.tell("status", self._status())

    def greeting(self, client_id: str) -> list[Event]:
        """Give what a client is told first: the status, and the node it has running if any."""
        events: list[Event] = [("status", {**self._status(), "sid": client_id})]
        current = self._current
        if current is not None and current.node and current.client_id == client_id:
            events.append(("executing", {"node": current.node}))
        return events

    def _status(self) -> Mapping[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self._queue.remaining}}}

    def _carry_out_all(self) -> None:
        while (queued := self._queue.take()) is not None:
            began_at = time.monotonic()
            _log.info("got prompt %s", queued.prompt_id)
            self.tell_status()
            self._forget_if_asked()
            telling = Telling(self.sockets, queued)
            self._current = _Execution(self, queued, telling)
            entry = self._current.carry_out()
            self._current = None
            self._forget_if_asked()
            self._queue.finish(entry)
            self.tell_status()
            telling.ended()
            _log.info("Prompt executed in %.2f seconds", time.monotonic() - began_at)

    def _forget_if_asked(self) -> None:
        if self._forgetting.is_set():
            self._forgetting.clear()
            self.cache = {}


class _Execution:
    """One prompt, once. It is its nodes' context."""

    def __init__(self, executor: Executor, queued: Queued, telling: Telling) -> None:
        self.folders = executor.folders
        self.graph = dict(queued.graph)
        self.extra_pnginfo: Mapping[str, Any] = queued.extra_data.get("extra_pnginfo") or {}
        self.client_id = queued.client_id
        self.node = ""
        self._executor = executor
        self._queued = queued
        self._telling = telling
        self._keys: dict[str, str] = {}
        self._made: dict[str, Made] = {}
        self._carried_out: list[str] = []
        self._given: Mapping[str, Sequence[Any]] = {}

    def carry_out(self) -> Mapping[str, Any]:
        """Carry out everything that the outputs need; give the history entry."""
        self._telling.note("execution_start", {})
        failed = True
        try:
            self._carry_out_nodes()
            self._telling.note("execution_success", {})
            failed = False
        except Interrupted:
            self._telling.note("execution_interrupted", self._about_node())
        except Exception as error:  # noqa: BLE001 - a node's fault fails its prompt, nothing else
            _log.info("node %s: %r", self.node, error)
            self._telling.note("execution_error", self._about_error(error))
        self._executor.cache = {self._keys[node]: made for node, made in self._made.items()}
        return self._entry(failed)

    def step(self, done: int, total: int, preview: Any | None = None) -> None:
        """Tell how far the node is, and stop here if it is to stop.

        A node that has one step tells nothing: its beginning and its end are told anyway.
        """
        if self._queued.interrupted.is_set():
            raise Interrupted
        if total <= 1:
            return
        self._telling.progressed(self.node, done, total)
        if preview is not None:
            self._telling.previewed(self.node, preview)

    def _carry_out_nodes(self) -> None:
        classes, outputs = self._executor.classes, self._queued.outputs
        for node in in_order(self.graph, classes, outputs):
            self._keys[node] = self._key(node)
            known = self._executor.cache.get(self._keys[node])
            if known is not None:
                self._made[node] = known
        self._telling.note("execution_cached", {"nodes": list(self._made)})
        for node in by_readiness(self.graph, classes, outputs, frozenset(self._made)):
            if node in self._made:
                self._tell_end(node)
            else:
                self._carry_out_node(node)

    def _carry_out_node(self, node: str) -> None:
        self.node = node
        if self._queued.interrupted.is_set():
            raise Interrupted
        self._telling.started(node)
        self._given = self._inputs(node)
        node_class = self._class(node)
        given = [node_class.run(self, **inputs) for inputs in turns(node_class, self._given)]
        made = joined(node_class, given)
        self._made[node] = Made(made.values, made.ui)
        self._carried_out.append(node)
        self._tell_end(node)

    def _tell_end(self, node: str) -> None:
        ui = self._made[node].ui
        if ui is not None:
            self._telling.shown(node, ui)
        self._telling.finished(node)

    def _key(self, node: str) -> str:
        made = self.graph[node]
        node_class = self._class(node)
        needed = {
            name: [self._keys[link[0]], link[1]] for name, link in links(made, node_class).items()
        }
        inputs = sorted({**made["inputs"], **needed}.items())
        mark = ""
        if node_class.mark:
            mark = node_class.mark(self.folders, made["inputs"])
            # Not told in the history, but written into files (0.3.64, execution.py).
            self.graph[node] = {**made, "is_changed": [mark]}
        return hashlib.sha256(encoded([made["class_type"], inputs, mark])).hexdigest()

    def _class(self, node: str) -> NodeClass:
        return self._executor.classes[self.graph[node]["class_type"]]

    def _inputs(self, node: str) -> Mapping[str, Sequence[Any]]:
        made, node_class = self.graph[node], self._class(node)
        values: dict[str, Sequence[Any]] = {
            name: [value] for name, value in made["inputs"].items() if node_class.knows(name)
        }
        for name, (needed, slot) in links(made, node_class).items():
            values[name] = self._made[needed].values[slot]
        return values

    def _about_node(self) -> dict[str, Any]:
        class_type = self.graph[self.node]["class_type"] if self.node else ""
        return {"node_id": self.node, "node_type": class_type, "executed": self._carried_out}

    def _about_error(self, error: Exception) -> dict[str, Any]:
        return {
            **self._about_node(),
            "exception_message": f"{error}\n",
            "exception_type": _qualified(type(error)),
            "traceback": traceback.format_tb(error.__traceback__),
            "current_inputs": {
                name: [_shown(value) for value in values] for name, values in self._given.items()
            },
            "current_outputs": list(self.graph),
        }

    def _entry(self, failed: bool) -> Mapping[str, Any]:
        shown = {node: made.ui for node, made in self._made.items() if made.ui is not None}
        meta = {
            node: {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}
            for node in shown
        }
        return {
            "prompt": self._queued.told(),
            "outputs": shown,
            "status": {
                "status_str": "error" if failed else "success",
                "completed": not failed,
                "messages": [list(note) for note in self._telling.notes],
            },
            "meta": meta,
        }


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)[:_SHOWN_VALUE]


def _qualified(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"

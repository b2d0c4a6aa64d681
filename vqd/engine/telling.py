"""What clients are told while one prompt is carried out, and what its history keeps of that."""

import io
import time
from collections.abc import Mapping
from typing import Any

from PIL import Image

from vqd.engine.nodes.pixels import to_bytes
from vqd.engine.queue import Queued
from vqd.engine.sockets import Sockets

PREVIEW_PX = 512
PREVIEW_EVERY_S = 0.2


class Telling:
    """One prompt's events. `notes` are those that its history lists."""

    def __init__(self, sockets: Sockets, queued: Queued) -> None:
        self.notes: list[tuple[str, Mapping[str, Any]]] = []
        self._sockets = sockets
        self._prompt_id = queued.prompt_id
        self._client_id = queued.client_id
        self._states: dict[str, dict[str, Any]] = {}
        self._previewed_at = 0.0

    def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell an event and keep it for the history."""
        noted = {**data, "prompt_id": self._prompt_id, "timestamp": int(time.time() * 1000)}
        self.notes.append((kind, noted))
        self._tell(kind, noted, to_all=kind == "execution_interrupted")

    def started(self, node: str) -> None:
        """Tell that a node runs."""
        self._states[node] = self._state(node, "running")
        self._tell_states()
        self._tell("executing", {"node": node, "display_node": node, "prompt_id": self._prompt_id})

    def progressed(self, node: str, done: int, total: int) -> None:
        """Tell how far a node is."""
        self._states[node].update(value=done, max=total)
        self._tell_states()
        told = {"value": done, "max": total, "prompt_id": self._prompt_id, "node": node}
        self._tell("progress", told, to_all=True)

    def previewed(self, node: str, picture: Any) -> None:
        """Show a picture [H, W, C] that a node works on, if anybody looks, and not too often."""
        now = time.monotonic()
        if not self._sockets.has_listeners or now - self._previewed_at < PREVIEW_EVERY_S:
            return
        self._previewed_at = now
        about = {"node_id": node, "prompt_id": self._prompt_id, **_shown_as(node)}
        self._sockets.show(_jpeg(picture), about, self._client_id)

    def shown(self, node: str, ui: Mapping[str, Any]) -> None:
        """Tell what an output node made."""
        told = {"node": node, "display_node": node, "output": ui, "prompt_id": self._prompt_id}
        self._tell("executed", told)

    def finished(self, node: str) -> None:
        """Tell that a node is through."""
        state = self._states.setdefault(node, self._state(node, "finished"))
        state.update(value=state["max"], state="finished")
        self._tell_states()

    def ended(self) -> None:
        """Tell that nothing more comes for this prompt."""
        self._tell("executing", {"node": None, "prompt_id": self._prompt_id})

    def _state(self, node: str, state: str) -> dict[str, Any]:
        return {
            "value": 0.0,
            "max": 1.0,
            "state": state,
            "node_id": node,
            "prompt_id": self._prompt_id,
            **_shown_as(node),
        }

    def _tell_states(self) -> None:
        told = {"prompt_id": self._prompt_id, "nodes": self._states}
        self._tell("progress_state", told, to_all=True)

    def _tell(self, kind: str, data: Mapping[str, Any], *, to_all: bool = False) -> None:
        # A prompt without a client: some events go to all, the rest to nobody (0.3.64, server.py).
        if self._client_id is not None or to_all:
            self._sockets.tell(kind, data, self._client_id)


def _shown_as(node: str) -> Mapping[str, Any]:
    return {"display_node_id": node, "parent_node_id": None, "real_node_id": node}


def _jpeg(picture: Any) -> bytes:
    every = max(1, max(picture.shape[:2]) // (2 * PREVIEW_PX))
    image = Image.fromarray(to_bytes(picture[::every, ::every, :3]))
    image.thumbnail((PREVIEW_PX, PREVIEW_PX))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return written.getvalue()

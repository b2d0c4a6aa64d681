"""What a connection tells of one prompt, from its beginning to its end: as good as its history
entry, where nothing of it can have been missed.

A server tells of a prompt to one connection only, in order, and nothing is left out as long as that
lasts (ComfyUI 0.3.64 and 0.24.0, execution.py, server.py). So an account that has the beginning, a
success and the end has all that lay between. It tells of successes alone: what else may have become
of a prompt is in its history.
"""

from typing import Any

from vqd.comfy.events import Begun, Cached, Chapter, Executed, Success
from vqd.comfy.messages import Finished
from vqd.comfy.outputs import outputs_of


class Account:
    """What was told of one prompt so far. Used by one thread, until the end was told."""

    def __init__(self, prompt_id: str) -> None:
        self._prompt_id = prompt_id
        self._is_whole = True
        self._begun: Begun | None = None
        self._success: Success | None = None
        self._is_over = False
        self._cached_nodes: frozenset[str] = frozenset()
        self._outputs: dict[str, Any] = {}
        self._shown_as: dict[str, str] = {}

    def add(self, event: Chapter) -> None:
        """Take in what was told."""
        match event:
            case Begun():
                self._is_whole &= self._begun is None
                self._begun = event
            case Cached(_, nodes):
                self._cached_nodes = nodes
            case Executed(_, node, shown_as, output):
                self._outputs[node] = output
                self._shown_as[node] = shown_as
            case Success():
                self._success = event

    def end(self) -> None:
        """Note that nothing more comes."""
        self._is_over = True

    def break_off(self) -> None:
        """Note that the connection is gone: what it did not tell is not made up for."""
        self._is_whole = False

    @property
    def finished(self) -> Finished | None:
        """Give what its history entry has; None where only that tells."""
        begun, success = self._begun, self._success
        if not (self._is_whole and self._is_over and begun and success):
            return None
        return Finished(
            prompt_id=self._prompt_id,
            status="success",
            completed=True,
            outputs=outputs_of(self._outputs, self._shown_as),
            cached_nodes=self._cached_nodes,
            started_at=begun.at,
            ended_at=success.at,
        )

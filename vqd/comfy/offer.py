"""POST /prompt: how a graph is put to a server, and what the answer to it means."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from vqd.comfy.faults import NotComfy
from vqd.comfy.messages import text_in
from vqd.comfy.refusals import Refusal, refusal
from vqd.comfy.wire import Answer, Body
from vqd.domain.graph import Graph

NOTHING_QUEUED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
"""Refusals after which nothing of the graph is in the server's queue."""


def offer_of(prompt_id: str, graph: Graph, *, client_id: str) -> Body:
    """Give the body of the request.

    No `number` is sent: two prompts with equal numbers kill the thread that runs them, as would a
    node without `inputs` or an `extra_data` of null (ComfyUI 0.3.64, execution.py).
    """
    return Body.of_json(
        {
            "prompt": {node: _with_inputs(made) for node, made in graph.items()},
            "prompt_id": prompt_id,
            "client_id": client_id,
            "extra_data": {},
        }
    )


def refusal_in(answer: Answer) -> Refusal | None:
    """Read the answer; None if the graph was taken whole.

    Raises:
        NotComfy: it is not ComfyUI's.
    """
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refusal("the graph is larger than the server or its gateway takes (413)", None)
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(f"it got itself in trouble (500) and said {answer.excerpt}", None)
    document = answer.json()
    refused = refusal(document)
    if refused is None and not (answer.status == HTTPStatus.OK and text_in(document, "prompt_id")):
        raise NotComfy(
            f"{answer.said} answered {answer.status} with {answer.excerpt}.",
            "Is it ComfyUI's URL?",
        )
    return refused


def _with_inputs(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node if "inputs" in node else {**node, "inputs": {}}

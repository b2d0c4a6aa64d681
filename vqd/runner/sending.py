"""Putting a prompt into a server's queue: first its inputs, then its graph as spelled there."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import PurePosixPath

from vqd.comfy.faults import Refused
from vqd.comfy.prefix import prefix_of
from vqd.domain.graph import Graph, Target, Value, edited
from vqd.runner.assignment import Assignment
from vqd.runner.homecoming import sha256s
from vqd.runner.inputs import SentInputs
from vqd.runner.server import Server
from vqd.runner.spelling import Spelling

WithJobFile = Callable[[Graph, Assignment, Mapping[str, str]], Graph]
"""Gives a graph that holds the job file which makes it again: graph, assignment, input hashes."""


def send_inputs(assignment: Assignment, server: Server) -> SentInputs:
    """Bring the files of a prompt to its server, unless they are there.

    Raises:
        BadInput: one cannot be read, or is not what the workflow takes. ComfyError: it could not
            be sent.
    """
    return server.uploads.send(assignment.inputs, assignment.plan.inputs, assignment.input_folder)


def offer(
    sent: SentInputs,
    assignment: Assignment,
    server: Server,
    *,
    client_id: str,
    spelling: Spelling,
    with_job_file: WithJobFile,
) -> SentInputs:
    """Send the graph; once more, with the inputs before it, if the server lost one of them.

    Gives the inputs as they were sent in the end.

    Raises:
        ComfyError: as `Client.submit`, and as `send_inputs`.
    """

    def submit(inputs: SentInputs) -> None:
        graph = with_job_file(_graph(inputs, assignment), assignment, sha256s(inputs.files))
        _submit(graph, assignment.prompt.prompt_id or "", client_id, server, spelling)

    try:
        submit(sent)
    except Refused as refused:
        was_taken_in_part = refused.status != HTTPStatus.BAD_REQUEST
        if not server.uploads.forget_lost(refused.lacking) or was_taken_in_part:
            raise
        sent = send_inputs(assignment, server)
        submit(sent)
    return sent


def _graph(sent: SentInputs, assignment: Assignment) -> Graph:
    nodes = assignment.graph.nodes  # without those that this prompt bypasses
    asked: Mapping[Target, Value] = {**assignment.prompt.edits, **sent.edits}
    edits = {target: value for target, value in asked.items() if target.node in nodes}
    name = prefix_of(PurePosixPath(assignment.prompt.stem).name)
    for output in assignment.plan.outputs:
        if output.prefix_input is not None:
            prefix = f"{assignment.server_folder}/{name}"
            edits[Target(output.node, output.prefix_input)] = prefix
    return edited(nodes, edits)


def _submit(
    graph: Graph, prompt_id: str, client_id: str, server: Server, spelling: Spelling
) -> None:
    """Submit it, and once more if the server was looked at since and spells it otherwise."""
    submit = partial(server.client.submit, prompt_id, client_id=client_id)
    spelled = spelling.spelled(server.name, graph)
    try:
        submit(spelled)
    except Refused as refused:
        if refused.status != HTTPStatus.BAD_REQUEST:
            raise  # a part of it may have run
        anew = spelling.spelled_anew(server.name, graph)
        if anew == spelled:
            raise
        submit(anew)

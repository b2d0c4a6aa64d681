"""The end of an attempt at a prompt that is over: judged, its outputs home, and written down."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from vqd.comfy import verdict
from vqd.comfy.faults import Missing
from vqd.comfy.messages import Finished
from vqd.domain.outcome import Failed, Outcome, OutputFile, ReadFile, Succeeded
from vqd.runner.acceptance import BadOutput, check_seconds
from vqd.runner.assignment import Assignment
from vqd.runner.collect import MadeFile, TakeName, collect, keep_rejected, take_away
from vqd.runner.memory import free_memory
from vqd.runner.server import Server
from vqd.spool.drops import REJECTED

WriteDown = Callable[[Assignment, Server, Mapping[str, str], Succeeded], Succeeded]
"""Writes down what an assignment made: assignment, server, input hashes, outcome; gives the outcome
as it is to be recorded."""

_LONGEST_REJECTED = 48
"""Characters of an output's name in that of what was rejected."""


def bring_home(
    finished: Finished,
    assignment: Assignment,
    server: Server,
    *,
    sent: Mapping[str, ReadFile],
    take_name: TakeName,
    write_down: WriteDown,
) -> Outcome:
    """Give the outcome of a prompt that is over; its outputs are home then.

    `sent` is what each slot's file held when it was sent, empty if an earlier process sent them.

    Raises:
        BadOutput: an output is not what was promised. BadInput: an input cannot be read any more.
        ComfyError, OSError: an output could not be fetched or written.
    """
    judged = verdict.of_finished(finished, assignment.plan.outputs)
    if isinstance(judged, Failed):
        return judged
    if not assignment.is_in_cache(finished.cached_nodes):
        check_seconds(assignment.plan.outputs, judged.seconds)
    files = _files_of(judged, assignment)
    try:
        outputs = _collected(server, files, assignment, take_name)
    except Missing:
        if judged.cached:  # else the next try would be told of the same files again
            free_memory(server)
        raise
    succeeded = Succeeded(outputs, judged.seconds, sent or _inputs_of(assignment, server))
    recorded = write_down(assignment, server, sha256s(succeeded.inputs), succeeded)
    take_away(server, files)
    return recorded


def sha256s(files: Mapping[str, ReadFile]) -> Mapping[str, str]:
    """Give the hash of each slot's file."""
    return {slot: file.sha256 for slot, file in files.items()}


def _files_of(judged: verdict.Made, assignment: Assignment) -> list[MadeFile]:
    expected = {output.slot: output for output in assignment.plan.outputs}
    return [MadeFile(expected[slot], remote) for slot, remote in judged.files]


def _collected(
    server: Server, files: list[MadeFile], assignment: Assignment, take_name: TakeName
) -> tuple[OutputFile, ...]:
    """Bring outputs home; of those that are not accepted the last time, keep the first."""
    try:
        return collect(
            server,
            files,
            assignment.folder,
            stem=assignment.prompt.stem,
            part=_part(assignment),
            values=assignment.values,
            take_name=take_name,
        )
    except BadOutput as bad:
        if bad.file is None or not (assignment.is_last_try and assignment.fetched is None):
            raise
        raise BadOutput(f"{bad.message}{_kept(bad.file, assignment)}") from bad


def _kept(rejected: Path, assignment: Assignment) -> str:
    """Keep what was not accepted for a person to see; give a sentence that tells where."""
    stem = PurePosixPath(assignment.prompt.stem).name[:_LONGEST_REJECTED]
    name = f"{_part(assignment)}_{stem}{rejected.suffix}"
    is_kept = keep_rejected(rejected, assignment.folder, name)
    return f" It lies in {REJECTED}/." if is_kept else ""


def _part(assignment: Assignment) -> str:
    """Give what no other attempt's files are called."""
    return f"{assignment.prompt.key.number}-{assignment.prompt.attempt}"


def _inputs_of(assignment: Assignment, server: Server) -> Mapping[str, ReadFile]:
    plan = assignment.plan
    return server.uploads.files(assignment.inputs, plan.inputs, assignment.input_folder)

"""What became of one attempt at one prompt: a value, never an exception."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from vqd.domain.frozen import frozen


class FailureCode(StrEnum):
    """Why an attempt failed. What follows from each is the table in `runner/conclude.py`."""

    INVALID = "invalid"
    """An input does not decode, or is not what the workflow takes."""
    UNAVAILABLE = "unavailable"
    """The server has not the node or the model, whatever its catalogue said before."""
    REFUSED = "refused"
    """The server would not take the prompt (400, or 200 with node_errors)."""
    UNREACHABLE = "unreachable"
    """The server refused the connection, reset it, or did not answer."""
    LOST = "lost"
    """The server is there and knows nothing of our prompt_id."""
    NODE_ERROR = "node_error"
    """A node raised."""
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    """Longer than the job allows one attempt."""
    STALLED = "stalled"
    """No progress for longer than a prompt may be silent."""
    BAD_OUTPUT = "bad_output"
    """An output is missing, truncated, does not decode, or is not accepted."""
    INTERRUPTED = "interrupted"
    """Stopped on the server; by us only if the job was cancelled."""
    QUARANTINED = "quarantined"
    """Two servers died while they ran it, so no third one is sent it."""
    WITHDRAWN = "withdrawn"
    """Taken off a server's queue before it ran, or never sent, because that may not start now."""
    DISK_FULL = "disk_full"
    """Outputs cannot be written where they go: no room, read-only, or the share is away."""


OF_NO_SERVER = frozenset(
    {
        FailureCode.INVALID,
        FailureCode.UNAVAILABLE,
        FailureCode.REFUSED,
        FailureCode.INTERRUPTED,
        FailureCode.WITHDRAWN,
        FailureCode.DISK_FULL,
    }
)
"""Failures that tell nothing of the server: they come of the job, of a person or of the spool."""


@frozen
class ReadFile:
    """What a file held when it was read; `modified_at` is its mtime then, as ISO 8601, UTC."""

    sha256: str
    bytes: int
    modified_at: str


@frozen
class OutputFile:
    """One file that an attempt made, whole, under its final name.

    `path` is relative to the job's folder, with `/`; `kind` is one of `KINDS`, which tells what of
    the rest it has. Sizes are bytes and pixels; `frames` and `fps` are None for a still.
    `sample_rate` (Hz) and `channels` are those of a clip's sound, too; `chars` counts the
    characters of a text. `modified_at` is its mtime when it was checked, as ISO 8601, UTC.
    """

    slot: str
    path: str
    kind: str
    sha256: str
    bytes: int
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    chars: int | None = None
    modified_at: str | None = None


@frozen
class Parcel:
    """What an attempt made, as one file in the depot, until it is brought to its job's folder."""

    name: str
    sha256: str
    bytes: int


@frozen
class Succeeded:
    """The attempt made its outputs, of these input files by slot. `seconds` is the server's own
    execution time; `took_s` goes from the beginning of the attempt to its end, its files on their
    way included, and is None where that was not seen, or prompts of others were waited for. Its
    outputs lie in the job's folder, or in a `parcel` on their way there."""

    outputs: tuple[OutputFile, ...]
    seconds: float
    inputs: Mapping[str, ReadFile] = field(default_factory=dict)
    took_s: float | None = None
    parcel: Parcel | None = None


@frozen
class Failed:
    """The attempt did not; `message` says what, which and why, `node` is the node that raised, or
    the last that ran when the server died (`server_died`)."""

    code: FailureCode
    message: str
    node: str | None = None
    seconds: float | None = None
    server_died: bool = False


Outcome = Succeeded | Failed


@frozen
class Progress:
    """How far a running prompt is, as its server last said: `fraction` of `node` is 0 to 1, and
    `step` the same as it said it: `12/20`; or what it waits for there."""

    node: str | None
    fraction: float
    finished_nodes: int = 0
    step: str | None = None

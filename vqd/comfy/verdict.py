"""What a server's answer means for an attempt: the one place where that is decided.

For a prompt that is over, in this order: interrupted; a node raised (out of memory told apart);
an error nobody explained; an expected output without a file; otherwise it was made. For a request
that failed: by the kind of failure alone.

What this cannot know: whether a file is whole and what it should be (only fetching and decoding
tell); whether the files of a cached prompt still exist; who interrupted; whether a server that
did not answer took the prompt.
"""

from collections.abc import Sequence

from vqd.comfy.faults import (
    Changed,
    ComfyError,
    Missing,
    NotComfy,
    Oversized,
    Refused,
    Truncated,
    Unreachable,
)
from vqd.comfy.messages import Finished, NodeError
from vqd.comfy.outputs import Remote, RemoteFile, RemoteText
from vqd.domain.frozen import frozen
from vqd.domain.job import ExpectedOutput
from vqd.domain.kinds import kind_of_name
from vqd.domain.outcome import Failed, FailureCode

_MEMORY_EXCEPTIONS = ("OutOfMemoryError", "MemoryError")
_MEMORY_WORDS = (
    "ran out of memory on your gpu",
    "allocation on device",
    "out of memory",
    "not enough memory",
    "can't allocate memory",
)
_FULL_DISK_WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "not enough space on the disk",
)
_MEMORY_TIPS = "This error means you ran out of memory on your GPU."
"""What ComfyUI puts behind the message, with advice of its own (0.24.0, execution.py)."""
_LONGEST = 2000
"""Some nodes put a whole tensor or document into the error that they raise."""
_CODES: dict[type[ComfyError], FailureCode] = {
    Unreachable: FailureCode.UNREACHABLE,
    NotComfy: FailureCode.UNREACHABLE,
    Missing: FailureCode.BAD_OUTPUT,
    Truncated: FailureCode.BAD_OUTPUT,
    Changed: FailureCode.BAD_OUTPUT,
    Oversized: FailureCode.BAD_OUTPUT,
}


@frozen
class Made:
    """The server says that it made every expected output: each file, or text that a
    node showed, with its slot, in order.

    `seconds` is its execution time. `cached` tells that some files were not written this time:
    they are those of an earlier prompt, and may have been deleted since.
    """

    files: tuple[tuple[str, Remote], ...]
    seconds: float
    cached: bool


def of_finished(finished: Finished, expected: Sequence[ExpectedOutput]) -> Made | Failed:
    """Tell what became of a prompt that is over."""
    if finished.interrupted:
        said = "It was stopped on the server."
        return Failed(FailureCode.INTERRUPTED, said, seconds=finished.seconds)
    if finished.error is not None:
        return _of_node_error(finished.error, finished.seconds)
    if not finished.completed:
        said = "The server ended it without success and without saying why. Its log may."
        return Failed(FailureCode.NODE_ERROR, said, seconds=finished.seconds)
    return _of_success(finished, expected)


def of_error(error: ComfyError) -> Failed:
    """Tell what a failed request means for the attempt that made it."""
    if not isinstance(error, Refused):
        return Failed(_CODES[type(error)], str(error))
    code = FailureCode.UNAVAILABLE if error.is_unavailable else FailureCode.REFUSED
    return Failed(code, str(error), error.node)


def _of_success(finished: Finished, expected: Sequence[ExpectedOutput]) -> Made | Failed:
    files: list[tuple[str, Remote]] = []
    for output in expected:
        came = finished.outputs.get(output.node, ())
        made = _chosen(came, output)
        if not made:
            said = _nothing(came, output)
            return Failed(FailureCode.BAD_OUTPUT, said, output.node, finished.seconds)
        files.extend((output.slot, one) for one in made)
    cached = any(output.node in finished.cached_nodes for output in expected)
    return Made(tuple(files), finished.seconds, cached)


def _chosen(came: Sequence[Remote], output: ExpectedOutput) -> Sequence[Remote]:
    """Choose the files that the server keeps, those of its temp folder only where they are asked
    for, and for a text else what the node showed.

    Some nodes save a clip and its first frame, or a picture and its caption: what goes by the name
    of another kind is left there, if there is anything that does not.
    """
    types = ("output", "temp") if output.takes_temp else ("output",)
    files = [one for one in came if isinstance(one, RemoteFile) and one.type in types]
    fitting = [file for file in files if _may_be(file, output.kind)]
    shown = [one for one in came if isinstance(one, RemoteText)] if output.kind == "text" else []
    return fitting or shown or files


def _may_be(file: RemoteFile, kind: str) -> bool:
    return kind == "file" or kind_of_name(file.filename) in (None, kind)


def _nothing(came: Sequence[Remote], output: ExpectedOutput) -> str:
    said = f"Node {output.node} ended without a file for the output {output.slot!r}"
    if any(isinstance(one, RemoteFile) and one.type == "temp" for one in came):
        return f"{said}: it only previews. Use one that saves, or add `temp: true` to the output."
    if any(isinstance(one, RemoteText) for one in came):
        return f"{said}: it shows a text, and the output's kind is {output.kind}."
    return f"{said}, and showed no text or an empty one." if output.kind == "text" else f"{said}."


def _of_node_error(error: NodeError, seconds: float) -> Failed:
    return Failed(_code_of(error), _told(error), error.node or None, seconds)


def _code_of(error: NodeError) -> FailureCode:
    if _is_memory(error):
        return FailureCode.OUT_OF_MEMORY
    said = error.message.lower()
    is_full = any(words in said for words in _FULL_DISK_WORDS)
    return FailureCode.DISK_FULL if is_full else FailureCode.NODE_ERROR


def _is_memory(error: NodeError) -> bool:
    said = error.message.lower()
    kind = error.exception_type.rpartition(".")[2]
    return kind in _MEMORY_EXCEPTIONS or any(words in said for words in _MEMORY_WORDS)


def _told(error: NodeError) -> str:
    """Give a sentence: `KSampler "Second stage" (node 5) raised OSError: No space left.`"""
    title = f' "{error.title}"' if error.title and error.title != error.class_type else ""
    who = f"{error.class_type or 'A node'}{title} (node {error.node or 'unknown'})"
    what = f"{error.exception_type or 'an error'}: {_in_a_line(error.message)}".rstrip(": .")
    return f"{who} raised {what}."


def _in_a_line(message: str) -> str:
    """Give what a node said as one line, without what ComfyUI adds to each such error."""
    said = " ".join(message.partition(_MEMORY_TIPS)[0].split())
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} …"

"""The job that a picture, clip or sound carries in itself."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from vqd.definitions.graphs import read_graph
from vqd.definitions.ui.refusals import UNSEEN
from vqd.documents.builder import USUAL
from vqd.documents.reader import decoded, parse, parse_as
from vqd.documents.writer import written
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.jobspec import JobSpec
from vqd.domain.record import may_carry
from vqd.intake import jobfile
from vqd.media.embedded import Embedded, embedded_in

_KEYS = ("vqd", "workflow", "name", "inputs", "params", "output", "record")
"""Of the job file in an output, what vqd puts there: nobody's schedule, notices or fan-out."""
_SHORT_BYTES, _REMEMBERED = 2 << 10, 500
"""So many short job files are not read anew: one that is copied in is asked for its inputs while it
settles, and drafted after that."""
_RECORD = "record"
_RESULT = "result"


@frozen
class CarriedJob:
    """A job file, the name of its job, and the names of files beside that may belong to it."""

    job_file: bytes
    name: str
    beside: tuple[str, ...]


def carried_in(path: Path) -> CarriedJob | None:
    """Give the job that makes a file again; None if it carries nothing of how it was made.

    It is the one that vqd put there, else the graph that ComfyUI put there, run as it is.

    Raises:
        OSError: the file cannot be read.
    """
    found = embedded_in(path)
    try:
        return _of_vqd(path.name, found) or _of_graph(path, found)
    except RecursionError:
        return None  # nested too deep: nobody wrote that to be read


def read_job(path: Path, content: bytes) -> tuple[JobSpec, tuple[Problem, ...]]:
    """Give the job that a file asks for, as `jobfile.read`: a job file, or one that carries it.

    `content` is what was read of it, as far as a job file may go; nothing if that failed.

    Raises:
        FileNotFoundError: it is not there (any more).
        Faults: as there, or `no_record`: it carries none.
    """
    if not may_carry(path.name):
        if not 0 < len(content) <= USUAL.most_bytes:
            return jobfile.read(path)
        understood = _remembered if len(content) <= _SHORT_BYTES else _understood
        return understood(path.name, content)
    try:
        carried = carried_in(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        said = f"cannot be read ({error.strerror})."
        raise Faults([Problem("unreadable", said, path.name)]) from error
    if carried is None:
        said = "carries nothing of how it was made."
        hint = "Take the file as the server wrote it, or the .yaml that lay beside it."
        raise Faults([Problem("no_record", said, path.name, hint=hint)])
    return jobfile.understood(parse(carried.job_file.decode(), path.name))


def _understood(name: str, content: bytes) -> tuple[JobSpec, tuple[Problem, ...]]:
    return jobfile.understood(parse_as(Path(name), decoded(content, name)))


_remembered = lru_cache(maxsize=_REMEMBERED)(_understood)


def holds_graph(path: Path) -> bool:
    """Tell whether a file holds a graph, and no job file."""
    try:
        read_graph(path, path.name)
    except Faults as faults:
        return any(problem.code == UNSEEN for problem in faults.problems)
    return True


def _of_vqd(name: str, found: Embedded) -> CarriedJob | None:
    told = found.job_file
    if told is None or not {"vqd", "workflow"} <= told.keys():
        return None
    job = {key: told[key] for key in _KEYS if key in told}
    record = job.get(_RECORD)
    if isinstance(record, dict):
        job[_RECORD] = {**record, _RESULT: name}
    inputs = job.get("inputs")
    texts = [*inputs.values()] if isinstance(inputs, dict) else []
    title = _text(job.get("name")) or PurePosixPath(name).stem
    return CarriedJob(written(job), title, _names(texts))


def _of_graph(path: Path, found: Embedded) -> CarriedJob | None:
    if found.graph is None:
        return None
    job = {"vqd": 1, "workflow": path.name}
    return CarriedJob(written(job), path.stem, _names([*_values(found.graph)]))


def _values(graph: Mapping[str, Any]) -> Iterator[Any]:
    for node in graph.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        yield from inputs.values() if isinstance(inputs, dict) else ()


def _names(texts: list[Any]) -> tuple[str, ...]:
    """Give the names of files among texts, as they would lie beside."""
    names = (PurePosixPath(_text(text).removesuffix(" [input]")).name for text in texts)
    return tuple(dict.fromkeys(name for name in names if _is_media(name)))


def _is_media(name: str) -> bool:
    return may_carry(name) or name.lower().endswith(_OTHER_MEDIA)


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""


_OTHER_MEDIA = (".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".avi", ".wav", ".mp3", ".ogg")

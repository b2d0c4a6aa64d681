"""manifest.jsonl: what a job has made, a line for each output.

While a job runs, the lines of each prompt are added as it succeeds; when it closes, all of them are
written anew, in the order of its prompts. By these a folder that comes back tells what need not be
made again, on any machine, and whatever became of the queue.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
from pydantic import Field, TypeAdapter

from vqd.documents import opening
from vqd.domain.frozen import frozen
from vqd.domain.job import Made, Plan
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import Prompt
from vqd.domain.times import iso
from vqd.spool.files import is_real_file
from vqd.spool.folders import move_aside
from vqd.spool.signs import Signs
from vqd.spool.together import Together

MANIFEST = "manifest.jsonl"

_LONGEST_LINE_BYTES = 1 << 20
_INPUTS = "inputs"
_Count = Annotated[int, Field(ge=0, lt=1 << 53)]
_Amount = Annotated[float, Field(ge=0, le=1e12)]
_Seed = Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]
StoredValue = (
    str
    | Annotated[int, Field(ge=-(1 << 63), lt=1 << 64)]
    | Annotated[float, Field(allow_inf_nan=False)]
    | bool
)
"""A parameter's value that the queue can store, too."""


@frozen
class InputLine:
    """What an input held; with its `sign`, see `Signs`."""

    sha256: str
    bytes: _Count
    sign: str | None


@frozen
class Line:
    """One line. `key` is the recipe of the prompt, `stem` what planning called its outputs.

    `inputs` are paths in the job's folder, or absolute; `files` what they held. `asked` are the
    values in whose place others were used. `kept` was made in an earlier life of the job. `sign` is
    that of the output, see `Signs`. Times are ISO 8601, UTC.
    """

    output: str
    prompt: _Count
    inputs: Mapping[str, str]
    params: Mapping[str, StoredValue]
    seed: _Seed | None
    server: str
    attempt: _Count
    started_at: str
    seconds: _Amount
    sha256: str
    bytes: _Count
    kind: str
    width: _Count | None
    height: _Count | None
    frames: _Count | None
    fps: _Amount | None
    duration_s: _Amount | None
    sample_rate: _Count | None
    channels: _Count | None
    chars: _Count | None
    graph: str
    mark: str | None
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    kept: bool
    slot: str
    stem: str
    sign: str | None
    files: Mapping[str, InputLine]
    asked: Mapping[str, StoredValue]

    def output_file(self, modified_at: str = "") -> OutputFile:
        """Give the output that it tells of, with the mtime that it has by now, if that is known."""
        return OutputFile(
            slot=self.slot,
            path=self.output,
            kind=self.kind,
            sha256=self.sha256,
            bytes=self.bytes,
            width=self.width,
            height=self.height,
            frames=self.frames,
            fps=self.fps,
            duration_s=self.duration_s,
            sample_rate=self.sample_rate,
            channels=self.channels,
            chars=self.chars,
            modified_at=modified_at,
        )


def lines_of(prompt: Prompt, plan: Plan, key: str, signs: Signs | None) -> Iterator[Line]:
    """Give the lines of a prompt that succeeded, as it was carried out; `key` is its recipe.

    Without `signs`, while files are still moved about, they are to be read to know what they hold.
    """
    inputs = {slot: as_laid_out(path) for slot, path in prompt.inputs.items()}
    files = {
        slot: InputLine(
            file.sha256,
            file.bytes,
            signs.of(inputs[slot], file.bytes, file.modified_at) if signs else None,
        )
        for slot, file in prompt.files.items()
    }
    for output in prompt.outputs:
        yield Line(
            output=output.path,
            prompt=prompt.key.number,
            inputs=inputs,
            params={**plan.params, **prompt.params},
            seed=prompt.seed,
            server=prompt.server or "",
            attempt=prompt.attempt,
            started_at=iso(prompt.claimed_at) or "",
            seconds=prompt.seconds or 0.0,
            sha256=output.sha256,
            bytes=output.bytes,
            kind=output.kind,
            width=output.width,
            height=output.height,
            frames=output.frames,
            fps=output.fps,
            duration_s=output.duration_s,
            sample_rate=output.sample_rate,
            channels=output.channels,
            chars=output.chars,
            graph=prompt.graph_sha256,
            mark=prompt.mark or None,
            key=key,
            kept=prompt.is_kept,
            slot=output.slot,
            stem=prompt.stem,
            sign=signs.of(output.path, output.bytes, output.modified_at) if signs else None,
            files=files,
            asked=prompt.asked,
        )


def as_laid_out(path: str) -> str:
    """Give the path of an input as it is in the job's folder once that is laid out."""
    return path if path.startswith("/") else f"{_INPUTS}/{path}"


def encoded(line: Line) -> bytes:
    """Give a line as it stands in the file, with its end."""
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def add_lines(folder: Path, lines: Iterable[Line]) -> None:
    """Add lines to the manifest of a job that runs, durably; threads that do so at once share one
    sync.

    Raises:
        OSError: they cannot be written; none is then.
    """
    _ADDING.ask(folder, b"".join(map(encoded, lines)))


def _add(folder: Path, texts: Sequence[bytes]) -> None:
    text = b"".join(texts)
    if not is_real_file(folder / MANIFEST):
        move_aside(folder / MANIFEST)
    handle = os.open(folder / MANIFEST, _OPENED, 0o666)
    with os.fdopen(handle, "ab", 0) as file:
        end = os.fstat(handle).st_size
        if end and os.pread(handle, 1, end - 1) != b"\n":
            text = b"\n" + text  # a crash cut the last line off
        try:
            while text:  # of which a disk that is nearly full takes a part, and tells no error
                text = text[file.write(text) :]
            os.fsync(handle)
        except OSError:
            file.truncate(end)
            raise


_OPENED = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_ADDING = Together(_add)


@frozen
class Place:
    """Where the lines of one prompt are: the offset of the first, and how many there are."""

    offset: int
    lines: int


class Manifest:
    """The manifest of a folder: where each entry is, by its key and by its prompt's number, and the
    inputs as they were, by path. What is no line of a manifest is passed over.

    Holds a few hundred bytes of each entry; the lines stay in the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.entries: dict[bytes, tuple[Place, ...]] = {}
        self.prompts: dict[int, Place] = {}
        self.files: dict[str, InputLine] = {}
        self._read()

    def lines(self, place: Place) -> tuple[Line, ...]:
        """Give the lines of an entry."""
        return tuple(line for _, line in islice(self._from(place.offset), place.lines))

    def stems(self) -> Mapping[str, Place]:
        """Give where the first line of each prompt is, by the stem of its outputs."""
        return {line.stem: Place(offset, 1) for offset, line in self._from(0)}

    def _read(self) -> None:
        """Note where each entry is; of a prompt that is told of twice, the later one."""
        places: dict[tuple[bytes, int], Place] = {}
        first: Line | None = None
        for offset, line in self._from(0):
            name = bytes.fromhex(line.key), line.prompt
            if first is None or not _is_more(first, line):
                first, places[name] = line, Place(offset, 1)
            else:
                places[name] = replace(places[name], lines=places[name].lines + 1)
            self.files.update({line.inputs[slot]: line.files[slot] for slot in line.files})
        for (key, number), place in places.items():
            self.prompts[number] = place
            self.entries[key] = (*self.entries.get(key, ()), place)

    def _from(self, offset: int) -> Iterator[tuple[int, Line]]:
        """Give each line from there on with its offset; what is none is passed over."""
        self._file.seek(offset)
        while text := self._file.readline(_LONGEST_LINE_BYTES):
            line = line_of(text)
            if line is not None:
                yield offset, line
            offset += len(text)


@contextmanager
def opened(folder: Path) -> Iterator[Manifest]:
    """Give the manifest of a job's folder; an empty one where there is none that can be read."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opening.opened(folder / MANIFEST))
        except OSError:
            file = BytesIO()
        yield Manifest(file)


def made_of(first: Line, outputs: tuple[OutputFile, ...], files: Mapping[str, ReadFile]) -> Made:
    """Give what a prompt made, by the first of its lines, and its files as they are by now."""
    return Made(
        outputs=outputs,
        files=files,
        server=first.server,
        attempt=first.attempt,
        started_at=_at(first.started_at),
        seconds=first.seconds,
        mark=first.mark or "",
        params={name: first.params[name] for name in first.asked if name in first.params},
        asked=first.asked,
    )


def _is_more(first: Line, line: Line) -> bool:
    """Tell whether a line tells of one more output of the prompt that `first` begins to tell of."""
    of_same = (first.key, first.prompt) == (line.key, line.prompt)
    return of_same and first.output != line.output


def line_of(text: bytes) -> Line | None:
    """Give the line that a text is; None if it is none."""
    try:
        line = _lines().validate_json(text)
        _at(line.started_at)
    except (ValueError, OverflowError):
        return None
    return line if line.files.keys() <= line.inputs.keys() else None


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@cache
def _lines() -> TypeAdapter[Line]:
    return TypeAdapter(Line)

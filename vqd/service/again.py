"""What of a job need not be made again: its prompts compared with the manifest of its folder.

1. Each prompt of the plan has a recipe (`domain.recipe`), and the manifest has the same if it was
   made before, under whatever number and name.
2. It is kept if its outputs are still there as they were made, by their sign or else by their hash.
3. Prompts that only their names tell apart each keep what bears their own; then what is left.

Files are read only where their sign does not do; that may take as long as reading all of them does.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from vqd.documents.opening import opened
from vqd.domain.graph import Value
from vqd.domain.job import Made, PlannedJob, PlannedPrompt
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.recipe import Recipes
from vqd.spool.drops import OUTPUTS
from vqd.spool.files import concerns_one_name
from vqd.spool.manifest import (
    InputLine,
    Line,
    Manifest,
    Place,
    as_laid_out,
    made_of,
)
from vqd.spool.signs import mtime, sign

_PART_BYTES = 1 << 20


class Stopped(Exception):
    """The daemon ends before all was read; at its next start it is begun again."""


class Again:
    """A planned job of which the manifest in its folder tells what is there already."""

    def __init__(
        self,
        planned: PlannedJob,
        folder: Path,
        manifest: Manifest,
        *,
        now: float,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Compare them; `now` is UTC seconds.

        Raises:
            Stopped: `is_stopping` came true. OSError: the disk cannot be read.
        """
        self._planned = planned
        self._life = f"{now:.0f}-"
        self._manifest = manifest
        self._recipes = Recipes(planned.plan)
        self._files = _Files(folder, manifest.files, is_stopping)
        self._slots = {output.slot for output in planned.plan.outputs}
        self._kept: dict[int, Place] = {}
        self.paths: set[str] = set()
        self._compare()

    @property
    def kept(self) -> int:
        """Count the prompts that are kept."""
        return len(self._kept)

    @property
    def total(self) -> int:
        """Count all prompts."""
        return self._planned.plan.total

    @property
    def planned(self) -> PlannedJob:
        """Give the job whose prompts bring along what was made of them; it is not suspended."""
        plan = self._planned.plan
        schedule = replace(plan.schedule, suspended=False)
        return PlannedJob(replace(plan, schedule=schedule, life=self._life), self._prompts)

    def to_run(self) -> Iterator[tuple[PlannedPrompt, str]]:
        """Give each prompt that is not kept, and why not."""
        stems = self._manifest.stems()
        for prompt in self._planned.prompts():
            if prompt.number not in self._kept:
                yield prompt, self._why(prompt, stems.get(prompt.stem))

    def _prompts(self) -> Iterator[PlannedPrompt]:
        for prompt in self._planned.prompts():
            place = self._kept.get(prompt.number)
            yield prompt if place is None else replace(prompt, made=self._made(prompt, place))

    def _made(self, prompt: PlannedPrompt, place: Place) -> Made:
        lines = self._manifest.lines(place)
        outputs = tuple(self._files.output(line) for line in lines)
        return made_of(lines[0], outputs, self._files.inputs(prompt.inputs) or {})

    def _compare(self) -> None:
        unnamed: list[tuple[int, bytes]] = []
        for prompt in self._planned.prompts():
            key = self._key(prompt)
            if key in self._manifest.entries and not self._keep(prompt.number, key, prompt.stem):
                unnamed.append((prompt.number, key))
        for number, key in unnamed:
            self._keep(number, key, None)

    def _keep(self, number: int, key: bytes, stem: str | None) -> bool:
        """Keep what was made by a recipe for a prompt, under this name or any; False if nothing of
        it is left."""
        for place in self._manifest.entries[key]:
            lines = self._manifest.lines(place)
            paths = {line.output for line in lines}
            is_named = bool(lines) and stem in (None, lines[0].stem)
            if is_named and self.paths.isdisjoint(paths) and self._is_whole(lines):
                self._kept[number] = place
                self.paths |= paths
                return True
        return False

    def _is_whole(self, lines: tuple[Line, ...]) -> bool:
        return self._slots <= {line.slot for line in lines} and all(
            is_output(line.output) and self._files.holds(line) for line in lines
        )

    def _key(self, prompt: PlannedPrompt) -> bytes:
        """Give the recipe of a prompt; nothing where an input of it cannot be read."""
        inputs = self._files.inputs(prompt.inputs)
        if inputs is None:
            return b""
        graph = prompt.graph
        return bytes.fromhex(self._recipes.of(graph.sha256, graph.nodes, prompt.edits, inputs))

    def _why(self, prompt: PlannedPrompt, place: Place | None) -> str:
        if self._key(prompt) in self._manifest.entries:
            return "what it made is gone, or was changed"
        lines = self._manifest.lines(place) if place is not None else ()
        if not lines:
            return "not made before"
        was, now = {**lines[0].params, **lines[0].asked}, self._values(prompt)
        changed = [
            f"{name} was {was[name]}" for name in now if was.get(name, now[name]) != now[name]
        ]
        files = self._files.inputs(prompt.inputs) or {}
        changed += [
            f"{slot} is another file"
            for slot, file in files.items()
            if slot not in lines[0].files or lines[0].files[slot].sha256 != file.sha256
        ]
        return ", ".join(changed) or "its workflow was changed"

    def _values(self, prompt: PlannedPrompt) -> Mapping[str, Value]:
        return {**self._planned.plan.params, **prompt.params}


class _Files:
    """The files of a folder that came back; each is read once, if at all."""

    def __init__(
        self, folder: Path, known: Mapping[str, InputLine], is_stopping: Callable[[], bool]
    ) -> None:
        self._folder = folder
        self._known = known
        self._is_stopping = is_stopping
        self._inputs: dict[str, ReadFile | None] = {}

    def inputs(self, inputs: Mapping[str, str]) -> Mapping[str, ReadFile] | None:
        """Give what the inputs of a prompt hold; None if one of them cannot be read."""
        files: dict[str, ReadFile] = {}
        for slot, path in inputs.items():
            if path not in self._inputs:
                self._inputs[path] = self._input(as_laid_out(path))
            file = self._inputs[path]
            if file is None:
                return None
            files[slot] = file
        return files

    def holds(self, line: Line) -> bool:
        """Tell whether an output is there and holds what it held."""
        known = InputLine(line.sha256, line.bytes, line.sign)
        file = self._read(line.output, known, is_same_size=True)
        return file is not None and file.sha256 == line.sha256

    def output(self, line: Line) -> OutputFile:
        """Give an output with the mtime that it has by now."""
        return line.output_file(mtime(os.lstat(f"{self._folder}/{line.output}")))

    def _input(self, path: str) -> ReadFile | None:
        return self._read(path, self._known.get(path), is_same_size=False)

    def _read(self, path: str, known: InputLine | None, *, is_same_size: bool) -> ReadFile | None:
        """Give what a file holds; None if it is gone, or no file, or has another size."""
        place = path if path.startswith("/") else f"{self._folder}/{path}"
        try:
            facts = os.lstat(place)
            if known is not None and facts.st_size == known.bytes and sign(facts) == known.sign:
                return ReadFile(known.sha256, facts.st_size, mtime(facts))
            if is_same_size and (known is None or facts.st_size != known.bytes):
                return None
            with opened(Path(place), below=self._folder) as file:
                facts = os.fstat(file.fileno())
                return ReadFile(self._hash(file), facts.st_size, mtime(facts))
        except OSError as error:
            if not concerns_one_name(error):
                raise
            return None

    def _hash(self, file: BinaryIO) -> str:
        content = hashlib.sha256()
        while part := file.read(_PART_BYTES):
            content.update(part)
            if self._is_stopping():
                raise Stopped
        return content.hexdigest()


def is_output(path: str) -> bool:
    """Tell whether a path of a manifest, which anybody can write, lies below outputs/."""
    return path.startswith(f"{OUTPUTS}/") and ".." not in path.split("/") and "\0" not in path

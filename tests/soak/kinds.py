"""The kinds of drop. Each is a generator that yields where a slow writer would take its time.

The last step makes the drop whole. What a step finds gone was taken away by the actor itself.
"""

import io
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tests.soak.ledger import Drop, Ledger

Steps = Iterator[None]

_HOT = ("image-scale", "to scale")

_BROKEN: Mapping[str, str] = {
    "no YAML": "vqd: 1\nworkflow: [image-scale\n",
    "unknown key": "vqd: 1\nworkflow: image-scale\nprams: {size: 8x8}\n",
    "unknown workflow": "vqd: 1\nworkflow: imagescale\n",
    "value out of range": "vqd: 1\nworkflow: image-scale\nparams: {size: 0x8}\n",
    "twice the same key": "vqd: 1\nvqd: 1\nworkflow: image-scale\n",
    "outside": "vqd: 1\nworkflow: image-scale\ninputs: {image: ../../../etc/hostname}\n",
    "anchor": "vqd: 1\nworkflow: &a image-scale\ncomment: *a\n",
}


class Kinds:
    """Makes drops of every kind in an inbox. Every choice comes from `chance`."""

    def __init__(self, inbox: Path, staging: Path, ledger: Ledger, chance: random.Random) -> None:
        self._inbox = inbox
        self._staging = staging
        self._ledger = ledger
        self._chance = chance

    def any(self) -> Steps:
        """Begin a drop of a kind by chance; nothing is dropped before the first step."""
        weights, kinds = zip(*self._kinds, strict=True)
        begin: Callable[[], Steps] = self._chance.choices(kinds, weights)[0]
        return begin()

    @property
    def _kinds(self) -> list[tuple[int, Callable[[], Steps]]]:
        return [
            (6, self._folder_by_rename),
            (5, self._bare_by_rename),
            (4, self._bare_by_copy),
            (2, self._bare_with_shared_input),
            (4, self._folder_by_slow_copy),
            (3, self._folder_that_expects),
            (2, self._folder_under_temporary_name),
            (2, self._broken_file),
            (2, self._broken_folder),
            (1, self._undecodable_input),
            (5, self._hot_by_rename),
            (4, self._hot_by_slow_copy),
            (2, self._hot_subfolder),
        ]

    def make_hot_folders(self) -> None:
        """Make one that is named after a workflow and one that says what becomes of its files."""
        for name in _HOT:
            (self._inbox / name).mkdir()
        self.write_defaults()

    def write_defaults(self) -> None:
        """Replace the defaults of a hot folder by others, at once."""
        size = f"{self._chance.randint(4, 40)}x{self._chance.randint(4, 40)}"
        made = self._staging / "_defaults.yaml"
        made.write_text(f"vqd: 1\nworkflow: image-scale\nparams: {{size: {size}}}\n")
        made.rename(self._inbox / _HOT[1] / made.name)

    def picture(self) -> bytes:
        """Make a small picture like no other."""
        width, height = self._chance.randint(8, 48), self._chance.randint(8, 48)
        pixels = np.frombuffer(self._chance.randbytes(width * height * 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels.reshape(height, width, 3)).save(file, "PNG")
        return file.getvalue()

    def job_text(self, drop: Drop, *lines: str) -> bytes:
        """Write a job file of a drop, with a few prompts for each picture."""
        sizes = ", ".join(
            f"{self._chance.randint(4, 40)}x{side}"
            for side in self._chance.sample(range(4, 40), self._chance.choice((1, 1, 2, 4)))
        )
        sidecar = self._chance.choice(("none", "brief", "full"))
        text = (
            f"vqd: 1\nworkflow: image-scale\nlabels: {{soak: {drop.token}}}\n"
            f"fan_out: {{matrix: {{size: [{sizes}]}}}}\noutput: {{sidecar: {sidecar}}}\n"
        )
        return (text + "".join(f"{line}\n" for line in lines)).encode()

    def _folder_by_rename(self) -> Steps:
        drop = self._begin("folder by rename")
        made = self._staging / drop.path.name
        made.mkdir()
        for number in range(self._chance.randint(1, 4)):
            self._write(drop, made / f"p{number}.png", self.picture())
        self._write(drop, made / "job.yaml", self.job_text(drop))
        yield
        made.rename(drop.path)
        self._ledger.complete(drop)

    def _folder_by_slow_copy(self) -> Steps:
        """The job file comes last, but however long the pauses are nothing else decides."""
        drop = self._begin("folder by slow copy")
        drop.path.mkdir()
        for number in range(self._chance.randint(1, 4)):
            yield from self._write_slowly(drop, f"p{number}.png", self.picture())
        yield from self._write_slowly(drop, "job.yaml", self.job_text(drop))
        self._ledger.complete(drop)

    def _folder_that_expects(self) -> Steps:
        """The job file comes first, and says how many pictures there will be."""
        drop = self._begin("folder that expects")
        drop.path.mkdir()
        number = self._chance.randint(1, 4)
        said = f'inputs: {{image: {{glob: "*.png", expect: {number}}}}}'
        yield from self._write_slowly(drop, "job.yaml", self.job_text(drop, said))
        for turn in range(number):
            yield from self._write_slowly(drop, f"p{turn}.png", self.picture())
        self._ledger.complete(drop)

    def _folder_under_temporary_name(self) -> Steps:
        drop = self._begin("folder under a temporary name")
        final = drop.path
        drop.path = final.with_name(f"{final.name}.part")
        drop.path.mkdir()
        yield from self._write_slowly(drop, "job.yaml", self.job_text(drop))
        yield from self._write_slowly(drop, "p.png", self.picture())
        drop.path.rename(final)
        drop.path = final
        self._ledger.complete(drop)

    def _bare_by_rename(self) -> Steps:
        drop = self._begin("job file by rename", suffix=".yaml")
        picture, job_file = self._staging / f"{drop.token}.png", self._staging / drop.path.name
        self._write(drop, picture, self.picture())
        self._write(drop, job_file, self.job_text(drop, f"inputs: {{image: {picture.name}}}"))
        picture.rename(self._inbox / picture.name)
        yield
        job_file.rename(drop.path)
        self._ledger.complete(drop)

    def _bare_by_copy(self) -> Steps:
        drop = self._begin("job file by copy", suffix=".yml")
        name = f"{drop.token}.png"
        yield from self._fill(drop, self._inbox / name, self.picture())
        text = self.job_text(drop, f"inputs: {{image: {name}}}")
        yield from self._fill(drop, drop.path, text)
        self._ledger.complete(drop)

    def _bare_with_shared_input(self) -> Steps:
        first = self._begin("two job files of one picture", suffix=".yaml")
        second = self._begin("two job files of one picture", suffix=".yaml")
        name = f"{first.token}.png"
        content = self.picture()
        for drop in (first, second):
            self._ledger.wrote(drop, content)
        (self._inbox / name).write_bytes(content)
        for drop in (first, second):
            said = f"inputs: {{image: {name}}}"
            self._write(drop, self._staging / drop.path.name, self.job_text(drop, said))
        yield
        for drop in (first, second):
            (self._staging / drop.path.name).rename(drop.path)
            self._ledger.complete(drop)

    def _broken_file(self) -> Steps:
        drop = self._begin("broken job file", suffix=".yaml")
        yield from self._fill(drop, drop.path, self._broken_text(drop))
        self._ledger.complete(drop)

    def _broken_folder(self) -> Steps:
        drop = self._begin("broken job folder")
        made = self._staging / drop.path.name
        made.mkdir()
        self._write(drop, made / "p.png", self.picture())
        self._write(drop, made / "job.yaml", self._broken_text(drop))
        (made / "link.png").symlink_to("/etc/hostname")
        yield
        made.rename(drop.path)
        self._ledger.complete(drop)

    def _undecodable_input(self) -> Steps:
        drop = self._begin("folder with half a picture")
        made = self._staging / drop.path.name
        made.mkdir()
        self._write(drop, made / "whole.png", self.picture())
        half = self.picture()
        self._write(drop, made / "half.png", half[: len(half) // 2])
        self._write(drop, made / "job.yaml", self.job_text(drop))
        yield
        made.rename(drop.path)
        self._ledger.complete(drop)

    def _hot_by_rename(self) -> Steps:
        hot = self._any_hot()
        for name, content in self._hot_files():
            made = self._staging / name
            made.write_bytes(content)
            made.rename(hot / name)
            self._ledger.gathers("file of a hot folder by rename", content)
            if self._chance.random() < 0.5:
                yield

    def _hot_by_slow_copy(self) -> Steps:
        hot = self._any_hot()
        for name, content in self._hot_files():
            yield from self._in_pieces(hot / name, content)
            self._ledger.gathers("file of a hot folder by slow copy", content)

    def _hot_subfolder(self) -> Steps:
        hot = self._any_hot()
        files = dict(self._hot_files())
        made = self._staging / f"shots {self._chance.randrange(1_000_000)}"
        made.mkdir()
        for name, content in files.items():
            (made / name).write_bytes(content)
        yield
        made.rename(hot / made.name)
        for content in files.values():
            self._ledger.gathers("file of a folder in a hot folder", content)

    def _any_hot(self) -> Path:
        return self._inbox / self._chance.choice(_HOT)

    def _hot_files(self) -> list[tuple[str, bytes]]:
        stem = self._chance.choice(("shot", "海 \U0001f30a", "e\u0301te\u0301", "-a b", "p;q"))
        first = self._chance.randrange(1_000_000)
        return [
            (f"{stem}{first + turn}.png", self.picture())
            for turn in range(self._chance.randint(1, 5))
        ]

    def _broken_text(self, drop: Drop) -> bytes:
        what = self._chance.choice(sorted(_BROKEN))
        return f"# soak: {drop.token}, {what}\n{_BROKEN[what]}".encode()

    def _begin(self, kind: str, suffix: str = "") -> Drop:
        drop = self._ledger.begin(kind, self._inbox)
        drop.path = self._inbox / f"{drop.token}{suffix}"
        return drop

    def _write(self, drop: Drop, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self._ledger.wrote(drop, content)

    def _write_slowly(self, drop: Drop, name: str, content: bytes) -> Steps:
        yield from self._fill(drop, drop.path / name, content)
        yield

    def _fill(self, drop: Drop, path: Path, content: bytes) -> Steps:
        """Write in pieces, as a copy over a slow line does; the file is held open meanwhile."""
        yield from self._in_pieces(path, content)
        self._ledger.wrote(drop, content)

    def _in_pieces(self, path: Path, content: bytes) -> Steps:
        pieces = self._chance.randint(1, 4)
        size = -(-len(content) // pieces)
        with path.open("xb") as file:
            for start in range(0, len(content), size):
                file.write(content[start : start + size])
                file.flush()
                yield

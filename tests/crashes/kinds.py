"""The jobs of a laboratory: how each is dropped, what is done to it meanwhile, what comes back."""

import io
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from tests.builders import write
from vqd.domain.lifecycle import PROOF_MADE

_SHIPPED = Path(__file__).parents[2] / "workflows"
HOT = "image-scale"

Files = Mapping[str, bytes]
Meanwhile = Callable[[Path, str], bool]
"""Is given a spool and the engine's URL until it says that it has done what it is there for."""


@dataclass(frozen=True)
class Kind:
    """Files that are dropped, in a folder of the inbox or beside each other, the job file last.

    `home` is where the job comes back, `outputs` how many it has then, `renders` how often a
    prompt of it is carried out, at most that where it `is_cut_short`; `approvals` is how often it
    waits for one. Of one that was done before, `edited` is what is written over in its folder
    before that is moved from done/ to the inbox, and `aside` how many outputs belong to nothing
    then; the rest tells of its life after that.
    """

    name: str
    files: Files
    folder: str = ""
    home: str = "done"
    outputs: int = 1
    renders: int = 1
    meanwhile: Meanwhile | None = None
    is_cut_short: bool = False
    approvals: int = 0
    edited: Files | None = None
    aside: int = 0

    @property
    def before(self) -> "Kind":
        """Give what one that comes back was before, of as many outputs."""
        return replace(self, edited=None, aside=0, renders=self.outputs)

    def drop(self, spool: Path) -> list[bytes]:
        """Drop it, each file or the folder by one rename; gives the files that must not be lost."""
        if self.edited is not None:
            return [*self._move_back(spool, self.edited)]
        self._drop(spool / "inbox")
        return [*self.files.values()]

    def _drop(self, inbox: Path) -> None:
        staging = inbox.parent.parent / "staging"
        for name, content in self.files.items():
            path = staging / self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if self.folder not in ("", HOT):
            (staging / self.folder).rename(inbox / self.folder)
            return
        (inbox / self.folder).mkdir(exist_ok=True)
        for name in self.files:
            (staging / self.folder / name).rename(inbox / self.folder / name)

    def _move_back(self, spool: Path, edited: Files) -> Iterator[bytes]:
        """Edit the one job in done/, and move its folder to the inbox."""
        (folder,) = (spool / "done").iterdir()
        for name, content in edited.items():
            (folder / name).write_bytes(content)
        yield from {**self.files, **edited}.values()
        yield from (path.read_bytes() for path in (folder / "outputs").glob("*.png"))
        folder.rename(spool / "inbox" / folder.name)


def lay_workflow_out(folder: Path) -> None:
    """Write a workflow that is image-scale, but accepts no picture that is small."""
    text = (_SHIPPED / "image-scale.yaml").read_text(encoding="utf-8")
    strict = text.replace("name: image-scale", "name: image-strict")
    accepted = "prefix: filename_prefix, accept: {min_bytes: 2k}"
    write(folder / "image-strict.yaml", strict.replace("prefix: filename_prefix", accepted))
    graph = (_SHIPPED / "image-scale.json").read_text(encoding="utf-8")
    write(folder / "image-scale.json", graph)


def _picture(seed: int, *, side: int = 24) -> bytes:
    chance = np.random.default_rng(seed)
    file = io.BytesIO()
    Image.fromarray(chance.integers(0, 256, (side, side, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def _job(*lines: str, workflow: str = "image-scale") -> bytes:
    return "\n".join(("vqd: 1", f"workflow: {workflow}", *lines, "")).encode()


def _of_sizes(*sizes: str) -> str:
    return f"fan_out: {{matrix: {{size: [{', '.join(sizes)}]}}}}"


def _flat() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (24, 24), (200, 10, 10)).save(file, "PNG")
    return file.getvalue()


def _cancel_what_runs(spool: Path, engine: str) -> bool:
    try:
        folders = [path for path in (spool / "active").iterdir() if path.name[0] != "."]
        if not folders or not _is_working(engine):
            return False
        (folders[0] / "CANCEL").touch()
    except OSError:
        return False  # the power was cut, or the folder has just been handed over
    return True


def _approve_what_waits(spool: Path, _: str) -> bool:
    """Approve of a job that is quoted, or whose proof is made, and note it; there is always more to
    do until the job is over."""
    with suppress(OSError, sqlite3.Error):  # the power was cut
        for folder in (spool / "active").iterdir():
            request = folder / "APPROVE"
            # Looked for first: what is not there, and is waited for after that, was not put there.
            if not request.exists() and _waits_for_approval(spool, folder.name):
                with (spool.parent.parent / APPROVALS).open("a", encoding="utf-8") as approvals:
                    approvals.write(f"{folder.name}\n")
                request.touch()
    return False


def _waits_for_approval(spool: Path, job: str) -> bool:
    queue = spool.parent / "state" / "queue.db"
    with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True, timeout=60)) as connection:
        found = connection.execute(
            "SELECT 1 FROM jobs WHERE job = ?"
            " AND (state = 'quoted' OR (awaits_proof = 1 AND hold = ?))",
            (job, PROOF_MADE),
        )
        return found.fetchone() is not None


def _is_working(engine: str) -> bool:
    """Tell whether a prompt is carried out; no, too, where the engine has just been killed."""
    try:
        return bool(requests.get(f"{engine}/queue", timeout=60).json()["queue_running"])
    except requests.RequestException:
        return False


APPROVALS = "approvals"
"""Beside the house: a line for each APPROVE that was put there."""
QUOTED_OVER = 3
SMALL = "params: {size: 16x16}"
BY_SIZE = 'output: {name: "{input.stem}_{size}"}'
KINDS = {
    kind.name: kind
    for kind in (
        Kind("folder", {"p1.png": _picture(1), "job.yaml": _job(SMALL)}, folder="one"),
        Kind(
            "job file",
            {"p1.png": _picture(1), "one.yaml": _job(SMALL, "inputs: {image: p1.png}")},
        ),
        Kind(
            "two prompts",
            {"p1.png": _picture(1), "p2.png": _picture(2), "job.yaml": _job(SMALL)},
            folder="one",
            outputs=2,
            renders=2,
        ),
        Kind(
            "a failure and a retry",
            {
                "good.png": _picture(1, side=48),
                "bad.png": _flat(),
                "job.yaml": _job(
                    "params: {size: 48x48}", "retry: {limit: 1}", workflow="image-strict"
                ),
            },
            folder="one",
            home="failed",
            renders=3,
        ),
        Kind(
            "cancelled",
            {
                "p1.png": _picture(1),
                "p2.png": _picture(2),
                "job.yaml": _job("params: {size: 3600x3600}"),
            },
            folder="one",
            home="failed",
            outputs=0,
            renders=0,
            meanwhile=_cancel_what_runs,
            is_cut_short=True,
        ),
        Kind(
            "quoted, with a proof",
            {
                "p1.png": _picture(1),
                "p2.png": _picture(2),
                "job.yaml": _job(_of_sizes("16x16", "18x18"), BY_SIZE, "proof: {inputs: 1}"),
            },
            folder="one",
            outputs=4,
            renders=4,
            meanwhile=_approve_what_waits,
            approvals=2,
        ),
        Kind(
            "files of a hot folder",
            {f"p{number}.png": _picture(number) for number in (1, 2, 3)},
            folder=HOT,
            outputs=3,
            renders=3,
        ),
        Kind(
            "comes back",
            {"p1.png": _picture(1), "job.yaml": _job(_of_sizes("16x16", "18x18"), BY_SIZE)},
            folder="one",
            outputs=2,
            edited={"job.yaml": _job(_of_sizes("16x16", "20x20"), BY_SIZE)},
            aside=1,
        ),
    )
}

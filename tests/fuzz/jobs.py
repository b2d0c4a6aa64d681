"""What people drop: job files, tables, what lies beside inputs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tests.builders import NOW
from tests.fuzz.lines import text_of
from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from tests.samples import TWO_LINES, picture
from vqd.domain.errors import Problem, VqdError
from vqd.domain.graph import edited
from vqd.domain.names import printable
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.hot import hot_job
from vqd.spool.layout import Spool

RECORDED = Path(__file__).parent.parent / "recorded"
_MOST_MADE = 20

WORDS = """
vqd workflow name comment labels inputs params fan_out matrix exclude include zip rows per_input
seeds count base limit schedule priority suspended not_before window needs tags vram_gb max_parallel
after retry stop_job_after timeout deadline output sidecar keep notify events to proof record expect
sort file glob folder list done_marker image size scale fit method shots.csv p1.png *.png **/*.png
image-scale image-convert video-scale {job} {input.stem} {label.client} {seed} {n} {i:03} {date}
natural full brief done failed studio nights
"""
PHRASES = ("[a, b]", "{a: b}", "{scale: 1.5}", "{fit: 64x64}", "[[a]]", "- a", "|", ">")

_JOBS = (
    TWO_LINES,
    TWO_LINES
    + """\
name: beach
labels: {client: acme}
inputs:
  image: {glob: "*.png", expect: 2, sort: natural}
params:
  size: {scale: 0.5}
fan_out:
  matrix: {method: [area, lanczos]}
  exclude: [{method: area, size: 10x10}]
  include: [{method: nearest-exact}]
  per_input: {"p1*": {size: 20x20}}
  seeds: {count: 2, base: 7}
  limit: 50
schedule: {priority: 70, not_before: 2026-12-01T22:00, needs: {tags: [a], vram_gb: 2}, after: [x]}
retry: {limit: 1, timeout: 45m, deadline: 12h}
output: {name: "{job}/{input.stem}_{size}_{seed}", sidecar: full, keep: 30d}
proof: {inputs: 1}
""",
    TWO_LINES + "fan_out:\n  rows: shots.csv\n  zip: [{size: [8x8, 16x16]}]\n",
    TWO_LINES + "fan_out: {rows: [{size: 8x8}, {size: 9x9}], seeds: [1, 2]}\ndone_marker: READY\n",
    TWO_LINES + "fan_out:\n  matrix:\n    size: [8x8]\n    steps: 1-9000\n",
    '{"vqd": 1, "workflow": "image-scale", "params": {"size": "64x64"}, "inputs": {"image": "a"}}',
)
_AGAIN = f"""\
vqd: 1
workflow: image-scale
name: again
inputs: {{image: p1.png}}
params: {{size: 64x64}}
output: {{name: again}}
record:
  workflow_version: 1
  asked: {"a" * 64}
  sent: {"b" * 64}
  graph: {"c" * 64}
  edits: '{{"2.width": 64}}'
  inputs: {{image: {"d" * 64}}}
  binds: {{image: [1.image]}}
  outputs: {{image: {{node: "3", kind: image, prefix: filename_prefix, temp: true}}}}
  folder: vqd/20260101-000000-a/1-1
"""
_TABLE = "size,method\n64x64,area\n32x32,lanczos\n"


def sound(problems: Sequence[Problem]) -> None:
    """Require of faults that each has a code and says something that can be printed."""
    for problem in problems:
        assert problem.code.replace("_", "").isalnum(), problem
        assert problem.said.strip(), problem
        assert printable(str(problem)) == str(problem), problem
        str(problem).encode()


def told(error: VqdError) -> None:
    """Require of a fault that it has a code and says something."""
    assert error.code
    assert error.message.strip()
    sound(getattr(error, "problems", ()))


class _House:
    """A spool, and a folder in which a job lies."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool.create(folder / "spool")
        self.drafting = Drafting(self.spool, workflows=(), input_roots=(folder / "roots",))
        self.job = self.spool.inbox / "beach"
        for number in (1, 2):
            picture(self.job / f"p{number}.png", shade=number)

    def put(self, name: str, data: bytes) -> Path:
        """Write a file of the job; the job file is written anew."""
        path = self.job / name
        path.write_bytes(data)
        return path

    def draft(self, job_file: Path) -> Draft:
        """Read and plan the job, and make the first prompts of it."""
        draft = self.drafting.draft(job_file, now=NOW)
        sound(draft.problems)
        assert bool(draft.problems) != bool(draft.planned)
        if draft.planned is not None:
            for prompt in islice(draft.planned.prompts(), _MOST_MADE):
                edited(prompt.graph.nodes, prompt.edits)
        return draft


@contextmanager
def _job_files(folder: Path) -> Iterator[Check]:
    house = _House(folder)
    house.put("shots.csv", _TABLE.encode())
    house.put("READY", b"")

    def check(data: bytes) -> None:
        is_json = data.lstrip().startswith(b"{")
        path = house.put("job.json" if is_json else "job.yaml", data)
        try:
            house.draft(path)
        finally:
            path.unlink()
        sound(hot_job(house.drafting, house.put("_defaults.yaml", data), "image-scale").problems)
        (house.job / "_defaults.yaml").unlink()

    yield check


@contextmanager
def _tables(folder: Path) -> Iterator[Check]:
    house = _House(folder)
    job_file = house.put("job.yaml", f"{TWO_LINES}fan_out: {{rows: shots.csv}}\n".encode())

    def check(data: bytes) -> None:
        house.put("shots.csv", data)
        house.draft(job_file)

    yield check


@contextmanager
def _beside(folder: Path) -> Iterator[Check]:
    house = _House(folder)
    captioned = house.put("job.yaml", TWO_LINES.encode())

    def check(data: bytes) -> None:
        house.put("p1.yaml", data)
        house.put("p2.txt", data)
        house.draft(captioned)

    yield check


def _seeds() -> Sequence[bytes]:
    whole = (RECORDED / "whole" / "job.yaml").read_bytes()
    return [*(text.encode() for text in (*_JOBS, _AGAIN)), whole]


JOB_FILES = Surface("job-files", _job_files, _seeds, text_of(WORDS, *PHRASES))
JOB_FILES_AS_JSON = Surface(
    "job-files-as-json", _job_files, lambda: [_JOBS[-1].encode()], json_of(WORDS)
)
TABLES = Surface(
    "tables",
    _tables,
    lambda: [
        _TABLE.encode(),
        _TABLE.replace(",", ";").encode(),
        b'\xef\xbb\xbfsize\tmethod\r\n"64x64"\t"ar""ea"\r\n\r\n',
        (RECORDED / "whole" / "shots.csv").read_bytes(),
    ],
    text_of(', ; size method 8x8 area seed " ""', "\t", '"a\nb"', "\r"),
)
BESIDE = Surface(
    "beside-inputs",
    _beside,
    lambda: [b"size: 64x64\nmethod: area\n", b"size: {scale: 0.5}\n", b"vqd: 1\nworkflow: x\n"],
    text_of(WORDS, *PHRASES),
)

"""What lies in the folders of jobs and is read back: STATUS.yaml, the manifest, the failures."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from structlog.testing import capture_logs

from tests.builders import A_GRAPH, A_JOB_FILE, NOW, write
from tests.fuzz.jobs import told
from tests.fuzz.lines import lines_of, text_of
from tests.fuzz.mutation import parts_of
from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from vqd.cli.showing import show_folder
from vqd.cli.statusfile import progress_in
from vqd.domain.closed import ClosedJob
from vqd.domain.errors import Problem, VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts
from vqd.domain.queue import Job
from vqd.service.filed import filed_in
from vqd.spool import manifest
from vqd.spool.failures import failures_in
from vqd.spool.madelast import made_last
from vqd.spool.status import Steered, job_told_by, reason_told_by, tells_of_the_end, write_status
from vqd.spool.told import is_told_of_another, seconds_of, told_in
from vqd.store.store import Session, Store

JOB = "20260101-000000-beach"
_BETWEEN = b"\n---8<---\n"
"""Stands between manifest.jsonl and failures.jsonl, where one input holds both."""
_STATUS_WORDS = """
job workflow state reason counts total pending running succeeded failed cancelled kept percent
accepted_at started_at finished_at elapsed_s finish early expected late problems code where line
said allowed hint answers drift left_out heartbeat_at done 2026-01-01T00:00:00Z !!binary !!set
!!omap !!timestamp !!python/object:x &a *a <<: 9999-12-31T23:59:59-12:00 0001-01-01T00:00:00+12:00
1:59:59 0001-01-01 2026-01-01
"""


@contextmanager
def _statuses(folder: Path) -> Iterator[Check]:
    job = folder / JOB
    job.mkdir()

    def check(data: bytes) -> None:
        path = job / "STATUS.yaml"
        path.write_bytes(data)
        try:
            found = told_in(job)
            for at in (found.accepted_at, found.started_at, found.finished_at):
                seconds_of(at)
        except VqdError as error:
            told(error)
        is_told_of_another(job)
        job_told_by(path)
        reason_told_by(path)
        tells_of_the_end(path)
        progress_in(job)
        _shown(job)
        _filed(job)

    yield check


def _shown(folder: Path) -> None:
    """Require that a folder is shown to people and to programs, or that it is said why not."""
    for as_json in (True, False):
        try:
            with redirect_stdout(StringIO()):
                show_folder(folder, prompts=20, as_json=as_json)
        except VqdError as error:
            told(error)


def _filed(folder: Path) -> None:
    """Require that a folder is told of or not, without a fault of vqd's own in the log."""
    with capture_logs() as logs:
        filed_in(folder)
    assert not [one for one in logs if "exc_info" in one], logs


@contextmanager
def _manifests(folder: Path) -> Iterator[Check]:
    job = folder / JOB
    job.mkdir()
    graphs = job / "graphs"
    write(graphs / f"{A_GRAPH.sha256}.json", json.dumps(A_GRAPH.nodes))
    write_status(job, _closed(), now=NOW, durable=False)
    store = Store(folder / "queue.db")

    def check(data: bytes) -> None:
        made, _, unmade = data.partition(_BETWEEN)
        (job / manifest.MANIFEST).write_bytes(made)
        (job / "failures.jsonl").write_bytes(unmade)
        with manifest.opened(job) as found:
            for places in found.entries.values():
                for place in places:
                    assert len(found.lines(place)) == place.lines
            found.stems()
        for _ in made_last(job):
            pass
        for _ in failures_in(job):
            pass
        _shown(job)
        _filed(job)
        closed = filed_in(job)
        if closed is not None:
            with suppress(_Undone):
                store.write(partial(_adopt, closed))

    try:
        yield check
    finally:
        store.close()


class _Undone(Exception):
    """Takes back what was written: every input meets an empty queue."""


def _adopt(closed: ClosedJob, session: Session) -> None:
    assert session.adopted.adopt(closed, now=NOW)
    raise _Undone


def _closed() -> Job:
    return Job(
        job_key=1,
        job=JOB,
        workflow="image-scale",
        state=JobState.FAILED,
        counts=Counts(2, 0, 0, 1, 1, 0),
        plan=None,
        job_file=A_JOB_FILE,
        input_folder="inputs",
        priority=50,
        accepted_at=NOW,
        started_at=NOW + 1,
        finished_at=NOW + 60,
        reason="one prompt failed",
        problems=(Problem("unknown_key", "unknown key.", "job.yaml", 3, 1, "stepps"),),
    )


def _status_seeds() -> Sequence[bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        answers = [Steered("CANCEL", NOW, True, "cancelled")]
        write_status(path, _closed(), now=NOW, answers=answers, durable=False)
        return [(path / "STATUS.yaml").read_bytes(), b"job: x\nheartbeat_at: now\n"]


def _line(**changes: Any) -> dict[str, Any]:
    return {
        "output": "outputs/a_1.png",
        "prompt": 1,
        "inputs": {"image": "inputs/a.png"},
        "params": {"steps": 4, "cfg": 1.5, "on": True, "text": "a"},
        "seed": 7,
        "server": "gpu0",
        "attempt": 1,
        "started_at": "2026-01-01T00:00:00Z",
        "seconds": 1.5,
        "sha256": "f" * 64,
        "bytes": 10,
        "kind": "image",
        "width": 8,
        "height": 8,
        **dict.fromkeys(("frames", "fps", "duration_s", "sample_rate", "channels", "chars")),
        "graph": A_GRAPH.sha256,
        "mark": None,
        "key": "0" * 64,
        "kept": False,
        "slot": "image",
        "stem": "a_1",
        "sign": "1-2",
        "files": {"image": {"sha256": "e" * 64, "bytes": 3, "sign": None}},
        "asked": {"steps": 8},
        **changes,
    }


def _failure(**changes: Any) -> dict[str, Any]:
    return {
        "prompt": 2,
        "state": "failed",
        "code": "node_error",
        "said": "it raised",
        "inputs": {"image": "inputs/b.png"},
        "params": {"steps": 4},
        "seed": None,
        "server": None,
        "attempt": 2,
        "seconds": None,
        **changes,
    }


def _manifest_seeds() -> Sequence[bytes]:
    made = json.dumps(_line()).encode()
    more = json.dumps(_line(output="outputs/a_2.png", seed=None)).encode()
    unmade = json.dumps(_failure()).encode()
    both = json.dumps(_line(prompt=2, key="1" * 64, stem="b", output="outputs/b.png")).encode()
    return [
        made + b"\n" + _BETWEEN + unmade + b"\n",
        made + b"\n" + more + b"\n" + _BETWEEN + unmade + b"\n",
        made + b"\n" + both + _BETWEEN,
    ]


STATUSES = Surface("statuses", _statuses, _status_seeds, text_of(_STATUS_WORDS))
MANIFESTS = Surface(
    "manifests",
    _manifests,
    _manifest_seeds,
    parts_of(
        _BETWEEN,
        lines_of(json_of("outputs/a_1.png inputs/../x", *_line())),
        lines_of(json_of("", *_failure())),
    ),
    examples=50,
)

"""What vqd wrote for itself where anybody can write: notes of claims, the lease, kept folders."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from structlog.testing import capture_logs

from tests.fuzz.surface import Check, Surface
from tests.fuzz.trees import json_of
from vqd.domain.errors import VqdError
from vqd.spool.claims import recover_claims
from vqd.spool.kept import RECORD, KeptFolder
from vqd.spool.layout import Spool
from vqd.spool.lease import LEASE, Lease

JOB = "20260101-000000-beach"


@contextmanager
def _ours(folder: Path) -> Iterator[Check]:
    spool = Spool.create(folder / "spool")
    kept = folder / "kept"

    def check(data: bytes) -> None:
        _recovered(spool, data)
        (spool.root / LEASE).write_bytes(data)
        with suppress(VqdError), capture_logs():
            Lease(spool, machine="m").take(lambda _: None)
        kept.mkdir(exist_ok=True)
        (kept / RECORD).write_bytes(data)
        KeptFolder(kept).keep({"a.txt": "text"})
        shutil.rmtree(kept)

    yield check


def _recovered(spool: Spool, note: bytes) -> None:
    """Let a claim be recovered by its note; what was taken is back, or a job."""
    (spool.active / f".{JOB}.claim").write_bytes(note)
    building = spool.active / f".{JOB}.part"
    building.mkdir(exist_ok=True)
    (building / "a.png").write_bytes(b"a")
    recover_claims(spool.active, spool.inbox)
    for place in (spool.active, spool.inbox):
        for left in place.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _seeds() -> Sequence[bytes]:
    notes = [
        {"origin": origin, "last": last, "is_folder": is_folder, "by": by}
        for origin, last in (("inbox", "a.yaml"), ("inbox/hot", "job.yaml"), ("inbox/x", "a.png"))
        for is_folder in (False, True)
        for by in ("rename", "copy", "link")
    ]
    lease = {"host": "nas", "pid": 7, "machine": "m", "renewals": 3}
    record = {"a.txt": {"sha256": "0" * 64, "bytes": 4, "mtime_ns": 1}}
    return [json.dumps(one).encode() for one in (*notes, lease, record)]


OURS = Surface(
    "own-notes",
    _ours,
    _seeds,
    json_of(
        "origin last is_folder by rename copy link inbox ../active machine host pid a.txt bytes"
    ),
    examples=80,
)

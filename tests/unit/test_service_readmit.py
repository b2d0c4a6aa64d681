"""Folders in active/ at a rescan: the queue is asked once, and only strangers are looked into."""

from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.samples import picture_job
from vqd.service import submit
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.submit import Submission
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool
from vqd.store.store import Store

WAITING = [f"20260101-000000-{name}" for name in ("a", "b", "c")]
STRANGER = "20260101-000000-moved-here"


def test_of_a_thousand_folders_only_those_that_do_not_wait_in_the_queue_are_looked_into(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool.create(tmp_path / "spool")
    drafting = Drafting(spool, workflows=(), input_roots=())
    submission = Submission(spool, store, drafting, Aside("returns"), on_change=lambda: None)
    for job in WAITING:
        accept_a_job(store, job)
        write(spool.active / job / "job.yaml", "not even read")
    picture_job(spool.active / STRANGER)
    (spool.active / ".claim-under-way").mkdir()
    looked_into: list[str] = []
    find = Spool.find

    def found(spool: Spool, job: str) -> Path | None:
        looked_into.append(job)
        return find(spool, job)

    def looked(folder: Path) -> Path | None:
        looked_into.append(folder.name)
        return job_file_in(folder)

    monkeypatch.setattr(Spool, "find", found)
    monkeypatch.setattr(submit, "job_file_in", looked)
    assert submission.readmit(now=NOW) == [STRANGER]
    assert set(looked_into) == {STRANGER}

import errno
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import NOW, write
from tests.samples import picture, picture_job
from vqd.domain.lifecycle import JobState
from vqd.service import accepting
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.submit import Submission
from vqd.spool.layout import Spool
from vqd.store.store import Store


def test_a_job_whose_status_cannot_be_written_is_accepted_all_the_same(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    spool = Spool.create(tmp_path / "spool")
    drafting = Drafting(spool, workflows=(), input_roots=())
    submission = Submission(spool, store, drafting, Aside("returns"), on_change=lambda: None)
    folder = picture_job(spool.inbox / "beach")
    draft = submission.draft(folder / "job.yaml", now=NOW)
    monkeypatch.setattr(accepting, "write_status", refused)
    with capture_logs() as log:
        job = submission.take_folder(folder / "job.yaml", draft, now=NOW).job
    assert [line["event"] for line in log] == ["status.unwritten"]
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    assert found.state is JobState.QUEUED


def test_of_job_files_that_are_taken_together_the_first_and_the_last_are_told_of(
    tmp_path: Path, store: Store
) -> None:
    in_the_queue: list[int] = []

    def look() -> None:
        with store.reading() as session:
            in_the_queue.append(len(session.jobs.unfinished()))

    spool = Spool.create(tmp_path / "spool")
    drafting = Drafting(spool, workflows=(), input_roots=())
    submission = Submission(spool, store, drafting, Aside("returns"), on_change=look)
    drops = []
    for number in range(5):
        image = picture(spool.inbox / f"shot{number}.png").name
        text = f"vqd: 1\nworkflow: image-scale\ninputs: {{image: {image}}}\n"
        job_file = write(spool.inbox / f"shot{number}.yaml", text)
        drops.append((job_file, submission.draft(job_file, now=NOW)))
    submission.take_files(drops, now=NOW)
    first, last = in_the_queue
    assert first >= 1
    assert last == len(drops)

from pathlib import Path

from structlog.testing import capture_logs

from tests.builders import NOW
from tests.samples import picture_job
from vqd.domain.lifecycle import JobState
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.submit import Submission
from vqd.spool.files import temporary_beside
from vqd.spool.layout import Spool
from vqd.store.store import Store


def test_a_job_whose_status_cannot_be_written_is_accepted_all_the_same(
    tmp_path: Path, store: Store
) -> None:
    spool = Spool.create(tmp_path / "spool")
    drafting = Drafting(spool, workflows=(), input_roots=())
    submission = Submission(spool, store, drafting, Aside("returns"), on_change=lambda: None)
    folder = picture_job(spool.inbox / "beach")
    temporary_beside(folder / "STATUS.yaml").mkdir()
    draft = submission.draft(folder / "job.yaml", now=NOW)
    with capture_logs() as log:
        job = submission.take_folder(folder / "job.yaml", draft, now=NOW).job
    assert [line["event"] for line in log] == ["status.unwritten"]
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    assert found.state is JobState.QUEUED

"""Jobs that are sent piece by piece: put together, checked where they lie, and then taken in as
drops are."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vqd.domain.errors import Faults, Problem, VqdError
from vqd.domain.frozen import frozen
from vqd.service.preview import Preview, Previews
from vqd.service.submit import Submission
from vqd.spool.asking import Asker, Silent
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool
from vqd.spool.space import Disks, LookAtDisks
from vqd.spool.staging import Staging, is_left_out, staged

JOB_FILE = "job.yaml"
JSON_JOB_FILE = "job.json"


@frozen
class Submitted:
    """A job that was taken in: its name, and how many prompts it has."""

    job: str
    prompts: int


class Upload:
    """One job that is being sent."""

    def __init__(self, staging: Staging, submission: Submission, previews: Previews) -> None:
        self._staging = staging
        self._submission = submission
        self._previews = previews

    def create(self, path: str) -> BinaryIO | None:
        """Give a file of the job to write, its path relative to the job's folder; None for one that
        is never taken, such as .DS_Store.

        Raises:
            Faults: `bad_path`, `duplicate_file`. OSError: it cannot be made.
        """
        return None if is_left_out(path) else self._staging.create(path)

    def check(self, *, now: float) -> Preview:
        """Read and plan it where it lies.

        Raises:
            Faults: `no_job_file`.
        """
        return self._previews.preview(self._job_file(), now=now)

    def submit(self, *, now: float) -> Submitted:
        """Take it into the queue.

        Raises:
            Faults: everything that is wrong with it; nothing was taken.
            OSError, VqdError: it cannot be taken now.
        """
        job_file = self._job_file()
        with self._submission.letting_by():
            draft = self._submission.draft(job_file, now=now)
        if draft.problems:
            raise Faults(draft.problems)
        self._staging.sync()
        coming = self._submission.take_folder(job_file, draft, now=now)
        coming.accepted.result()
        return Submitted(coming.job, draft.total)

    def _job_file(self) -> Path:
        found = job_file_in(self._staging.folder)
        if found is None:
            hint = f"Send the job as the part `job`, or as a file {JOB_FILE}."
            raise Faults([Problem("no_job_file", "No job file was sent.", hint=hint)])
        return found


class Uploads:
    """Takes jobs that are sent, some at once."""

    def __init__(
        self,
        spool: Spool,
        submission: Submission,
        previews: Previews,
        look_at_disks: LookAtDisks,
        asker: Asker,
    ) -> None:
        self._spool = spool
        self._submission = submission
        self._previews = previews
        self._look_at_disks = look_at_disks
        self._asker = asker
        self._seen = look_at_disks()

    @contextmanager
    def begun(self, name: str, bytes_: int) -> Iterator[Upload]:
        """Give a job to send the parts of, of so many bytes in all; its name is for one whose job
        file has none. What was not submitted by the end of the block is gone.

        Raises:
            VqdError: `spool_away`, `no_space`. OSError: it cannot be begun.
        """
        shortage = self.disks().shortage(planned_bytes=bytes_)
        if shortage is not None:
            raise VqdError("no_space", f"{shortage}.", "Then send it again.")
        with staged(self._spool, name) as staging:
            yield Upload(staging, self._submission, self._previews)

    def disks(self) -> Disks:
        """Look at the disks of the spool and of the queue; as seen last, if one does not answer."""
        with suppress(Silent):
            self._seen = self._asker.ask(self._look_at_disks)
        return self._seen

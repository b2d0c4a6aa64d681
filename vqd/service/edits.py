"""Editing the job file of a closed job, and letting the job run again with it: what a person does
who edits it where it lies, and moves the folder into the inbox."""

from dataclasses import dataclass
from pathlib import Path

from vqd.documents.opening import opened
from vqd.domain.errors import Faults, VqdError
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.queue import Job
from vqd.service.back import bring_back
from vqd.service.preview import Preview, Previews
from vqd.spool.files import write_whole
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool

LONGEST_BYTES = 1 << 20
"""Of a job file that is edited over a door; a longer one is edited where it lies."""


@dataclass(frozen=True, slots=True)
class JobFileText:
    """A job file by its name in the job's folder."""

    name: str
    text: str


class Edits:
    """Reads, checks and replaces the job files of closed jobs."""

    def __init__(self, spool: Spool, previews: Previews) -> None:
        self._spool = spool
        self._previews = previews

    def read(self, job: Job) -> JobFileText:
        """Give the job file of a job, closed or not.

        Raises:
            VqdError: `spool_away`; `unknown_file`, it is gone; `too_large`; `not_text`.
            OSError: it cannot be read.
        """
        job_file = self._job_file(job)
        with opened(job_file) as file:
            content = file.read(LONGEST_BYTES + 1)
        if len(content) > LONGEST_BYTES:
            said = f"{job_file.name} is larger than {LONGEST_BYTES:,} bytes."
            raise VqdError("too_large", said, "Edit it where it lies, and move the folder back.")
        try:
            return JobFileText(job_file.name, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            said = f"{job_file.name} is not UTF-8."
            raise VqdError("not_text", said, "Edit it where it lies.") from error

    def check(self, job: Job, text: str, *, now: float) -> Preview:
        """Give what a closed job would be with another job file: what of it is kept, and which
        prompts would run.

        Raises:
            VqdError: `job_open`, and as `read`. OSError: it cannot be checked.
        """
        return self._previews.preview(self._closed_job_file(job), now=now, text=text)

    def run_again(self, job: Job, text: str, *, now: float) -> Path:
        """Replace the job file of a closed job, and let its folder come back: only what the edit
        changes runs, and what has not succeeded. Gives where it lies.

        Raises:
            Faults: everything that is wrong with it; nothing was changed.
            VqdError: as `check`; `name_taken`. OSError: it cannot be replaced or moved.
        """
        preview = self.check(job, text, now=now)
        if preview.draft.problems:
            raise Faults(preview.draft.problems)
        write_whole(self._closed_job_file(job), text.encode())
        return bring_back(self._spool, job.job)

    def _closed_job_file(self, job: Job) -> Path:
        if job.state not in CLOSED_STATES:
            said = f"{job.job} is not over yet."
            raise VqdError("job_open", said, "Cancel it, or wait until it is done.")
        return self._job_file(job)

    def _job_file(self, job: Job) -> Path:
        self._spool.require_present()
        folder = self._spool.find(job.job)
        found = job_file_in(folder) if folder else None
        if found is None:
            hint = "Drop the job again."
            raise VqdError("unknown_file", f"The job file of {job.job} is gone.", hint)
        return found

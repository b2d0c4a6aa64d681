"""Editing the job file of a closed job, and letting the job run again with it: what a person does
who edits it where it lies, and moves the folder into the inbox."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vqd.documents.opening import opened
from vqd.documents.reader import parse_as
from vqd.documents.tree import Node, Sequence, Text
from vqd.documents.writer import written
from vqd.domain.errors import Faults, VqdError
from vqd.domain.frozen import frozen
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.domain.queue import Job
from vqd.service.back import bring_back
from vqd.service.preview import Preview, Previews
from vqd.spool.files import write_whole
from vqd.spool.jobfiles import job_file_in
from vqd.spool.layout import Spool

LONGEST_BYTES = 1 << 20
"""Of a job file that is edited over a door; a longer one is edited where it lies."""

_NUMBER = re.compile(r"-?\d{1,16}(\.\d{1,16})?")
_LARGEST = (1 << 53) - 1
"""Up to which JSON's numbers are exact in browsers."""

Content = str | Mapping[str, Any]
"""What a job file is to hold: its text, or its keys as plain values, of which a text is made."""


@frozen
class JobFileText:
    """A job file by its name in the job's folder. Its `keys` are what the text says: numbers and
    booleans as such if they are written as vqd would, all else as texts; None where it cannot be
    read."""

    name: str
    text: str
    keys: Mapping[str, Any] | None


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
            return told_by(job_file, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            said = f"{job_file.name} is not UTF-8."
            raise VqdError("not_text", said, "Edit it where it lies.") from error

    def both(self, job: Job, content: Content) -> JobFileText:
        """Give what the job file of a job would be, as text and as keys.

        Raises:
            VqdError: as `read`; `too_deep`.
        """
        job_file = self._job_file(job)
        return told_by(job_file, text_of(job_file, content))

    def check(self, job: Job, content: Content, *, now: float) -> Preview:
        """Give what a closed job would be with another job file: what of it is kept, and which
        prompts would run.

        Raises:
            VqdError: `job_open`, and as `both`. OSError: it cannot be checked.
        """
        job_file = self._closed_job_file(job)
        return self._previews.preview(job_file, now=now, text=text_of(job_file, content))

    def run_again(self, job: Job, content: Content, *, now: float) -> Path:
        """Replace the job file of a closed job, and let its folder come back: only what the edit
        changes runs, and what has not succeeded. Gives where it lies.

        Raises:
            Faults: everything that is wrong with it; nothing was changed.
            VqdError: as `check`; `name_taken`. OSError: it cannot be replaced or moved.
        """
        preview = self.check(job, content, now=now)
        if preview.draft.problems:
            raise Faults(preview.draft.problems)
        job_file = self._closed_job_file(job)
        write_whole(job_file, text_of(job_file, content).encode())
        return bring_back(self._spool, job.job)

    def _closed_job_file(self, job: Job) -> Path:
        if job.state in CLOSED_STATES:
            job_file = self._job_file(job)
            if not job_file.is_relative_to(self._spool.active):  # where it is once it came back
                return job_file
        said = f"{job.job} is not over."
        raise VqdError("job_open", said, "Cancel it, or wait until it is done.")

    def _job_file(self, job: Job) -> Path:
        self._spool.require_present()
        folder = self._spool.find(job.job)
        found = job_file_in(folder) if folder else None
        if found is None:
            hint = "Drop the job again."
            raise VqdError("unknown_file", f"The job file of {job.job} is gone.", hint)
        return found


def text_of(job_file: Path, content: Content) -> str:
    """Give the text of a job file that is to say this."""
    if isinstance(content, str):
        return content
    try:
        if job_file.suffix.lower() == ".json":
            return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        return written(content).decode()
    except RecursionError:
        raise VqdError(
            "too_deep", "The job file is nested too deep.", "Write less into it."
        ) from None


def told_by(job_file: Path, text: str) -> JobFileText:
    """Give what a job file of this text says."""
    try:
        keys = _plain(parse_as(job_file, text).root)
    except Faults:
        keys = None
    return JobFileText(job_file.name, text, keys)


def _scalar(text: Text) -> str | int | float | bool | None:
    """Give a scalar as what a writer writes so: `010` and `'1'` are texts, `1` is a number."""
    if text.is_absent:
        return None
    if text.plain and text in ("true", "false"):
        return text == "true"
    if text.plain and _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return number if str(number) == text and abs(number) <= _LARGEST else str(text)
    return str(text)


def _plain(node: Node) -> Any:
    """Give a tree without the places of its parts."""
    if isinstance(node, Text):
        return _scalar(node)
    if isinstance(node, Sequence):
        return [_plain(one) for one in node]
    return {str(key): _plain(one) for key, one in node.items()}

"""Bringing a closed job back: what a person does who moves its folder into the inbox."""

import os
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool


def bring_back(spool: Spool, job: str) -> Path:
    """Move the folder of a closed job into the inbox, from where it is taken: what has not
    succeeded runs again. Gives where it lies.

    Raises:
        VqdError: `unknown_file`, its folder is gone; `job_open`, it came back already;
            `name_taken`; `spool_away`.
        OSError: it cannot be moved.
    """
    spool.require_present()
    folder = spool.find(job)
    if folder is None:
        raise VqdError("unknown_file", f"The folder of {job} is gone.", "Drop the job again.")
    if folder.parent == spool.active:
        raise VqdError("job_open", f"{job} has come back already.", "Wait until it is over.")
    target = spool.inbox / job
    if os.path.lexists(target):
        raise VqdError("name_taken", f"{target} is there already.", "Move it away first.")
    folder.rename(target)
    return target

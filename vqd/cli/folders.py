"""The folders of jobs, as the command line finds them: by a part of the name, with or without a
queue beside them."""

import os
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.domain.place import Place
from vqd.service.views import open_views, unknown_job
from vqd.spool.layout import Spool

_MOST_NAMED = 6
_MOST_COMPARED = 100


def job_folder(spool: Spool, part: str, queue_place: Place | None = None) -> Path:
    """Give the folder of the job of that name, or of the only one whose name has it in it.

    Raises:
        VqdError: `spool_away`, `unknown_job`, `ambiguous_job`; of a job that the queue at
            `queue_place` knows: `at_home_elsewhere`, its folder is in the spool of another host;
            `folder_gone`, nobody knows where it is.
    """
    spool.require_present()
    found = spool.find(part)
    if found is not None:
        return found
    fitting = [
        folder
        for place in (spool.active, spool.failed, spool.done)
        for folder in place.iterdir()
        if part and part in folder.name and not folder.name.startswith(".")
    ]
    if len(fitting) > 1:
        names = ", ".join(sorted(printable(folder.name) for folder in fitting)[:_MOST_NAMED])
        raise VqdError("ambiguous_job", f"Several jobs fit {part}: {names}.", "Name one.")
    if not fitting:
        raise _unknown(spool, part, queue_place)
    return fitting[0]


def lies_in_inbox(spool: Spool, name: str) -> bool:
    """Tell whether a drop of this name lies in the inbox."""
    is_name = name not in ("", ".", "..") and "/" not in name
    return is_name and os.path.lexists(spool.inbox / name)


def not_taken_yet(name: str) -> VqdError:
    """Give the error that a drop is no job yet."""
    said = f"{printable(name)} lies in the inbox and is no job yet."
    return VqdError("unknown_job", said, f"vqd explain {printable(name)} says why.")


def _unknown(spool: Spool, part: str, queue_place: Place | None) -> VqdError:
    if lies_in_inbox(spool, part):
        return not_taken_yet(part)
    if queue_place is not None:
        try:
            with open_views(spool.at_home(queue_place)) as views:
                job = views.job(part)
                views.require_here(job)
        except VqdError as error:
            if error.code in ("ambiguous_job", "at_home_elsewhere"):
                return error
        else:
            return VqdError(
                "folder_gone",
                f"{job.job} is {job.state}, and its folder is not in the spool any more.",
                "Somebody moved or deleted it; put into the inbox it runs again, wherever it was.",
            )
    names = (
        one.name for place in (spool.active, spool.failed, spool.done) for one in _newest(place)
    )
    return unknown_job(part, names)


def _newest(place: Path) -> list[Path]:
    """Give the newest jobs in a folder, by their names."""
    return sorted(place.glob("[0-9]*"), reverse=True)[:_MOST_COMPARED]

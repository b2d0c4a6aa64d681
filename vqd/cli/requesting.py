"""Asking something of a job by a file in its folder, as a person does, and waiting a moment for the
answer."""

import threading
import time
from pathlib import Path

from vqd.domain.errors import VqdError
from vqd.service.back import bring_back
from vqd.service.shapes.answers import SteeredShape
from vqd.spool.layout import Spool

ANSWERED_WITHIN_S = 6.0
"""A daemon answers within five on a share, and sooner on a disk of its own."""
_REFUSED = "refused-"


def ask(spool: Spool, folder: Path, request: str, *, is_daemon_down: bool) -> SteeredShape:
    """Put a request into a job's folder, and give what the daemon answers to it soon.

    Raises:
        VqdError: `not_done`, it is refused; `job_over`.
    """
    require_open(spool, folder.name)
    (folder / request).touch()
    verb = request.split()[0]
    until = time.monotonic() + ANSWERED_WITHIN_S
    pause = threading.Event()
    while not is_daemon_down and time.monotonic() < until:
        lies_in = spool.find(folder.name) or folder  # a job may end while it is steered
        answer = _newest(lies_in, f"{verb}.*")
        if answer is not None and not (lies_in / request).exists():
            return SteeredShape(folder.name, _read(folder.name, answer.name[len(verb) + 1 :]))
        pause.wait(0.05)
    require_open(spool, folder.name)
    return SteeredShape(folder.name, None)


def run_again(spool: Spool, folder: Path) -> SteeredShape:
    """Let a job that is over come back, by moving its folder into the inbox.

    Raises:
        VqdError: as `bring_back`.
    """
    target = bring_back(spool, folder.name)
    return SteeredShape(folder.name, f"moved {target}")


def require_open(spool: Spool, job: str) -> None:
    """Do nothing while a job is not over.

    Raises:
        VqdError: `job_over`.
    """
    folder = spool.find(job)
    if folder is not None and folder.parent != spool.active:
        raise VqdError("job_over", f"{job} is over already; it lies in {folder.parent}.")


def _read(job: str, answer: str) -> str:
    if answer.startswith(_REFUSED):
        raise VqdError("not_done", f"{job}: {answer.removeprefix(_REFUSED)}.")
    return answer


def _newest(folder: Path, pattern: str) -> Path | None:
    """Give the file that was put there last; an answer is the request itself under another name."""
    try:
        return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns, default=None)
    except FileNotFoundError:
        return None

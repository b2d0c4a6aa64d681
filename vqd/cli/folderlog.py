"""The log.txt in a job's folder, for any machine that mounts the share."""

from pathlib import Path

from vqd.documents.opening import opened
from vqd.domain.errors import VqdError
from vqd.spool.joblog import LOG
from vqd.spool.layout import Spool


class FolderLog:
    """A log in a job's folder, which may move while it is read."""

    def __init__(self, spool: Spool, job: str) -> None:
        self._spool = spool
        self._job = job

    def read(self, first_byte: int, most_bytes: int) -> bytes:
        """Give what there is more of it; nothing if it has not begun, or its folder is on the way
        elsewhere."""
        folder = self._spool.find(self._job)
        try:
            if folder is None:
                return b""
            with opened(folder / LOG) as file:
                file.seek(first_byte)
                return file.read(most_bytes)
        except FileNotFoundError:
            return b""

    def is_over(self) -> bool:
        """Tell whether the job is over."""
        folder = self._spool.find(self._job)
        return folder is None or folder.parent != self._spool.active


def folder_log(spool: Spool, folder: Path, *, follow: bool) -> FolderLog:
    """Give the log in a job's folder; to `follow` it, it need not have begun.

    Raises:
        VqdError: `no_log`.
    """
    if not follow and not (folder / LOG).exists():
        raise _no_log(spool, folder)
    return FolderLog(spool, folder.name)


def _no_log(spool: Spool, folder: Path) -> VqdError:
    if folder.parent == spool.active:
        hint = "It begins when something happens to the job; --follow waits for it."
    else:
        hint = "It is kept as long as `keep` in the settings or in the job says."
    return VqdError("no_log", f"{folder}: there is no {LOG}.", hint)

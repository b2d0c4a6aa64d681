"""Taking job files, thousands at once: what makes each durable is done side by side, and once.

Their claims sync the same folders, which the file system does together for all that ask it at the
same time; and they share a commit. They are accepted in their order.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from vqd.domain.frozen import frozen
from vqd.domain.names import folded
from vqd.service.draft import Draft
from vqd.spool import claims
from vqd.spool.jobfiles import is_alone
from vqd.spool.layout import Spool

SIDE_BY_SIDE = 8

T = TypeVar("T")


class Begin(Protocol):
    """Begins to accept a claimed folder by its name, and gives what ends that."""

    def __call__(self, job: str, draft: Draft, *, now: float) -> Callable[[], None]: ...


@frozen
class Begun:
    """A job file that was claimed: its JOB, and what ends its acceptance."""

    job: str
    end: Callable[[], None]


class Together:
    """Takes settled job files out of the inbox, with their inputs."""

    def __init__(self, spool: Spool, begin: Begin, is_known: Callable[[str], bool]) -> None:
        self._spool = spool
        self._begin = begin
        self._is_known = is_known

    def begin(self, files: Sequence[tuple[Path, Draft]], *, now: float) -> list[Begun | Exception]:
        """Claim them and begin to accept them; gives each, or why it was not taken."""
        drafts = [draft for _, draft in files]
        folders = self._folders(drafts, now)
        is_last = [False] * (len(files) - 1) + [True]
        with ThreadPoolExecutor(SIDE_BY_SIDE, "claim") as pool:
            claimed = list(pool.map(_told(self._claim), files, folders, is_last))

        def begun(folder: Path, draft: Draft) -> Begun:
            return Begun(folder.name, self._begin(folder.name, draft, now=now))

        return [
            one if isinstance(one, Exception) else _told(begun)(one, draft)
            for one, draft in zip(claimed, drafts, strict=True)
        ]

    def _folders(self, drafts: Sequence[Draft], now: float) -> list[Path]:
        names: dict[str, str] = {}  # by what a case-blind share takes for the same
        for draft in drafts:
            job = self._spool.free_job_name(
                draft.name, now, lambda job: folded(job) in names or self._is_known(job)
            )
            names[folded(job)] = job
        return [self._spool.active / job for job in names.values()]

    def _claim(self, file: tuple[Path, Draft], folder: Path, is_last: bool) -> Path:
        """Claim one of several: that others lie there is known until the last of them."""
        job_file, draft = file
        inbox = self._spool.inbox
        inputs = [inbox / path for path in draft.inputs if not Path(path).is_absolute()]
        alone = not inputs or (is_last and is_alone(job_file, but=draft.inputs))
        claims.claim_file(job_file, inputs, folder, alone=alone)
        return folder


def _told(act: Callable[..., T]) -> Callable[..., T | Exception]:
    """Let an act give what it raises: of many, one that fails keeps no other from being taken."""

    def told(*given: object) -> T | Exception:
        try:
            return act(*given)
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whole
            return error

    return told

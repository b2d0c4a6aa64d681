"""Taking job files, thousands at once: what makes each durable is done side by side, and once.

Their claims sync the same folders, which the file system does together for all that ask it at the
same time; and they share a commit. They are accepted in their order.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from vqd.domain.names import folded
from vqd.service.accepting import Accepting
from vqd.service.draft import Draft
from vqd.spool import claims, drops
from vqd.spool.jobfiles import is_alone
from vqd.spool.layout import Spool

SIDE_BY_SIDE = 8

T = TypeVar("T")
U = TypeVar("U")


class Together:
    """Takes settled job files out of the inbox, with their inputs."""

    def __init__(self, spool: Spool, accepting: Accepting, is_known: Callable[[str], bool]) -> None:
        self._spool = spool
        self._accepting = accepting
        self._is_known = is_known

    def take(self, files: Sequence[tuple[Path, Draft]], *, now: float) -> list[str | Exception]:
        """Claim and accept them; gives the JOB of each, or why it was not taken."""
        folders = self._folders([draft for _, draft in files], now)
        with ThreadPoolExecutor(SIDE_BY_SIDE, "claim") as pool:
            claimed = list(pool.map(_told(self._claim), files, folders))
        accepts = [partial(self._begin, draft, now) for _, draft in files]
        begun = [_then(one, accept) for one, accept in zip(claimed, accepts, strict=True)]
        ended = [_then(end, _carried_out) for end in begun]
        return [
            end if isinstance(end, Exception) else folder.name
            for end, folder in zip(ended, folders, strict=True)
        ]

    def _folders(self, drafts: Sequence[Draft], now: float) -> list[Path]:
        names: dict[str, str] = {}  # by what a case-blind share takes for the same
        for draft in drafts:
            job = self._spool.free_job_name(
                draft.name, now, lambda job: folded(job) in names or self._is_known(job)
            )
            names[folded(job)] = job
        return [self._spool.active / job for job in names.values()]

    def _claim(self, file: tuple[Path, Draft], folder: Path) -> Path:
        job_file, draft = file
        inbox = self._spool.inbox
        inputs = [inbox / path for path in draft.inputs if not Path(path).is_absolute()]
        alone = not inputs or is_alone(job_file, but=draft.inputs)
        claims.claim_file(job_file, inputs, folder, alone=alone)
        return folder

    def _begin(self, draft: Draft, now: float, folder: Path) -> Callable[[], None]:
        drops.set_aside(folder)
        return self._accepting.begin(folder.name, draft, now=now)


def _told(act: Callable[..., T]) -> Callable[..., T | Exception]:
    """Let an act give what it raises: of many, one that fails keeps no other from being taken."""

    def told(*given: object) -> T | Exception:
        try:
            return act(*given)
        except Exception as error:  # noqa: BLE001 - it is handed to the caller, whole
            return error

    return told


def _then(before: T | Exception, act: Callable[[T], U]) -> U | Exception:
    return before if isinstance(before, Exception) else _told(act)(before)


def _carried_out(end: Callable[[], None]) -> None:
    end()

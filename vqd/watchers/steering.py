"""Steering files: a small file put into active/JOB is a request; its new name is the answer."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from vqd.domain.names import safe_name
from vqd.service.control import Answer, Control

LOOK_EVERY_S = 1.0
JOBS_A_LOOK = 500
"""With more active jobs than this the looks come less often, so that their cost stays the same."""

_REQUEST = re.compile(
    r"(CANCEL|RETRY|PAUSE|RESUME|APPROVE|PRIORITY(?: (\d{1,9}))?)(\.txt)?", re.IGNORECASE
)

_log = structlog.get_logger(__name__)


class Steering:
    """Carries out the requests that lie in the folders of active jobs."""

    def __init__(
        self, active: Path, control: Control, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._active = active
        self._control = control
        self._clock = clock
        self._due_at = 0.0
        self._answers: dict[Path, str] = {}

    def scan(self, now: float) -> float | None:
        """Answer every request in every active job.

        `now` is monotonic seconds. Gives the seconds until another look is due, longer the more
        there is to look at; None while no job is active.
        """
        if now < self._due_at:
            return self._due_at - now
        folders = _folders(self._active)
        for folder in folders:
            self._look_into(folder)
        if not folders:
            return None
        wait_s = max(LOOK_EVERY_S, len(folders) * LOOK_EVERY_S / JOBS_A_LOOK)
        self._due_at = now + wait_s
        return wait_s

    def _look_into(self, folder: Path) -> None:
        try:
            requests = _requests(folder)
        except FileNotFoundError:
            return  # published since it was listed
        for path in requests:
            self._answer(path)

    def _answer(self, path: Path) -> None:
        is_new = path not in self._answers
        answer = self._answers.pop(path) if not is_new else self._carried_out(path)
        try:
            path.rename(path.with_name(answer))
        except FileNotFoundError:
            _log.info("steering.moved", job=path.parent.name, request=path.name)
        except OSError as error:
            self._answers[path] = answer
            if is_new:
                _log.warning("steering.unanswered", request=str(path), error=str(error))

    def _carried_out(self, path: Path) -> str:
        """Carry out a request and give the name that answers it."""
        verb, job, now = _verb(path), path.parent.name, self._clock()
        answer = self._steer(verb, job, _number(path), now)
        _log.info("steering.answered", job=job, verb=verb, done=answer.done, said=answer.said)
        stamp = time.strftime("%H%M%S", time.gmtime(now))
        ending = f"done-{stamp}" if answer.done else f"refused-{safe_name(answer.said)}"
        return f"{verb}.{ending}"

    def _steer(self, verb: str, job: str, number: int | None, now: float) -> Answer:
        match verb:
            case "CANCEL":
                return self._control.cancel(job, why="CANCEL was put there", now=now)
            case "RETRY":
                return self._control.retry(job, now=now)
            case "PAUSE":
                return self._control.suspend(job, now=now)
            case "RESUME":
                return self._control.resume(job, now=now)
            case "APPROVE":
                return self._control.approve(job, now=now)
            case _:  # PRIORITY, the only one with a number
                return self._control.prioritise(job, number, now=now)


def has_request(folder: Path, verb: str) -> bool:
    """Tell whether a request of this name lies in a folder."""
    return any(_verb(path) == verb for path in _requests(folder))


def _requests(folder: Path) -> Sequence[Path]:
    named = [path for path in folder.iterdir() if _verb(path)]
    return [path for path in named if path.is_file() and not path.is_symlink()]


def _verb(path: Path) -> str:
    match = _REQUEST.fullmatch(path.name)
    return match[1].split()[0].upper() if match else ""


def _number(path: Path) -> int | None:
    match = _REQUEST.fullmatch(path.name)
    return int(match[2]) if match and match[2] else None


def _folders(active: Path) -> Sequence[Path]:
    return [path for path in active.iterdir() if path.is_dir() and not path.name.startswith(".")]

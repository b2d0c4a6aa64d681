"""Carries out the requests that lie in the folders of jobs, and answers each in its name."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path

import structlog

from vqd.service.control import Answer, Control
from vqd.spool.layout import Spool
from vqd.spool.requests import Request, answer_place, put_at_ns, request_named, requests_in
from vqd.watchers.hints import below
from vqd.watchers.seeing import Seeing

ANSWER_AGAIN_S = 1.0
TIMES_APART_NS = 2_000_000_000
"""Two changes of a folder that lie closer together than this may have one time."""

_log = structlog.get_logger(__name__)


class Steering:
    """Looks into the job folders that were hinted at, and when asked to into every active one, or
    where their times can be trusted each that has changed, and such in done/ and failed/.

    A job may be over before its request is seen: it is answered where the job went. One that is
    taken in, perhaps anew, is answered once it is accepted.
    """

    def __init__(
        self,
        spool: Spool,
        control: Control,
        seeing: Seeing,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._spool = spool
        self._control = control
        self._seeing = seeing
        self._clock = clock
        self._lock = threading.Lock()
        self._hinted: set[str] = set()
        self._active: dict[str, int] = {}
        self._closed: dict[str, int] | None = None
        self._answers: dict[tuple[str, str], str] = {}

    def hint(self, path: Path) -> bool:
        """Note that something happened to a job's folder, or to a file in it; on any thread.

        Tells whether it is worth a look: of the files, requests alone are; and nothing of a claim
        that is under way, whose names are hidden.
        """
        names = below(path, self._spool.active)
        if not names or names[0].startswith("."):
            return False
        if len(names) > 1 and request_named(path.name) is None:
            return False
        with self._lock:
            self._hinted.add(names[0])
        return True

    def scan(self, *, whole: bool) -> float | None:
        """Answer the requests where something was hinted at, or wherever there may be some.

        Gives the seconds until another look is due: while an answer could not be written, or a job
        was on its way elsewhere.
        """
        jobs, active = self._due(), self._active
        if whole:
            active = self._times()
            jobs |= self._stirred(active) | self._changed()
        for job in sorted(jobs):
            self._look_into(job)
        self._active = active
        return ANSWER_AGAIN_S if self._answers or self._hinted else None

    def _times(self) -> dict[str, int]:
        """Give the folders in active/, and when each changed last; 0 where that does not tell
        whether it has changed since."""
        is_told = self._seeing.at(self._spool.active).is_local
        past_ns = int(self._clock() * 1e9) - TIMES_APART_NS
        times = _changed_at(self._spool.active)
        return {path: at if is_told and at < past_ns else 0 for path, at in times}

    def _stirred(self, active: Mapping[str, int]) -> set[str]:
        """Give the active jobs, and those that were when everything was looked at last, but for
        those whose folders are as they were then."""
        same = {path for path, at in active.items() & self._active.items() if at}
        return set(map(_name, (active.keys() | self._active.keys()) - same))

    def _changed(self) -> set[str]:
        """Give the jobs in done/ and failed/ whose folder is not as when this was asked last.

        Cost: a stat each; what was put there before the first look stays unanswered.
        """
        before = self._closed
        self._closed = dict(chain(*map(_changed_at, (self._spool.done, self._spool.failed))))
        if before is None:
            return set()
        return {_name(path) for path, at in self._closed.items() if before.get(path) != at}

    def _due(self) -> set[str]:
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        return hinted | {job for job, _ in self._answers}

    def _look_into(self, job: str) -> None:
        folder = None if job.startswith(".") else self._spool.find(job)
        requests: Mapping[str, Request] = {}
        if folder is not None:
            try:
                requests = requests_in(folder)
            except FileNotFoundError:
                self._look_again(job)  # published since it was found
                return
            except PermissionError:
                return  # whose job that is cannot steer it; it keeps no other from it
            is_active = folder.parent == self._spool.active
            if requests and is_active and self._control.is_to_come(job):
                self._look_again(job)
                return
            for name, request in requests.items():
                if not self._answer(folder / name, request):
                    self._look_again(job)
                    return
        self._forget_gone(job, requests)

    def _look_again(self, job: str) -> None:
        with self._lock:
            self._hinted.add(job)

    def _forget_gone(self, job: str, requests: Mapping[str, Request]) -> None:
        for job_and_name in [known for known in self._answers if known[0] == job]:
            if job_and_name[1] not in requests:
                _log.info("steering.moved", job=job, request=job_and_name[1])
                del self._answers[job_and_name]

    def _answer(self, path: Path, request: Request) -> bool:
        """Carry out a request and answer it; not one that was moved or put there anew since it was
        listed, for whose turn is it now?"""
        job_and_name = (path.parent.name, path.name)
        known = self._answers.pop(job_and_name, None)
        if known is None and not _is_as_listed(path, request):
            return False
        answer = known or self._carried_out(path.parent.name, request)
        try:
            path.rename(answer_place(path.parent, answer))
        except OSError as error:
            self._answers[job_and_name] = answer
            if known is None:
                _log.warning("steering.unanswered", request=str(path), error=str(error))
        return True

    def _carried_out(self, job: str, request: Request) -> str:
        """Carry out a request and give the name that answers it."""
        now = self._clock()
        answer = self._steer(job, request, now)
        _log.info(
            "steering.answered", job=job, verb=request.verb, done=answer.done, said=answer.said
        )
        return request.done(now) if answer.done else request.refused(answer.said)

    def _steer(self, job: str, request: Request, now: float) -> Answer:
        control = self._control.by_file(request.sign)
        match request.verb:
            case "CANCEL":
                return control.cancel(job, why="CANCEL was put there", now=now)
            case "RETRY":
                return control.retry(job, now=now)
            case "PAUSE":
                return control.suspend(job, now=now)
            case "RESUME":
                return control.resume(job, now=now)
            case "APPROVE":
                return control.approve(job, now=now)
            case _:  # PRIORITY, the only one with a number
                return control.prioritise(job, request.number, now=now)


def _is_as_listed(path: Path, request: Request) -> bool:
    try:
        return put_at_ns(path.lstat()) == request.put_at_ns
    except FileNotFoundError:
        return False


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _changed_at(place: Path) -> Iterator[tuple[str, int]]:
    """Give the path of each folder, and when a name in it or who may read it changed last (UTC,
    ns), as its file system tells."""
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # it was moved on since it was listed
                        yield entry.path, entry.stat(follow_symlinks=False).st_ctime_ns
    except (FileNotFoundError, NotADirectoryError):
        return  # somebody took it away; vqd makes it again, or says why it cannot publish

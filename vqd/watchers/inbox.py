"""The inbox: sees drops, waits until they are complete, and hands them in.

1. A hint names a drop, or the rescan sees it. Only these two looks take anything.
2. The drop settles: looks at it are compared (`settle`).
3. It is drafted where it lies. If all that is missing is inputs that may still come, it waits.
4. It is claimed and accepted (`service.submit`).
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.service.drafts import Draft
from vqd.service.submit import Submission
from vqd.spool.layout import OWN_FOLDER
from vqd.spool.requests import hold_back
from vqd.watchers.candidate import Candidate, NotTaken, candidate_at
from vqd.watchers.look import look_at
from vqd.watchers.seeing import Seeing
from vqd.watchers.settle import Settled, Settling, Waiting
from vqd.watchers.waiting import WaitingList

INPUTS_GRACE_S = 10.0
"""How long a drop that was copied in may be without the inputs that its job file names."""
AGAIN_S = 0.5
CHANGED_AGAIN_S = 2.0
ASSEMBLING_AGAIN_S = 2.0
TROUBLE_AGAIN_S = 5.0
FAULT_AGAIN_S = 60.0

_log = structlog.get_logger(__name__)


class Inbox:
    """Looks at the inbox when asked to, and says when it wants to be asked again."""

    def __init__(
        self,
        folder: Path,
        submission: Submission,
        settling: Settling,
        seeing: Seeing,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._submission = submission
        self._settling = settling
        self._seeing = seeing
        self._clock = clock
        self._hinted: set[str] = set()
        self._renamed: set[str] = set()
        self._unsettled: dict[str, float] = {}
        self._seen_at: dict[str, float] = {}
        self._waiting = WaitingList(folder)
        self._is_silent = False
        self._lock = threading.Lock()

    def hint(self, name: str, *, renamed: bool) -> None:
        """Note that something happened to the drop `name`. Any thread may call it."""
        with self._lock:
            self._hinted.add(name)
            if renamed:
                self._renamed.add(name)

    def scan(self, now: float, *, whole: bool) -> float | None:
        """Look at what was hinted at or is unsettled, or at everything.

        `now` is monotonic seconds. Gives the seconds until another look is due, or None.
        """
        for name in self._all() if whole else self._due(now):
            if name != OWN_FOLDER:
                self._look(name, now)
        self._write_waiting()
        return min(self._unsettled.values()) - now if self._unsettled else None

    def _write_waiting(self) -> None:
        try:
            self._waiting.write()
        except OSError as error:
            if not self._is_silent:
                _log.warning("waiting.unwritten", error=str(error))
            self._is_silent = True
        else:
            self._is_silent = False

    def _all(self) -> Iterable[str]:
        with self._lock:
            self._hinted.clear()
        names = {path.name for path in self._folder.iterdir()}
        for gone in self._unsettled.keys() - names:
            self._forget(gone)
        self._waiting.keep_only(names)
        return sorted(names)

    def _due(self, now: float) -> Iterable[str]:
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        return sorted(hinted | {name for name, at in self._unsettled.items() if at <= now})

    def _look(self, name: str, now: float) -> None:
        verdict: Waiting | NotTaken | None
        try:
            found = candidate_at(self._folder / name)
            if isinstance(found, Candidate):
                verdict = self._take(name, found, now)
            else:
                verdict = self._not_taken(name, found, now)
        except FileNotFoundError:
            verdict = None
        except (OSError, VqdError) as error:
            verdict = self._refused(name, error)
        except Exception as error:  # noqa: BLE001 - the top of one drop: it waits, others are taken
            _log.exception("drop.failed", drop=name)
            verdict = Waiting(f"vqd itself failed on it: {error!r}", FAULT_AGAIN_S)
        if verdict is None or not os.path.lexists(self._folder / name):
            self._forget(name)
            return
        self._waiting.note(name, verdict.reason)
        if isinstance(verdict, Waiting):
            self._unsettled[name] = now + verdict.again_s
        else:
            self._unsettled.pop(name, None)

    def _not_taken(self, name: str, found: NotTaken, now: float) -> Waiting | NotTaken:
        """Look again soon at a new folder that may become a job, ever later at an old one."""
        if not found.may_change:
            return found
        hold_back(self._folder / name, self._clock())
        age_s = now - self._seen_at.setdefault(name, now)
        return Waiting(found.reason, max(CHANGED_AGAIN_S, age_s / 10))

    def _refused(self, name: str, error: OSError | VqdError) -> Waiting:
        reason = f"it cannot be taken: {_in_words(error)}"
        if not self._waiting.says(name, reason):
            _log.warning("drop.refused", drop=name, error=str(error))
        return Waiting(reason, TROUBLE_AGAIN_S)

    def _take(self, name: str, found: Candidate, now: float) -> Waiting | None:
        renamed = name in self._renamed and not self._seeing.is_polled(found.path)
        settled = self._settle(name, [found.path], now, renamed=renamed)
        if isinstance(settled, Waiting):
            return settled
        draft = self._submission.draft(found.job_file, now=self._clock())
        if found.is_bare and draft.inputs:
            inputs = [self._folder / path for path in draft.inputs]
            with_inputs = self._settle(f"{name}/inputs", inputs, now, renamed=renamed)
            if isinstance(with_inputs, Waiting):
                return with_inputs
        if _may_still_come(found, draft, settled, renamed=renamed):
            again_s = ASSEMBLING_AGAIN_S if draft.is_assembling else AGAIN_S
            return Waiting(str(draft.problems[0]), again_s)
        job = self._submission.take(found.job_file, draft, now=self._clock())
        for path in draft.inputs if found.is_bare else ():
            self._forget_moved(path.split("/")[0])
        _log.info(
            "drop.taken", drop=name, job=job, prompts=_prompts(draft), workflow=draft.workflow
        )
        return None

    def _settle(
        self, name: str, paths: list[Path], now: float, *, renamed: bool
    ) -> Settled | Waiting:
        sight = self._seeing.at(paths[0])
        look = look_at(paths, has_leases=sight.has_leases)
        return self._settling.judge(
            name, look, now=now, renamed=renamed, poll_s=sight.settle_poll_s
        )

    def _forget_moved(self, name: str) -> None:
        if not os.path.lexists(self._folder / name):
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._unsettled.pop(name, None)
        self._waiting.forget(name)
        self._settling.forget(name)
        self._seen_at.pop(name, None)
        with self._lock:
            self._renamed.discard(name)


def _may_still_come(found: Candidate, draft: Draft, settled: Settled, *, renamed: bool) -> bool:
    moved_in_whole = renamed and not found.is_bare
    if draft.is_assembling:
        return True
    return draft.waits_for_inputs and not moved_in_whole and settled.quiet_s < INPUTS_GRACE_S


def _prompts(draft: Draft) -> int:
    return draft.planned.plan.total if draft.planned else 0


def _in_words(error: OSError | VqdError) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)

"""What the inbox and the hot folders have in common: which drop is due for a look, whether it has
stopped changing, and what is noted of it."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from math import inf
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.service.draft import Draft
from vqd.spool.drops import lacks_its_status
from vqd.watchers.candidate import Candidate, NotTaken
from vqd.watchers.look import look_at
from vqd.watchers.reading import MakeDraft, Reading
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
SAID_AGAIN_S = 3600.0
"""How long the log is silent about a drop that cannot be taken for the same reason as before."""
SLICE_S = 0.2
"""How long drops are looked at on end; 5,000 that come at once take many times that."""

Take = Callable[[str, float], Waiting | NotTaken | None]
"""Takes the drop of this name, if it can be at this time; gives what it waits for else."""

_log = structlog.get_logger(__name__)


def _told_to_nobody(_: float) -> None:
    """Do nothing about a drop that was taken."""


class DropFolder:
    """Remembers the drops of one folder. `label` is what it is called in WAITING.txt.

    `on_taken` is told of each drop that was taken how many seconds it had not changed by then.
    """

    def __init__(
        self,
        folder: Path,
        label: str,
        take: Take,
        *,
        settling: Settling,
        seeing: Seeing,
        waiting: WaitingList,
        on_taken: Callable[[float], None] = _told_to_nobody,
    ) -> None:
        self.folder = folder
        self._label = label
        self._take = take
        self._settling = settling
        self._seeing = seeing
        self._waiting = waiting
        self._on_taken = on_taken
        self._hinted: set[str] = set()
        self._renamed: set[str] = set()
        self._again_at: dict[str, float] = {}
        self._seen_at: dict[str, float] = {}
        self._refused_at: dict[str, dict[int | str | None, float]] = {}
        self._noted: set[str] = set()
        self._begun: set[str] = set()
        self._reading, self._peeking = Reading(), Reading()
        self._settled_since: dict[str, float] = {}
        self._lock = threading.Lock()

    def hint(self, name: str, *, renamed: bool) -> None:
        """Note that something happened to the drop `name`. Any thread may call it."""
        with self._lock:
            self._hinted.add(name)
            if renamed:
                self._renamed.add(name)

    def due(self, now: float) -> set[str]:
        """Give what was hinted at, and what is to be looked at again by now."""
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        return hinted | {name for name, at in self._again_at.items() if at <= now}

    def unknown(self, names: Iterable[str]) -> set[str]:
        """Give those of which nothing was noted yet."""
        return {name for name in names if name not in self._noted}

    def again_s(self, now: float) -> float | None:
        """Give the seconds until something is due, or None."""
        if self._hinted:
            return 0.0
        return min(self._again_at.values()) - now if self._again_at else None

    def keep_only(self, names: Collection[str]) -> None:
        """Forget what is gone."""
        for gone in (self._noted | self._again_at.keys()) - set(names):
            self.forget(gone)

    def look(self, names: Iterable[str], now: float) -> None:
        """Look at drops for a slice of time, at one at least, and take what is complete.

        The others are due at once, when everything else has had its turn. `now` is monotonic
        seconds.
        """
        waiting = deque(sorted(names))
        until = time.monotonic() + SLICE_S
        while waiting:
            name = waiting.popleft()
            self.conclude(name, partial(self._take, name, now), now)
            if time.monotonic() >= until:
                break
        with self._lock:
            self._hinted.update(waiting)

    def settle(self, name: str, paths: list[Path], now: float) -> Settled | Waiting:
        """Say whether what belongs to a drop has stopped changing."""
        sight = self._seeing.at(paths[0])
        look = look_at(paths, has_leases=sight.is_local)
        renamed = self.is_renamed(name)
        settled = self._settling.judge(
            name, look, now=now, renamed=renamed, poll_s=sight.settle_poll_s
        )
        if isinstance(settled, Settled):
            drop, since = name.split("/")[0], now - settled.quiet_s
            self._settled_since[drop] = max(since, self._settled_since.get(drop, since))
        return settled

    def ready(
        self, name: str, found: Candidate, draft: MakeDraft, now: float, *, peek: MakeDraft
    ) -> Draft | Waiting:
        """Give the draft of a job folder or job file that is complete, or what it waits for.

        A `peek` only needs to tell of inputs.
        """
        underway = self._reading.underway(found.job_file, now)
        if underway is not None:
            return underway
        settled = self.settle(name, [found.path], now)
        if isinstance(settled, Waiting):
            self._begin_inputs(name, found, peek, now)
            return settled
        if _may_lack_status(found, settled, renamed=self.is_renamed(name)):
            return Waiting("it looks like a job that ran; its STATUS.yaml is not here yet", AGAIN_S)
        made = self._reading.draft(found.job_file, draft, now=now, changed_at=now - settled.quiet_s)
        return made if isinstance(made, Waiting) else self._whole(name, found, made, settled, now)

    def _whole(
        self, name: str, found: Candidate, made: Draft, settled: Settled, now: float
    ) -> Draft | Waiting:
        """Give a draft if nothing of it may still come."""
        if found.is_bare and made.inputs:
            inputs = [self.folder / path for path in made.inputs]
            with_inputs = self.settle(f"{name}/inputs", inputs, now)
            if isinstance(with_inputs, Waiting):
                return with_inputs
        if _may_still_come(found, made, settled, renamed=self.is_renamed(name)):
            if made.is_assembling:
                return Waiting(f"assembling: {made.problems[0]}", ASSEMBLING_AGAIN_S)
            return Waiting(str(made.problems[0]), AGAIN_S)
        return made

    def _begin_inputs(self, name: str, found: Candidate, peek: MakeDraft, now: float) -> None:
        """Let the inputs of a job file settle while it does, not one after the other.

        What it names is asked once, as it is by then; what it names in the end is what counts.
        """
        if not found.is_bare or name in self._begun:
            return
        made = self._peeking.draft(found.job_file, peek, now=now, changed_at=-inf)
        if isinstance(made, Waiting):
            return
        self._begun.add(name)
        if made.inputs:
            self.settle(f"{name}/inputs", [self.folder / path for path in made.inputs], now)

    def is_renamed(self, name: str) -> bool:
        """Tell whether a drop arrived by rename, as far as events can be relied on."""
        drop = name.split("/")[0]
        return drop in self._renamed and not self._seeing.is_polled(self.folder / drop)

    def forget(self, name: str) -> None:
        """Forget a drop that was taken or is gone."""
        self._again_at.pop(name, None)
        self._waiting.forget(self._shown(name))
        self._noted.discard(name)
        self._settling.forget(name)
        self._seen_at.pop(name, None)
        self._refused_at.pop(name, None)
        self._begun.discard(name)
        self._reading.forget(self.folder / name)
        self._peeking.forget(self.folder / name)
        self._settled_since.pop(name, None)
        with self._lock:
            self._renamed.discard(name)

    def forget_moved(self, name: str) -> None:
        """Forget a drop if it is not there any more."""
        if not os.path.lexists(self.folder / name):
            self.forget(name)

    def conclude(
        self, name: str, take: Callable[[], Waiting | NotTaken | None], now: float
    ) -> None:
        """Take a drop by `take`, and note what it waits for if it was not taken."""
        verdict: Waiting | NotTaken | None
        try:
            verdict = take()
            if verdict is None and name in self._settled_since:
                self._on_taken(time.monotonic() - self._settled_since[name])
        except FileNotFoundError:
            verdict = None
        except (OSError, VqdError) as error:
            verdict = self._refused(name, error, now)
        except Exception as error:  # noqa: BLE001 - the top of one drop: it waits, others are taken
            _log.exception("drop.failed", drop=self._shown(name))
            verdict = Waiting(f"vqd itself failed on it: {error!r}", FAULT_AGAIN_S)
        if verdict is None or self._is_gone(name):
            self.forget(name)
            return
        self._note(name, verdict, now)

    def _is_gone(self, name: str) -> bool:
        """Tell whether a drop is not there; a hot folder elsewhere stays known while it is away."""
        return not Path(name).is_absolute() and not os.path.lexists(self.folder / name)

    def _note(self, name: str, verdict: Waiting | NotTaken, now: float) -> None:
        self._waiting.note(self._shown(name), verdict.reason)
        self._noted.add(name)
        if isinstance(verdict, Waiting):
            self._again_at[name] = now + verdict.again_s
        elif verdict.may_change:  # soon while it is new, ever later when it is old
            age_s = now - self._seen_at.setdefault(name, now)
            self._again_at[name] = now + max(CHANGED_AGAIN_S, age_s / 10)
        else:
            self._again_at.pop(name, None)

    def _refused(self, name: str, error: OSError | VqdError, now: float) -> Waiting:
        reason = f"it cannot be taken: {_in_words(error)}"
        refused, why = self._refused_at.setdefault(name, {}), _code(error)
        if now - refused.get(why, -inf) >= SAID_AGAIN_S:
            refused[why] = now
            _log.warning("drop.refused", drop=self._shown(name), error=str(error))
        return Waiting(reason, TROUBLE_AGAIN_S)

    def _shown(self, name: str) -> str:
        return f"{self._label}/{name}" if self._label else name


def _may_still_come(found: Candidate, draft: Draft, settled: Settled, *, renamed: bool) -> bool:
    moved_in_whole = renamed and not found.is_bare
    if draft.is_assembling:
        return True
    return draft.waits_for_inputs and not moved_in_whole and settled.quiet_s < INPUTS_GRACE_S


def _may_lack_status(found: Candidate, settled: Settled, *, renamed: bool) -> bool:
    if found.is_bare or renamed or settled.quiet_s >= INPUTS_GRACE_S:
        return False
    return lacks_its_status(found.path)


def _code(error: OSError | VqdError) -> int | str | None:
    """Give what an error has in common with others of its reason; its words name what it is of."""
    return error.errno if isinstance(error, OSError) else error.code


def _in_words(error: OSError | VqdError) -> str:
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    said = f"{error.filename}: {error.strerror}"
    is_closed = isinstance(error, PermissionError)
    return f"{said}. Let the daemon's user write there: chmod -R g+w" if is_closed else said

"""How a server stands with us: whether it rests, is avoided, or has prompts that were given up."""

import threading
from collections.abc import Callable, Iterable

from vqd.runner.avoidance import Avoidance
from vqd.runner.rest import Rest


class Standing:
    """What speaks against giving a server prompts, besides its being down. `on_news` is called when
    there is something to tell of it; times are monotonic seconds; `chance` gives 0 to 1."""

    def __init__(self, *, on_news: Callable[[], None], chance: Callable[[], float]) -> None:
        self._on_news = on_news
        self._rest = Rest(chance)
        self._avoidance = Avoidance()
        self._lock = threading.Lock()
        self.strays: frozenset[str] = frozenset()
        """Prompts of ours that were given up and may be on it: it gets nothing until none is."""
        self.is_stuck = False

    @property
    def is_trusted(self) -> bool:
        """Tell whether it is not avoided."""
        return self._avoidance.said is None and not self.is_stuck

    @property
    def yields(self) -> bool:
        """Tell whether it is to be given nothing that another server can carry out."""
        return self._avoidance.yields

    @property
    def told(self) -> tuple[str, str] | None:
        """Give the state that it is in, `avoided` or `resting`, and why; None in good standing."""
        if self.is_stuck:
            said = "it does not stop a prompt that was given up; where that never ends, restart it"
            return "avoided", said
        if not self.is_trusted:
            others = f"others are asked first, and it is tried every {self._avoidance.wait_s:.0f} s"
            return "avoided", f"{self._avoidance.said}: {others}"
        if self._rest.is_in_doubt:
            return "resting", f"left alone for {self._rest.length_s:.0f} s after a failure"
        return None

    def depth(self, now: float, *, rendering: int, usual: int) -> int:
        """Give how many prompts it may have at once, where `rendering` are on it and one in good
        standing may have `usual`. The one that is due as a probe of it begins that."""
        if self._rest.is_on(now) or self.strays:
            return 0
        if self._avoidance.may_probe(now) and not rendering:
            self._avoidance.is_probing = True
        return usual if self.is_trusted and not self._rest.is_in_doubt else 1

    def wakes_at(self, now: float) -> float | None:
        """Give the time from which it may be given more than now; None if there is none."""
        waits = [self._rest.until, self._avoidance.probe_at if self.yields else 0.0]
        return min((at for at in waits if at > now), default=None)

    def rest(self, now: float) -> bool:
        """Let it rest for a while that grows each time until it has done something; tell whether
        that begins now.

        Failures that come in while it rests are of the same trouble and change nothing.
        """
        if self._rest.is_on(now):
            return False
        self._rest.begin(now)
        self._on_news()
        return True

    def blame(self, job_key: int, now: float) -> None:
        """Note that a prompt of a job failed on it, of what may be its own fault."""
        before = self.told
        self._avoidance.note_failure(job_key, now)
        if self.told != before:
            self._on_news()

    def avoid(self, said: str, now: float) -> None:
        """Give it nothing that another server can carry out, until a probe succeeds on it or it is
        restarted."""
        self._avoidance.begin(said, now)
        self._on_news()

    def forgive(self) -> None:
        """Note that it was restarted: what it was avoided for may be over."""
        self._avoidance.forgive()

    def refresh(self) -> None:
        """Note that it has done something."""
        is_news = self._rest.is_in_doubt or not self.is_trusted
        self._rest.end()
        self._avoidance.forgive()
        if is_news:
            self._on_news()

    def add_stray(self, prompt_id: str) -> None:
        """Note a prompt of ours that was given up and may be on it."""
        with self._lock:
            self.strays |= {prompt_id}

    def lose_strays(self, gone: Iterable[str], *, is_stuck: bool) -> None:
        """Note which strays are not on it any more, and whether it does not stop others."""
        with self._lock:
            self.strays = self.strays.difference(gone)
        is_news = self.is_stuck != is_stuck
        self.is_stuck = is_stuck
        if is_news:
            self._on_news()

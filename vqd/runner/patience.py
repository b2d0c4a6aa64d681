"""How long an attempt is waited for: for an answer, in the queue, while it runs, at its end."""

import math

from vqd.domain.outcome import Failed, FailureCode

UNREACHABLE_S = 10.0
"""How long a server may be away while it has a prompt of ours."""
UNWRITTEN_S = 3.0
"""How long the history entry of a prompt that is said to be over may be missing."""
IDLE_S = 5.0
"""How long a server may run nothing while a prompt waits there: it tidies up now and then."""


class Patience:
    """What an attempt has waited for so far; times are monotonic seconds."""

    def __init__(self, stall_s: float, timeout_s: float | None, now: float) -> None:
        self._stall_s = stall_s
        self._timeout_s = timeout_s
        self._started_at: float | None = None
        self._away_since: float | None = None
        self._missing_since: float | None = None
        self._excused_at = now
        self._waits_since = now
        self._is_idle = False

    def is_unreachable_too_long(self, now: float) -> bool:
        """Note that the server did not answer; tell whether that has lasted too long."""
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since > UNREACHABLE_S

    def may_be_unwritten(self, now: float) -> bool:
        """Note that the entry of a prompt that is over is missing; tell whether to look again."""
        if self._missing_since is None:
            self._missing_since = now
        return now - self._missing_since < UNWRITTEN_S

    def waits_long(self, now: float) -> bool:
        """Note that it waits on the server; tell, now and then, that it has done so for long."""
        self._away_since = None
        longest_s = min(IDLE_S, self._stall_s) if self._is_idle else self._stall_s
        if now - self._waits_since <= longest_s:
            return False
        self._waits_since = now
        return True

    def is_idle_still(self, *, is_idle: bool) -> bool:
        """Note whether the server runs nothing while it waits; tell whether that was so before."""
        was_idle, self._is_idle = self._is_idle, is_idle
        return is_idle and was_idle

    def left_s(self, started_at: float | None, now: float) -> float:
        """Give how long it may run from now on until its timeout, infinite without one."""
        if self._timeout_s is None:
            return math.inf
        return (self._started_at or started_at or now) + self._timeout_s - now

    def excuse(self, now: float) -> None:
        """Note that its silence until now proves nothing."""
        self._excused_at = now

    def judge(self, started_at: float | None, heard_at: float, now: float) -> Failed | None:
        """Note that it runs, since when if that was heard; give a failure if it does so for too
        long, or stands still."""
        self._away_since = None
        if self._started_at is None:
            self._started_at = started_at or now
        if self._timeout_s is not None and now - self._started_at >= self._timeout_s:
            return Failed(
                FailureCode.TIMED_OUT, f"It ran for more than {self._timeout_s:.0f} s (timeout)."
            )
        if now - max(heard_at, self._started_at, self._excused_at) > self._stall_s:
            return Failed(FailureCode.STALLED, f"No progress for {self._stall_s:.0f} s.")
        return None

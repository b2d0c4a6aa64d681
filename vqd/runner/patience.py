"""How long an attempt is waited for: for an answer, in the queue, while it runs, at its end."""

from vqd.domain.outcome import Failed, FailureCode

UNREACHABLE_S = 10.0
"""How long a server may be away while it has a prompt of ours."""
UNWRITTEN_S = 3.0
"""How long the history entry of a prompt that is said to be over may be missing."""


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
        if now - self._waits_since <= self._stall_s:
            return False
        self._waits_since = now
        return True

    def excuse(self, now: float) -> None:
        """Note that its silence until now proves nothing."""
        self._excused_at = now

    def judge(self, heard_at: float, now: float) -> Failed | None:
        """Note that it runs; give a failure if it does so for too long, or stands still."""
        self._away_since = None
        if self._started_at is None:
            self._started_at = now
        if self._timeout_s is not None and now - self._started_at > self._timeout_s:
            return Failed(
                FailureCode.TIMED_OUT, f"It ran for more than {self._timeout_s:.0f} s (timeout)."
            )
        if now - max(heard_at, self._started_at, self._excused_at) > self._stall_s:
            return Failed(FailureCode.STALLED, f"No progress for {self._stall_s:.0f} s.")
        return None

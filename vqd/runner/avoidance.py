"""Whether a server is trusted with prompts: one that failed several different jobs in a row is not,
until it has made something again."""

from dataclasses import dataclass, field

FAILED_JOBS = 3
"""So many different jobs in a row: a job that is at fault itself fails on every server."""
FIRST_PROBE_S = 60.0
LONGEST_PROBE_S = 1800.0


@dataclass(slots=True)
class Avoidance:
    """What a server failed since it last made something; times are monotonic seconds.

    `said` tells why it is avoided, None while it is not. Then it is given one prompt as a probe,
    `wait_s` after that began, and after twice as long when that failed too.
    """

    said: str | None = None
    wait_s: float = 0.0
    probe_at: float = 0.0
    is_probing: bool = False
    _failed_jobs: set[int] = field(default_factory=set)

    @property
    def yields(self) -> bool:
        """Tell whether it is to be given nothing that another server can carry out."""
        return self.said is not None and not self.is_probing

    def note_failure(self, job_key: int, now: float) -> None:
        """Note that a prompt of a job failed on it, of something that may be the server's fault."""
        self._failed_jobs.add(job_key)
        if self.said is not None or len(self._failed_jobs) >= FAILED_JOBS:
            jobs = len(self._failed_jobs)
            self.begin(f"it failed {jobs} different jobs in a row" if jobs > 1 else None, now)

    def begin(self, said: str | None, now: float) -> None:
        """Avoid it from now on, for the reason `said`, None for the one there is.

        Failures that come in before the next probe are of the same trouble.
        """
        self.said = said or self.said
        if self.is_probing or not self.wait_s:
            self.wait_s = min(max(FIRST_PROBE_S, 2 * self.wait_s), LONGEST_PROBE_S)
            self.probe_at = now + self.wait_s
        self.is_probing = False

    def may_probe(self, now: float) -> bool:
        """Tell whether it is avoided and the time for a probe has come."""
        return self.yields and now >= self.probe_at

    def forgive(self) -> None:
        """Trust it again: it made something, or is another than it was."""
        self.said, self.wait_s, self.is_probing = None, 0.0, False
        self._failed_jobs.clear()

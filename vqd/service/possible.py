"""What may be done with a job now."""

from vqd.domain.lifecycle import CLOSED_STATES, PROOF_MADE, SUSPENDED, JobState
from vqd.domain.listing import ListedJob


def may(job: ListedJob) -> list[str]:
    """Give what may be done with a job as it is: the verbs of the doors that would not be refused.

    A priority may be given to whatever may be cancelled.
    """
    if job.state in CLOSED_STATES:
        return [] if job.state is JobState.DONE else ["retry"]
    if job.state is JobState.ASSEMBLING or job.counts.over == job.counts.total:
        return []
    if job.cancel_requested_at is not None:
        return []
    verbs = {
        "approve": job.state is JobState.QUOTED or job.hold == PROOF_MADE,
        "resume": job.hold == SUSPENDED,
        "pause": job.state is not JobState.QUOTED and job.hold != SUSPENDED,
        "retry": job.counts.failed > 0,
        "cancel": True,
    }
    return [verb for verb, is_possible in verbs.items() if is_possible]

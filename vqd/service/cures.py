"""What would change that something waits or has failed: a sentence for each reason there is."""

from vqd.domain.cures import CURES
from vqd.domain.frozen import frozen


@frozen
class Hold:
    """A kind of `hold`: it `begins` so, and has a `code` for programs. `because` stands in its
    place in a sentence, empty where it can be read as it is. `JOB` in `cure` is the job's name."""

    begins: str
    code: str
    cure: str
    because: str = ""

    def cure_for(self, job: str) -> str:
        """Give the cure for a job."""
        return self.cure.replace("JOB", job)


_EDIT = "vqd cancel JOB, then edit the job file in failed/ and move the folder back into the inbox."
_OPENS = "It goes on by itself when the window opens."

HOLDS = (
    Hold(
        "suspended",
        "suspended",
        "vqd resume JOB lets it go on, and so does a file RESUME in its folder.",
        because="the job is suspended",
    ),
    Hold(
        "quoted",
        "quoted",
        "vqd approve JOB starts it, and so does a file APPROVE in its folder.",
        because="the job is larger than quote_over in the settings allows without an approval",
    ),
    Hold(
        "proof made",
        "proof_made",
        "Look at proof.html in its folder; vqd approve JOB lets the rest run.",
        because="the proof is made and nobody has approved of it",
    ),
    Hold(
        "parked",
        "parked",
        "It is tried again every few seconds, and nothing has failed.",
    ),
    Hold("waits until", "not_before", "It starts by itself then."),
    Hold("outside its window", "outside_window", _OPENS),
    Hold("too late for its window", "outside_window", _OPENS),
    Hold(
        "too long for its window",
        "too_long_for_window",
        f"Make the window longer in the settings, or take schedule.window out of the job: {_EDIT}",
    ),
    Hold(
        "its window",
        "unknown_window",
        f"Name the window in the settings again, or take it out of the job: {_EDIT}",
    ),
    Hold("waits for the job", "after", "It starts by itself when that job is done."),
    Hold(
        "waits for server",
        "server_away",
        "It starts by itself when one is back; vqd servers says why it is not there.",
    ),
    Hold(
        "waiting: ",
        "unavailable",
        "It starts by itself when a server has that; vqd models shows what each has.",
    ),
    Hold(
        "no server",
        "unmet_needs",
        "It starts when a server has that, by itself or by the settings; vqd servers shows which"
        " has what.",
    ),
)
"""docs/operations.md, "Why a job does not start", lists the same."""


def hold_of(hold: str) -> Hold:
    """Give the kind of a hold."""
    found = next((one for one in HOLDS if hold.startswith(one.begins)), None)
    return found or Hold(hold, "held", "vqd show JOB tells more.")


def cure_of_failure(code: str, job: str) -> str:
    """Give what would change that a prompt of a job has failed."""
    again = f"vqd retry {job} runs it again."
    cure = CURES.get(code)
    return f"{cure} Then {again}" if cure else again

"""What a person does about a failure: a sentence or two for each code of the table."""

from collections.abc import Mapping
from types import MappingProxyType

from vqd.domain.outcome import FailureCode

_SMALLER = "Ask for less in the job file (a smaller size, fewer frames)"

CURES: Mapping[str, str] = MappingProxyType(
    {
        FailureCode.INVALID: "Put a good copy of that file in its place, under the same name.",
        FailureCode.UNAVAILABLE: "Have it put on a server, or name another in the job file; vqd"
        " models shows what the servers have.",
        FailureCode.REFUSED: "Change the value that it names, in the job file. If it names none,"
        " the workflow does not fit that server: vqd workflows check says in what.",
        FailureCode.UNREACHABLE: "Nothing of the job is at fault; vqd servers shows whether they"
        " are back.",
        FailureCode.LOST: "Nothing of the job is at fault, unless it takes servers down: their own"
        " logs tell.",
        FailureCode.QUARANTINED: f"{_SMALLER}, or let somebody look at the servers' own logs, why"
        " they died of it.",
        FailureCode.NODE_ERROR: "Change what it complains of, a value in the job file or an input."
        " If neither is wrong, show this to whoever made the workflow.",
        FailureCode.OUT_OF_MEMORY: f"{_SMALLER}, or for a larger server (schedule.needs.vram_gb).",
        FailureCode.TIMED_OUT: "Allow more time in the job file (retry.timeout), or ask for less.",
        FailureCode.STALLED: "Let somebody look at the server. If it is only slow, stall_s in the"
        " settings allows longer silence.",
        FailureCode.BAD_OUTPUT: "Look at what it made, if it lies in rejected-outputs/; change the"
        " values in the job file, or what the workflow accepts.",
        FailureCode.INTERRUPTED: "Somebody stopped it on the server; nothing of the job is at"
        " fault.",
    }
)
"""Those that a prompt ends with, or may be tried again after. What ends none, for it is put back,
has no cure."""

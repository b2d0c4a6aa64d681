"""The states of prompts and jobs, and the one table of moves between them.

A prompt:

    pending --claim--> running --succeed--> succeeded
       ^  ^               | | '--fail--> failed
       |  '---requeue-----' '----cancel--> cancelled
       '-----retry---- failed, cancelled
       '----recall---- succeeded, where what it made was lost on its way

"Sent but not started" is a timestamp on a running prompt, and "held" is a fact about a job, a
server or the whole queue: neither is a state.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class PromptState(StrEnum):
    """Where a prompt is; each says what a restart finds if the program dies there."""

    PENDING = "pending"
    """Not sent. A restart changes nothing."""
    RUNNING = "running"
    """Its attempt's prompt_id is stored; the server may have it. A restart asks the server."""
    SUCCEEDED = "succeeded"
    """Its outputs lie whole under their names, or in the depot on their way there."""
    FAILED = "failed"
    """Given up on, with a failure code."""
    CANCELLED = "cancelled"
    """Stopped, or never started, because somebody asked."""


class JobState(StrEnum):
    """Where a job is."""

    ASSEMBLING = "assembling"
    """Its prompts are still being written to the store; a restart plans it again."""
    QUOTED = "quoted"
    """Planned, and waiting for an approval."""
    QUEUED = "queued"
    """Accepted; no prompt of it was claimed yet, or only its proof, which waits for approval."""
    RUNNING = "running"
    """At least one prompt was claimed."""
    PUBLISHING = "publishing"
    """Every prompt is over; its folder is being laid out. A restart finishes that."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


CLOSED_STATES = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})

SUSPENDED = "suspended: RESUME starts it"
"""The hold of a job that somebody put PAUSE into."""
PROOF_MADE = "proof made: look at proof.html, then put APPROVE into the folder"
"""The hold of a job whose proof is over and waits for an approval."""


class Move(StrEnum):
    """What can be done to a prompt."""

    CLAIM = "claim"
    REQUEUE = "requeue"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    RETRY = "retry"
    RECALL = "recall"


_P = PromptState

MOVES: Mapping[Move, tuple[frozenset[PromptState], PromptState]] = MappingProxyType(
    {
        Move.CLAIM: (frozenset({_P.PENDING}), _P.RUNNING),
        Move.REQUEUE: (frozenset({_P.RUNNING}), _P.PENDING),
        Move.SUCCEED: (frozenset({_P.RUNNING}), _P.SUCCEEDED),
        Move.FAIL: (frozenset({_P.RUNNING}), _P.FAILED),
        Move.CANCEL: (frozenset({_P.PENDING, _P.RUNNING}), _P.CANCELLED),
        Move.RETRY: (frozenset({_P.FAILED, _P.CANCELLED}), _P.PENDING),
        Move.RECALL: (frozenset({_P.SUCCEEDED}), _P.PENDING),
    }
)


class IllegalMove(Exception):
    """A move was asked of a prompt whose state does not allow it."""

    def __init__(self, move: Move, state: PromptState) -> None:
        allowed = ", ".join(sorted(MOVES[move][0]))
        super().__init__(f"cannot {move} a {state} prompt (allowed from: {allowed})")
        self.move = move
        self.state = state


def state_after(move: Move, state: PromptState) -> PromptState:
    """Give the state that `move` leads to from `state`.

    Raises:
        IllegalMove: the table does not have it.
    """
    sources, target = MOVES[move]
    if state not in sources:
        raise IllegalMove(move, state)
    return target

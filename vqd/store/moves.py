"""What a move of a prompt writes beside the state, and what its event is called."""

from collections.abc import Mapping
from types import MappingProxyType

from vqd.domain.lifecycle import Move

WRITTEN: Mapping[Move, str] = MappingProxyType(
    {
        Move.CLAIM: "prompt_id = :prompt_id, server = :server, claimed_at = :now,"
        " attempt = attempt + 1",
        Move.REQUEUE: "prompt_id = NULL, server = NULL, claimed_at = NULL,"
        " strikes = strikes + :strike, not_before_at = :not_before_at, shuns = :shuns",
        Move.SUCCEED: "ended_at = :now, seconds = :seconds, files = :files",
        Move.FAIL: "ended_at = :now, seconds = :seconds, failure_code = :code,"
        " failure_message = :message",
        Move.CANCEL: "ended_at = :now",
        Move.RETRY: "prompt_id = NULL, server = NULL, claimed_at = NULL, ended_at = NULL,"
        " seconds = NULL, failure_code = NULL, failure_message = NULL, strikes = 0,"
        " not_before_at = 0, step = 0, route_key = NULL, shuns = NULL, downed = '[]'",
        Move.RECALL: "prompt_id = NULL, server = NULL, claimed_at = NULL, ended_at = NULL,"
        " seconds = NULL, not_before_at = 0, shuns = NULL",
    }
)
"""The prompt's columns; `:now` is the time of the move."""

BEGUN = (
    ", state = CASE state WHEN 'queued' THEN 'running' ELSE state END,"
    " started_at = coalesce(started_at, :now)"
)
"""The job's columns, where a prompt of it begins to run."""

PROVED = ", judge_at = CASE awaits_proof WHEN 1 THEN :at_once ELSE judge_at END"
"""The job's columns, where a prompt is over or runs again after all: a proof is judged again."""

TOLD: Mapping[Move, str] = MappingProxyType(
    {
        Move.CLAIM: "claimed",
        Move.REQUEUE: "requeued",
        Move.SUCCEED: "succeeded",
        Move.FAIL: "failed",
        Move.CANCEL: "cancelled",
        Move.RETRY: "retried",
        Move.RECALL: "recalled",
    }
)

UNTOLD = frozenset({"strike", "files", "shuns"})
"""What a move writes that its event does not tell."""

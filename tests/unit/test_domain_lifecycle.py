import itertools

import pytest

from vqd.domain.lifecycle import MOVES, IllegalMove, Move, PromptState, state_after

LEGAL = {
    ("pending", "claim"): "running",
    ("running", "requeue"): "pending",
    ("running", "succeed"): "succeeded",
    ("running", "fail"): "failed",
    ("pending", "cancel"): "cancelled",
    ("running", "cancel"): "cancelled",
    ("failed", "retry"): "pending",
    ("cancelled", "retry"): "pending",
    ("succeeded", "recall"): "pending",
}


@pytest.mark.parametrize(("state", "move"), list(itertools.product(PromptState, Move)))
def test_every_move_from_every_state_is_as_drawn(state: PromptState, move: Move) -> None:
    wanted = LEGAL.get((state, move))
    if wanted is None:
        with pytest.raises(IllegalMove, match=f"cannot {move} a {state} prompt"):
            state_after(move, state)
    else:
        assert state_after(move, state) == wanted


def test_every_move_is_in_the_table() -> None:
    assert set(MOVES) == set(Move)

from concurrent.futures import ThreadPoolExecutor

import pytest

from vqd.runner import places as runner_places
from vqd.runner.places import COLLECTED, DEPTH, READY, SHORT_AFTER, SHORT_S, Places


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(clock: Clock) -> Places:
    return Places(clock=clock)


def ended(places: Places, clock: Clock, prompts: int, after_s: float) -> None:
    """Have prompts sent and ended one after the other, so far apart."""
    for number in range(prompts):
        places.enter(f"{clock.now} {number}")
        assert places.admit(f"{clock.now} {number}")
        places.leave(f"{clock.now} {number}")
        places.part()
        clock.now += after_s


def test_one_runs_and_one_waits(places: Places) -> None:
    assert places.free(places.usual) == range(DEPTH)
    places.enter("a")
    assert places.free(places.usual) == range(1, DEPTH)
    places.enter("b")
    assert not places.free(places.usual)


def test_what_comes_home_takes_no_place_until_much_does(places: Places) -> None:
    for number in range(COLLECTED):
        places.enter(str(number))
        places.leave(str(number))
    assert len(places.free(places.usual)) == DEPTH
    for number in range(DEPTH):
        places.enter(f"more {number}")
        places.leave(f"more {number}")
    assert not places.free(places.usual)
    places.part()
    assert len(places.free(places.usual)) == 1


def test_where_prompts_are_short_more_are_made_ready(places: Places, clock: Clock) -> None:
    ended(places, clock, SHORT_AFTER, SHORT_S / 2)
    assert places.usual == DEPTH
    ended(places, clock, 1, SHORT_S * 2)
    assert places.usual == DEPTH + READY
    ended(places, clock, 1, 0.0)
    assert places.usual == DEPTH


def test_what_never_was_on_the_server_tells_nothing_of_how_long_its_prompts_are(
    places: Places,
) -> None:
    for number in range(2 * SHORT_AFTER):
        places.enter(str(number))
        places.leave(str(number))
    assert places.usual == DEPTH


def given(places: Places, *prompt_ids: str) -> None:
    for prompt_id in prompt_ids:
        places.enter(prompt_id)


def test_prompts_are_sent_in_the_order_in_which_they_were_given(places: Places) -> None:
    given(places, "a", "b", "c", "d")
    with ThreadPoolExecutor(4) as aside:
        last, third = (aside.submit(places.admit, prompt_id) for prompt_id in "dc")
        assert places.admit("b")
        assert places.admit("a")
        places.leave("b")
        assert third.result(10)
        assert places.there == DEPTH
        assert not last.done()
        places.leave("a")
        assert last.result(10)


def test_a_prompt_that_is_let_go_waits_no_longer(places: Places) -> None:
    given(places, "a", "b", "c")
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(places.admit, "c")
        places.let_go("c")
        assert waiting.result(10)


def test_a_prompt_that_is_ready_does_not_wait_for_what_takes_long(
    places: Places, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_places, "PATIENCE_S", 0.01)
    ended(places, clock, SHORT_AFTER + 1, 0.0)
    given(places, "a", "b", "late")
    assert not places.admit("late")
    assert places.usual == DEPTH  # or it would be claimed for the same place again, and again


def test_what_was_there_before_this_process_takes_a_place(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_places, "PATIENCE_S", 0.01)
    for number in range(DEPTH):
        places.enter(str(number), is_there=True)
    places.enter("new")
    assert not places.admit("new")
    places.leave("1")
    assert places.admit("new")


def test_a_prompt_that_is_done_with_twice_counts_once(places: Places) -> None:
    places.enter("a")
    places.enter("b")
    places.leave("a")
    places.leave("a")
    assert places.given == 1

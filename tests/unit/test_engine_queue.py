"""The engine's queue and history."""

import threading

import pytest

from vqd.engine.queue import HISTORY_LIMIT, PromptQueue, Queued


def queued(prompt_id: str, number: float = 0) -> Queued:
    """A prompt as it was accepted."""
    return Queued(number, prompt_id, {}, {}, ("out",))


def taken(queue: PromptQueue) -> Queued:
    """The next prompt, which must be there."""
    prompt = queue.take()
    assert prompt is not None
    return prompt


def test_lower_numbers_run_first_and_equal_ones_by_id() -> None:
    queue = PromptQueue()
    for prompt_id, number in (("b", 1.0), ("c", -5), ("a", 1), ("b", 1)):
        queue.put(queued(prompt_id, number))
    order = []
    while queue.remaining:
        order.append(taken(queue).prompt_id)
        queue.finish({})
    assert order == ["c", "a", "b", "b"]


def test_a_prompt_is_in_the_queue_until_it_is_in_the_history() -> None:
    queue = PromptQueue()
    queue.put(queued("a"))
    assert (queue.remaining, queue.history("a")) == (1, {})
    taken(queue)
    assert (queue.remaining, queue.history("a")) == (1, {})
    queue.finish({"status": "over"})
    assert (queue.remaining, queue.history("a")) == (0, {"a": {"status": "over"}})


def test_what_is_told_of_a_prompt_that_is_queued_comes_before_it_can_be_taken() -> None:
    queue = PromptQueue()
    is_taken = threading.Event()
    told: list[tuple[int, bool]] = []

    def take() -> None:
        taken(queue)
        is_taken.set()

    taker = threading.Thread(target=take)
    taker.start()
    queue.put(queued("a"), tell=lambda: told.append((queue.remaining, is_taken.wait(0.2))))
    taker.join()
    assert told == [(1, False)]


def test_only_the_running_prompt_is_interrupted() -> None:
    queue = PromptQueue()
    queue.put(queued("a"))
    queue.put(queued("b"))
    running = taken(queue)
    queue.interrupt("b")
    assert not running.interrupted.is_set()
    queue.interrupt("a")
    assert running.interrupted.is_set()
    queue.finish({})
    following = taken(queue)
    queue.interrupt("a")
    assert not following.interrupted.is_set()
    queue.interrupt(None)
    assert following.interrupted.is_set()


def test_closing_interrupts_what_runs_and_gives_nothing_more() -> None:
    queue = PromptQueue()
    queue.put(queued("a"))
    queue.put(queued("b"))
    running = taken(queue)
    queue.close()
    assert running.interrupted.is_set()
    assert queue.take() is None


def test_deleting_an_id_takes_one_of_several() -> None:
    queue = PromptQueue()
    for number in range(3):
        queue.put(queued("same", number))
    queue.delete(["same", "none"])
    assert queue.remaining == 2
    queue.delete(["none"])
    assert queue.remaining == 2


def test_the_oldest_entry_goes_when_the_history_is_full() -> None:
    queue = PromptQueue()
    for number in range(HISTORY_LIMIT + 3):
        queue.put(queued(str(number)))
        taken(queue)
        queue.finish({})
    kept = [*queue.histories(None, -1)]
    assert len(kept) == HISTORY_LIMIT + 1
    assert (kept[0], kept[-1]) == ("2", str(HISTORY_LIMIT + 2))


@pytest.mark.parametrize(
    ("most", "offset", "names"),
    [
        (None, -1, "abcde"),
        (2, -1, "de"),
        (9, -1, "abcde"),
        (2, 1, "bc"),
        (2, 9, ""),
        (0, -1, ""),
        (-1, 0, ""),
    ],
)
def test_the_history_is_paged(most: int | None, offset: int, names: str) -> None:
    queue = PromptQueue()
    for name in "abcde":
        queue.put(queued(name))
        taken(queue)
        queue.finish({})
    assert [*queue.histories(most, offset)] == [*names]

import json
from typing import Any

from vqd.comfy.events import Ended, PromptEvent, Remaining, event_in
from vqd.comfy.messages import Finished
from vqd.comfy.outputs import RemoteFile
from vqd.comfy.watch import Signal, Watch

PROMPT_ID = "p"
FILE = {"filename": "a.png", "subfolder": "vqd/1", "type": "output"}


def message(kind: str, **data: Any) -> PromptEvent:
    said = {"prompt_id": PROMPT_ID, **data}
    event = event_in(json.dumps({"type": kind, "data": said}).encode())
    assert event is not None
    assert not isinstance(event, Remaining)
    return event


BEGUN = message("execution_start", timestamp=1500)
CACHED = message("execution_cached", nodes=["1"])
RUNS = message("executing", node="2", display_node="2")
EXECUTED = message("executed", node="2", display_node="2", output={"images": [FILE]})
SUCCESS = message("execution_success", timestamp=2250)
ENDED = Ended(PROMPT_ID)
ALL = (BEGUN, CACHED, RUNS, EXECUTED, SUCCESS, ENDED)


def heard(*events: PromptEvent | Signal) -> Finished | None:
    watch = Watch(PROMPT_ID, lambda _: None)
    for event in events:
        if isinstance(event, Signal):
            watch.tell(event)
        else:
            watch.hear(event)
    return watch.finished


def test_a_success_of_which_all_was_heard_is_as_its_history_entry() -> None:
    assert heard(*ALL) == Finished(
        prompt_id=PROMPT_ID,
        status="success",
        completed=True,
        outputs={"2": (RemoteFile("a.png", "vqd/1"),)},
        cached_nodes=frozenset({"1"}),
        started_at=1.5,
        ended_at=2.25,
    )


def test_what_was_not_heard_from_its_beginning_to_its_end_is_left_to_the_history() -> None:
    for event in (BEGUN, SUCCESS, ENDED):
        assert heard(*(other for other in ALL if other is not event)) is None


def test_an_error_and_an_interrupt_are_left_to_the_history() -> None:
    assert heard(BEGUN, CACHED, RUNS, EXECUTED, ENDED) is None


def test_what_a_connection_did_not_tell_is_not_made_up_for_by_the_next() -> None:
    for at in range(1, len(ALL)):
        assert heard(*ALL[:at], Signal.LOST, *ALL[at:]) is None


def test_a_prompt_that_is_begun_with_twice_is_left_to_the_history() -> None:
    assert heard(BEGUN, *ALL) is None


def test_a_node_that_tells_twice_what_it_put_out_is_believed_the_last_time() -> None:
    before = message("executed", node="2", output={"images": [{**FILE, "type": "temp"}]})
    told = heard(BEGUN, before, EXECUTED, SUCCESS, ENDED)
    assert told is not None
    assert told.outputs == {"2": (RemoteFile("a.png", "vqd/1"),)}


def test_what_an_expanded_node_puts_out_counts_as_the_graphs() -> None:
    inner = message("executed", node="2.0.1", display_node="2", output={"images": [FILE]})
    told = heard(BEGUN, inner, SUCCESS, ENDED)
    assert told is not None
    assert told.outputs == {"2": (RemoteFile("a.png", "vqd/1"),)}

"""Questions to a share, and the threads that ask them."""

import threading

import pytest

from vqd.spool.asking import Asker


def test_a_thread_that_could_not_be_started_leaves_its_place_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    asker = Asker(answers_within_s=60)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            asker.ask(lambda: "early")
    assert asker.ask(lambda: "late") == "late"

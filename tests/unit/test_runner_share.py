"""The loop's questions to a share, which may not answer."""

import os
import threading

import pytest

from tests.waiting import wait_for
from vqd.runner.share import BELIEVED_S, FREE_BELIEVED_S, Share, ShareAway
from vqd.spool.layout import PAUSED, Spool


def test_it_says_what_keeps_prompts_from_being_sent(spool: Spool) -> None:
    now = [100.0]
    share = Share(spool, on_answer=lambda: None, clock=lambda: now[0])
    assert share.held_by() is None
    spool.pause()
    assert share.held_by() is None, "nothing was in the way a moment ago"
    now[0] += FREE_BELIEVED_S
    assert share.held_by() == PAUSED
    spool.resume()
    assert share.held_by() is None, "what is in the way is never believed"
    (spool.root / ".vqd-spool").unlink()
    now[0] += FREE_BELIEVED_S
    assert share.held_by() == "share away: its marker .vqd-spool is missing"


def test_whether_a_job_is_there_is_not_told_while_the_share_is_away(spool: Spool) -> None:
    share = Share(spool, on_answer=lambda: None)
    (spool.active / "job").mkdir()
    assert (share.has_active("job"), share.has_active("gone")) == (True, False)
    spool.root.rename(spool.root.with_name("away"))
    with pytest.raises(ShareAway, match="no vqd spool here"):
        share.has_active("gone")


def test_a_folder_is_looked_for_again_when_a_moment_has_passed(spool: Spool) -> None:
    now = [100.0]
    share = Share(spool, on_answer=lambda: None, clock=lambda: now[0])
    (spool.active / "job").mkdir()
    assert share.has_active("job")
    (spool.active / "job").rmdir()
    now[0] += BELIEVED_S * 0.9
    assert share.has_active("job"), "it was there a moment ago"
    now[0] += BELIEVED_S * 0.2
    assert not share.has_active("job")
    (spool.active / "job").mkdir()
    assert share.has_active("job"), "that it is not there is never believed"


def test_the_thread_that_asks_stands_while_there_are_questions_and_ends_then(spool: Spool) -> None:
    share = Share(spool, on_answer=lambda: None)
    before = set(threading.enumerate())
    asking = set[threading.Thread]()
    for _ in range(20):
        assert share.why_away() is None
        asking |= set(threading.enumerate()) - before
    assert len(asking) < 10, "one, but for a machine so busy that it ends between two of them"
    wait_for(lambda: not asking & set(threading.enumerate()), within_s=30)
    assert share.why_away() is None


def test_a_share_that_does_not_answer_is_away_until_it_does(spool: Spool) -> None:
    answered = threading.Event()
    share = Share(spool, on_answer=answered.set, answers_within_s=0.05)
    marker = spool.root / ".vqd-spool"
    mark = marker.read_bytes()
    marker.unlink()
    os.mkfifo(marker)  # to read it waits for whoever writes it
    assert share.held_by() == "share away: it does not answer"
    before = threading.active_count()
    with pytest.raises(ShareAway, match="it does not answer"):
        share.has_active("job")
    assert threading.active_count() == before, "a silent share is not asked a second time"
    assert not answered.is_set()
    marker.write_bytes(mark)
    assert answered.wait(60)
    marker.unlink()
    marker.write_bytes(mark)
    assert share.held_by() is None

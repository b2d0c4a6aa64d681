"""The loop's questions to a share, which may not answer."""

import os
import threading

import pytest

from vqd.runner.share import Share, ShareAway
from vqd.spool.layout import PAUSED, Spool


def test_it_says_what_keeps_prompts_from_being_sent(spool: Spool) -> None:
    share = Share(spool, on_answer=lambda: None)
    assert share.held_by() is None
    spool.pause()
    assert share.held_by() == PAUSED
    spool.resume()
    (spool.root / ".vqd-spool").unlink()
    assert share.held_by() == "share away: its marker .vqd-spool is missing"


def test_whether_a_job_is_there_is_not_told_while_the_share_is_away(spool: Spool) -> None:
    share = Share(spool, on_answer=lambda: None)
    (spool.active / "job").mkdir()
    assert (share.has_active("job"), share.has_active("gone")) == (True, False)
    spool.root.rename(spool.root.with_name("away"))
    with pytest.raises(ShareAway, match="no vqd spool here"):
        share.has_active("gone")


def test_a_share_that_does_not_answer_is_away_until_it_does(spool: Spool) -> None:
    answered = threading.Event()
    share = Share(spool, on_answer=answered.set, answers_within_s=0.05)
    assert share.held_by() is None
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
    assert answered.wait(5)
    marker.unlink()
    marker.write_bytes(mark)
    assert share.held_by() is None

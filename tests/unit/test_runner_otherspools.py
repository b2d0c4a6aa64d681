"""Whose the spools are that the settings name beside one's own."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from vqd.runner.otherspools import LOOK_AGAIN_S, OtherSpools
from vqd.spool.layout import Spool


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_tells_whose_it_is_and_ones_own_is_none_of_them(
    tmp_path: Path, spool: Spool, clock: Clock
) -> None:
    other = Spool.create(tmp_path / "other")
    others = OtherSpools([spool, other], spool.marker.word, on_answer=lambda: None, clock=clock)
    assert others.look()
    assert [*others.known] == [other.marker.word]
    assert others.are_known
    assert (others.again_s(), others.look()) == (None, False)


def test_one_that_is_not_there_yet_is_asked_again_and_both_is_said_once(
    tmp_path: Path, clock: Clock
) -> None:
    other = Spool(tmp_path / "other")
    others = OtherSpools([other], "ours", on_answer=lambda: None, clock=clock)
    with capture_logs() as logs:
        for _ in range(3):
            assert not others.look()
            assert not others.are_known
            assert others.again_s() == LOOK_AGAIN_S
            clock.now += LOOK_AGAIN_S
        Spool.create(other.root)
        assert others.look()
    assert [*others.known] == [other.marker.word]
    assert [line["event"] for line in logs] == ["spools.away", "spools.found"]


def test_none_is_asked_sooner_than_it_is_time(tmp_path: Path, clock: Clock) -> None:
    others = OtherSpools([Spool(tmp_path / "other")], "ours", on_answer=lambda: None, clock=clock)
    others.look()
    Spool.create(tmp_path / "other")
    clock.now += LOOK_AGAIN_S / 2
    assert not others.look()
    assert others.again_s() == LOOK_AGAIN_S / 2

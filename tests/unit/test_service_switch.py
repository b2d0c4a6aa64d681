"""How the spool stands, asked once, of a share that may not answer."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from vqd.service.switch import Standing, Switch
from vqd.spool.asking import Asker, Silent
from vqd.spool.layout import Spool

T = TypeVar("T")


class Listed(Asker):
    """Lists what it asks, of a share that may fall silent."""

    def __init__(self) -> None:
        super().__init__(answers_within_s=60)
        self.questions: list[Callable[[], object]] = []
        self.is_silent = False

    def ask(self, question: Callable[[], T]) -> T:
        self.questions.append(question)
        if self.is_silent:
            raise Silent
        return super().ask(question)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool that is there."""
    return Spool.create(tmp_path / "spool")


def switch_of(spool: Spool, asker: Asker) -> Switch:
    return Switch(spool, asker, on_change=lambda: None)


def test_the_share_is_asked_once_for_all_that_keeps_the_queue(spool: Spool) -> None:
    asker = Listed()
    assert switch_of(spool, asker).standing() == Standing(None, is_paused=False)
    assert len(asker.questions) == 1


def test_a_pause_stops_everything_and_a_share_that_is_away_before_that(
    spool: Spool, tmp_path: Path
) -> None:
    switch = switch_of(spool, Listed())
    assert switch.standing().stops == []
    switch.pause()
    assert [stop.code for stop in switch.standing().stops] == ["paused"]
    spool.active.rename(tmp_path / "active")
    assert [stop.code for stop in switch.standing().stops] == ["share_away"]


def test_a_share_that_does_not_answer_is_as_it_was_when_it_was_last_heard_of(spool: Spool) -> None:
    asker = Listed()
    switch = switch_of(spool, asker)
    switch.pause()
    assert switch.standing().is_paused
    asker.is_silent = True
    assert switch.standing() == Standing("it does not answer", is_paused=True)

import os
from pathlib import Path

import pytest

from tests.builders import write
from vqd.watchers.look import look_at
from vqd.watchers.settle import Look, Settled, Settling, Waiting


def a_settling() -> Settling:
    return Settling(settle_s=0.5)


def a_look(fingerprint: int = 1, *, held: bool | None = False) -> Look:
    return Look(fingerprint, files=2, size_bytes=2_500_000, held=held)


def test_what_was_renamed_in_and_is_held_by_nobody_is_complete_at_once() -> None:
    assert a_settling().judge("a", a_look(), now=5.0, renamed=True, poll_s=3.0) == Settled(0.0)


def test_what_was_renamed_in_while_its_writer_goes_on_waits() -> None:
    verdict = a_settling().judge("a", a_look(held=True), now=5.0, renamed=True, poll_s=3.0)
    assert isinstance(verdict, Waiting)
    assert "still being written, 2.5 MB so far" in verdict.reason


def test_a_copy_is_complete_after_half_a_quiet_second() -> None:
    settling = a_settling()
    assert isinstance(settling.judge("a", a_look(), now=0.0, renamed=False, poll_s=3.0), Waiting)
    assert isinstance(settling.judge("a", a_look(), now=0.49, renamed=False, poll_s=3.0), Waiting)
    assert settling.judge("a", a_look(), now=0.5, renamed=False, poll_s=3.0) == Settled(0.5)


def test_a_change_begins_the_wait_again() -> None:
    settling = a_settling()
    settling.judge("a", a_look(1), now=0.0, renamed=False, poll_s=3.0)
    settling.judge("a", a_look(2), now=0.4, renamed=False, poll_s=3.0)
    assert isinstance(settling.judge("a", a_look(2), now=0.8, renamed=False, poll_s=3.0), Waiting)


def test_a_drop_that_comes_in_bursts_must_be_quiet_for_twice_its_longest_pause() -> None:
    settling = a_settling()
    settling.judge("a", a_look(1), now=0.0, renamed=False, poll_s=3.0)
    settling.judge("a", a_look(1), now=1.9, renamed=False, poll_s=3.0)
    settling.judge("a", a_look(2), now=2.0, renamed=False, poll_s=3.0)
    assert isinstance(settling.judge("a", a_look(2), now=5.7, renamed=False, poll_s=3.0), Waiting)
    assert isinstance(settling.judge("a", a_look(2), now=5.8, renamed=False, poll_s=3.0), Settled)


def test_where_nobody_can_tell_who_writes_looks_must_agree_for_longer() -> None:
    settling = a_settling()
    settling.judge("a", a_look(held=None), now=0.0, renamed=True, poll_s=3.0)
    assert isinstance(
        settling.judge("a", a_look(held=None), now=2.9, renamed=True, poll_s=3.0), Waiting
    )
    assert isinstance(
        settling.judge("a", a_look(held=None), now=3.0, renamed=True, poll_s=3.0), Settled
    )


def test_one_drop_does_not_settle_another_and_a_forgotten_one_begins_anew() -> None:
    settling = a_settling()
    settling.judge("a", a_look(), now=0.0, renamed=False, poll_s=3.0)
    settling.judge("a/inputs", a_look(), now=0.0, renamed=False, poll_s=3.0)
    assert isinstance(settling.judge("b", a_look(), now=1.0, renamed=False, poll_s=3.0), Waiting)
    settling.forget("a")
    assert isinstance(settling.judge("a", a_look(), now=1.0, renamed=False, poll_s=3.0), Waiting)
    assert isinstance(
        settling.judge("a/inputs", a_look(), now=1.0, renamed=False, poll_s=3.0), Waiting
    )


def test_a_file_that_has_its_size_before_its_data_waits_while_its_blocks_grow(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.png"
    with path.open("wb") as file:
        file.truncate(1 << 20)
    os.utime(path, (1, 1))
    settling, verdicts = a_settling(), []
    for turn in range(4):
        with path.open("r+b") as file:
            file.seek(turn << 18)
            file.write(b"x" * (1 << 18))
            os.fsync(file.fileno())
        os.utime(path, (1, 1))  # as a copy that keeps the source's time does
        look = look_at([path], has_leases=False)
        verdicts.append(settling.judge("a", look, now=turn * 3.0, renamed=False, poll_s=3.0))
    assert [type(verdict) for verdict in verdicts] == [Waiting] * 4
    look = look_at([path], has_leases=False)
    assert isinstance(settling.judge("a", look, now=12.0, renamed=False, poll_s=3.0), Settled)


@pytest.mark.parametrize("mtime", [315_532_800, 4_102_444_800], ids=["1980", "2100"])
def test_a_file_of_any_age_settles_by_looks_alone(tmp_path: Path, mtime: int) -> None:
    path = write(tmp_path / "a.txt", "x")
    os.utime(path, (mtime, mtime))
    settling = a_settling()
    look = look_at([path], has_leases=True)
    assert isinstance(settling.judge("a", look, now=0.0, renamed=False, poll_s=3.0), Waiting)
    assert settling.judge("a", look, now=0.5, renamed=False, poll_s=3.0) == Settled(0.5)


def test_a_writer_that_closes_and_opens_again_is_waited_for_to_the_last_close() -> None:
    settling = a_settling()
    for turn in range(5):  # open for 0.1 s, closed for 0.3 s
        now = turn * 0.4
        held, closed = a_look(turn, held=True), a_look(turn)
        for look, at in ((held, now), (closed, now + 0.1), (closed, now + 0.39)):
            assert isinstance(settling.judge("a", look, now=at, renamed=False, poll_s=3.0), Waiting)
    last = a_look(4)
    assert isinstance(settling.judge("a", last, now=2.3, renamed=False, poll_s=3.0), Waiting)
    assert isinstance(settling.judge("a", last, now=2.4, renamed=False, poll_s=3.0), Settled)


def test_looks_at_what_is_written_for_long_come_less_often_but_not_seldom() -> None:
    settling, waits = a_settling(), []
    for now in (0.0, 1.0, 10.0, 100.0, 10_000.0):
        look = a_look(int(now), held=True)
        verdict = settling.judge("a", look, now=now, renamed=False, poll_s=3.0)
        assert isinstance(verdict, Waiting)
        waits.append(verdict.again_s)
    assert waits == [0.1, 0.1, 0.5, 2.0, 2.0]


def test_pauses_between_looks_do_not_count_as_pauses_of_the_writer() -> None:
    settling = a_settling()
    for now in (0.0, 2.0, 4.0):
        settling.judge("a", a_look(int(now), held=True), now=now, renamed=False, poll_s=3.0)
    settling.judge("a", a_look(9), now=6.0, renamed=False, poll_s=3.0)
    assert settling.judge("a", a_look(9), now=6.5, renamed=False, poll_s=3.0) == Settled(0.5)


def test_looks_at_many_files_are_further_apart_than_they_take() -> None:
    look = Look(1, files=50_000, size_bytes=1, held=False)
    verdict = a_settling().judge("a", look, now=0.0, renamed=False, poll_s=3.0)
    assert isinstance(verdict, Waiting)
    assert verdict.again_s == 20.0


def test_a_share_is_looked_at_ten_times_while_a_drop_settles() -> None:
    look = a_look(held=None)
    verdict = a_settling().judge("a", look, now=0.0, renamed=False, poll_s=10.0)
    assert isinstance(verdict, Waiting)
    assert verdict.again_s == 1.0

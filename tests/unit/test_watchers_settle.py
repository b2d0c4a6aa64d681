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
    assert "still being written, 2 MB so far" in verdict.reason


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

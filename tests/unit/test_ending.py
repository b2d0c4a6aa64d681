"""The end of the daemon is heard of whatever the main thread was doing."""

import os
import signal
import threading

import pytest

from tests.waiting import wait_for
from vqd.ending import Ending


@pytest.fixture
def hurried() -> threading.Event:
    return threading.Event()


@pytest.fixture
def ending(hurried: threading.Event) -> Ending:
    return Ending(hurry=hurried.set)


def _send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_the_end(ending: Ending, number: signal.Signals) -> None:
    with ending.listening():
        sender = threading.Timer(0.05, _send, [number])
        sender.start()
        ending.wait()
        sender.join()

    assert ending.asked.is_set()
    assert ending.exit_code == 0


def test_a_signal_that_only_another_thread_takes_ends_the_wait(ending: Ending) -> None:
    taken = threading.Event()

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        taken.set()

    with ending.listening():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            taker = threading.Timer(0.05, take)
            taker.start()
            ending.wait()
            taker.join()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert taken.is_set()


def test_a_fault_in_a_thread_ends_the_wait_with_one(ending: Ending) -> None:
    with ending.listening():
        failing = threading.Timer(0.05, ending.fail)
        failing.start()
        ending.wait()
        failing.join()

    assert ending.exit_code == 1


def test_a_second_signal_hurries_the_end_on(ending: Ending, hurried: threading.Event) -> None:
    with ending.listening():
        _send(signal.SIGTERM)
        ending.wait()
        assert not hurried.is_set()

        def end() -> None:
            _send(signal.SIGTERM)
            wait_for(hurried.is_set, within_s=10, what="the hurry")

        ending.carry_out(end)

    assert hurried.is_set()


def test_what_the_end_raises_is_raised(ending: Ending) -> None:
    def end() -> None:
        raise OSError("no room")

    with ending.listening(), pytest.raises(OSError, match="no room"):
        ending.carry_out(end)


def test_the_handlers_of_before_come_back(ending: Ending) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with ending.listening():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before

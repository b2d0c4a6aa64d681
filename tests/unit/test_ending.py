"""What signals ask of the daemon is heard whatever the main thread was doing."""

import os
import pty
import signal
import subprocess
import sys
import threading
from contextlib import AbstractContextManager

import pytest

from tests.waiting import wait_for
from vqd.ending import Ending


class Heard:
    """An end, and what it heard of signals."""

    def __init__(self) -> None:
        self.ending = Ending()
        self.hurry = threading.Event()
        self.hangups: list[str] = []

    def listening(self) -> AbstractContextManager[None]:
        return self.ending.listening(
            hurry=self.hurry.set, on_hangup=lambda: self.hangups.append("heard")
        )


@pytest.fixture
def heard() -> Heard:
    return Heard()


def _send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_the_end(heard: Heard, number: signal.Signals) -> None:
    with heard.listening():
        sender = threading.Timer(0.05, _send, [number])
        sender.start()
        heard.ending.wait()
        sender.join()

    assert heard.ending.asked.is_set()
    assert heard.ending.exit_code == 0


def test_a_signal_that_only_another_thread_takes_ends_the_wait(heard: Heard) -> None:
    taken = threading.Event()

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        taken.set()

    with heard.listening():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            taker = threading.Timer(0.05, take)
            taker.start()
            heard.ending.wait()
            taker.join()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert taken.is_set()


def test_a_fault_in_a_thread_ends_the_wait_with_one(heard: Heard) -> None:
    with heard.listening():
        failing = threading.Timer(0.05, heard.ending.fail)
        failing.start()
        heard.ending.wait()
        failing.join()

    assert heard.ending.exit_code == 1


def test_a_second_signal_hurries_the_end_on(heard: Heard) -> None:
    with heard.listening():
        _send(signal.SIGTERM)
        heard.ending.wait()
        assert not heard.hurry.is_set()

        def end() -> None:
            _send(signal.SIGTERM)
            wait_for(heard.hurry.is_set, within_s=60, what="the hurry")

        heard.ending.carry_out(end)

    assert heard.hurry.is_set()


def test_what_the_end_raises_is_raised(heard: Heard) -> None:
    def end() -> None:
        raise OSError("no room")

    with heard.listening(), pytest.raises(OSError, match="no room"):
        heard.ending.carry_out(end)


def test_the_handlers_of_before_come_back(heard: Heard) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with heard.listening():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before


def test_a_hangup_asks_for_the_settings_and_not_for_the_end(heard: Heard) -> None:
    with heard.listening():
        _send(signal.SIGHUP)
        _send(signal.SIGTERM)
        heard.ending.wait()

    assert heard.hangups == ["heard"]
    assert heard.ending.exit_code == 0


def test_the_end_is_heard_of_after_a_storm_of_hangups(heard: Heard) -> None:
    with heard.listening():
        for _ in range(5000):
            _send(signal.SIGHUP)
        _send(signal.SIGTERM)
        heard.ending.wait()

    assert heard.hangups


def test_a_hangup_while_the_end_is_carried_out_hurries_nothing(heard: Heard) -> None:
    def end() -> None:
        _send(signal.SIGHUP)
        wait_for(lambda: heard.hangups, within_s=60, what="the hangup")

    with heard.listening():
        _send(signal.SIGTERM)
        heard.ending.wait()
        heard.ending.carry_out(end)

    assert not heard.hurry.is_set()


def test_a_hangup_before_the_daemon_listens_is_heard_when_it_does(heard: Heard) -> None:
    with heard.ending.keeping_hangups():
        _send(signal.SIGHUP)
        with heard.listening():
            _send(signal.SIGTERM)
            heard.ending.wait()

    assert heard.hangups == ["heard"]


_IN_A_TERMINAL = """
from vqd.ending import Ending

ending = Ending()
with ending.listening(hurry=print, on_hangup=print):
    print("listens", flush=True)
    ending.wait()
raise SystemExit(7)
"""


def test_a_daemon_whose_terminal_is_closed_ends() -> None:
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-c", _IN_A_TERMINAL],
        stdin=theirs,
        stdout=subprocess.PIPE,
    )
    os.close(theirs)
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"listens\n"
        os.close(ours)
        assert started.wait(60) == 7

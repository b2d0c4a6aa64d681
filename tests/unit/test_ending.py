"""What signals ask of the daemon is heard whatever the main thread was doing."""

import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from tests.waiting import wait_for
from vqd.ending import Ending, hangups_kept


@pytest.fixture
def hurried() -> threading.Event:
    return threading.Event()


@pytest.fixture
def hangups() -> list[str]:
    return []


@pytest.fixture
def ending(hurried: threading.Event, hangups: list[str]) -> Ending:
    return Ending(hurry=hurried.set, on_hangup=lambda: hangups.append("heard"))


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


def test_a_hangup_asks_for_the_settings_and_not_for_the_end(
    ending: Ending, hangups: list[str]
) -> None:
    with ending.listening():
        _send(signal.SIGHUP)
        _send(signal.SIGTERM)
        ending.wait()

    assert hangups == ["heard"]
    assert ending.exit_code == 0


def test_the_end_is_heard_of_after_a_storm_of_hangups(ending: Ending, hangups: list[str]) -> None:
    with ending.listening():
        for _ in range(5000):
            _send(signal.SIGHUP)
        _send(signal.SIGTERM)
        ending.wait()

    assert hangups


def test_a_hangup_while_the_end_is_carried_out_hurries_nothing(
    ending: Ending, hurried: threading.Event, hangups: list[str]
) -> None:
    def end() -> None:
        _send(signal.SIGHUP)
        wait_for(lambda: hangups, within_s=10, what="the hangup")

    with ending.listening():
        _send(signal.SIGTERM)
        ending.wait()
        ending.carry_out(end)

    assert not hurried.is_set()


def test_a_hangup_before_the_daemon_listens_is_heard_when_it_does(
    ending: Ending, hangups: list[str]
) -> None:
    with hangups_kept():
        _send(signal.SIGHUP)
        with ending.listening():
            _send(signal.SIGTERM)
            ending.wait()

    assert hangups == ["heard"]


_IN_A_TERMINAL = """
from vqd.ending import Ending

ending = Ending(hurry=print, on_hangup=print)
with ending.listening():
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

"""SIGHUP has the settings read again, and systemd is told when that begins and ends."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.manager import Manager
from tests.waiting import wait_for
from vqd.hangup import Hangups


@contextmanager
def _hearing(reload: Callable[[], None]) -> Iterator[Hangups]:
    hangups = Hangups(reload)
    hangups.start()
    try:
        yield hangups
    finally:
        hangups.stop()


def test_a_hangup_has_the_settings_read_once(manager: Manager) -> None:
    read = threading.Semaphore(0)

    with _hearing(read.release) as hangups:
        hangups.ask()
        assert read.acquire(timeout=60)
        wait_for(lambda: manager.told_of("READY"), within_s=60, what="the end of the reload")

    assert not read.acquire(blocking=False)
    assert list(manager.told[0]) == ["RELOADING", "MONOTONIC_USEC"]
    assert manager.told[1] == {"READY": "1"}


def test_what_asks_meanwhile_has_them_read_once_more(manager: Manager) -> None:
    begun, may_end, read = threading.Event(), threading.Event(), []

    def reload() -> None:
        begun.set()
        may_end.wait(60)
        read.append("read")

    with _hearing(reload) as hangups:
        hangups.ask()
        assert begun.wait(60)
        for _ in range(100):
            hangups.ask()
        may_end.set()
        wait_for(lambda: len(manager.told_of("READY")) == 2, within_s=60, what="the second time")

    assert read == ["read", "read"]


def test_a_fault_in_a_reload_keeps_none_from_coming(manager: Manager) -> None:
    asked = []

    def reload() -> None:
        asked.append("asked")
        raise RuntimeError("out of luck")

    with _hearing(reload) as hangups:
        hangups.ask()
        wait_for(lambda: manager.told_of("READY"), within_s=60, what="the first")
        hangups.ask()
        wait_for(lambda: len(manager.told_of("READY")) == 2, within_s=60, what="the second")

    assert asked == ["asked", "asked"]

"""What the daemon tells systemd, as sd_notify(3) wants it."""

import os

import pytest

from tests.manager import Manager
from vqd import systemd


def test_a_start_tells_what_it_does_and_asks_for_its_time(manager: Manager) -> None:
    systemd.starting("listens", within_s=50)

    assert manager.told == [{"STATUS": "listens", "EXTEND_TIMEOUT_USEC": "50000000"}]


def test_the_end_tells_so_and_asks_for_its_time(manager: Manager) -> None:
    systemd.stopping("ends within 20 s", within_s=45.5)

    told = {"STOPPING": "1", "STATUS": "ends within 20 s", "EXTEND_TIMEOUT_USEC": "45500000"}
    assert manager.told == [told]


def test_a_status_is_one_line_whatever_is_in_it(manager: Manager) -> None:
    systemd.status("share away\nMAINPID=1")

    assert manager.told == [{"STATUS": "share away MAINPID=1"}]


def test_a_manager_that_is_gone_ends_nothing(manager: Manager) -> None:
    assert systemd.is_heard()
    manager.close()

    systemd.alive()


def test_without_a_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    systemd.ready()

    assert not systemd.is_heard()


def test_a_sign_of_life_is_wanted_of_the_process_that_it_is_said_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert systemd.watchdog_s() == 60.0

    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watchdog_s() is None

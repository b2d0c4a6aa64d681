"""What goes on by itself and hangs on the settings."""

import threading
from pathlib import Path

from tests.house import House
from tests.waiting import wait_for
from vqd.chores import Chores
from vqd.settings.load import load_settings
from vqd.spool.layout import Spool


def test_the_welcome_waits_for_the_first_tick_of_the_loop_and_is_begun_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    spool, store = Spool(tmp_path / "spool"), house.store()
    chores = Chores(load_settings(house.settings), spool, store)
    try:
        chores.start()
        assert _welcoming() == []
        chores.wake()
        begun = _welcoming()
        assert len(begun) == 1
        chores.wake()
        assert _welcoming() == begun
        wait_for((spool.inbox / "_vqd" / "README.txt").is_file, within_s=30)
    finally:
        chores.stop()
        store.close()


def test_a_daemon_that_ends_before_the_first_tick_waits_for_no_welcome(tmp_path: Path) -> None:
    house = House(tmp_path)
    store = house.store()
    chores = Chores(load_settings(house.settings), Spool(tmp_path / "spool"), store)
    chores.start()
    chores.stop()
    store.close()
    assert not (tmp_path / "spool" / "inbox" / "_vqd").exists()


def _welcoming() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "welcome"]

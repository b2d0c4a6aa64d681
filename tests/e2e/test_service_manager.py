"""What the daemon tells the service manager that started it, from its start to its end."""

import signal

from tests.daemons import Daemon
from tests.manager import Manager
from tests.waiting import wait_for


def test_the_daemon_tells_of_its_start_a_reload_how_the_queue_is_and_its_end(
    daemon: Daemon, manager: Manager
) -> None:
    daemon.start()
    assert daemon.process is not None
    wait_for(lambda: manager.told_of("READY"), within_s=60)
    steps = [one["STATUS"] for one in manager.told if "EXTEND_TIMEOUT_USEC" in one]
    assert steps[:3] == ["takes the spool", "opens the queue", "gets ready"]
    wait_for(
        lambda: any("1 of 1 servers up" in said for said in manager.told_of("STATUS")), within_s=60
    )

    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(manager.told_of("READY")) == 2, within_s=60, what="the end of the reload")
    reload = [one for one in manager.told if "RELOADING" in one or "READY" in one][1:]
    assert [next(iter(one)) for one in reload] == ["RELOADING", "READY"]

    assert daemon.stop() == 0
    (end,) = [one for one in manager.told if "STOPPING" in one]
    assert end["STATUS"] == "ends within 2 s"
    assert manager.told_of("WATCHDOG")

"""Telling systemd how the daemon is (sd_notify(3)). Without systemd, nothing happens."""

import os
import socket


def notify(state: str) -> None:
    """Send one state, such as READY=1, to the service manager if there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(state.encode())


def is_manager() -> bool:
    """Tell whether systemd's journal reads what is logged (systemd.exec(5), JOURNAL_STREAM)."""
    return "JOURNAL_STREAM" in os.environ


def watchdog_s() -> float | None:
    """Give the seconds within which the manager wants a sign of life, None if it wants none."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    if not microseconds or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000

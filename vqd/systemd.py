"""Telling systemd how the daemon is (sd_notify(3)). Without systemd, nothing happens."""

import os
import socket
import time
from contextlib import suppress

_ADDRESS = "NOTIFY_SOCKET"
"""The variable that names the socket which the manager listens at."""


def starting(said: str, *, within_s: float) -> None:
    """Tell what goes on until `ready`, and that it may take so long, whatever the unit's
    TimeoutStartSec says."""
    _notify(f"STATUS={said}", _longer(within_s))


def ready() -> None:
    """Tell that the daemon is up, or that it has read its settings again."""
    _notify("READY=1")


def reloading() -> None:
    """Tell that the settings are being read again, until `ready`."""
    now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    _notify("RELOADING=1", f"MONOTONIC_USEC={now_us}")


def alive() -> None:
    """Give a sign of life."""
    _notify("WATCHDOG=1")


def is_heard() -> bool:
    """Tell whether a manager wants to know how the daemon is."""
    return bool(os.environ.get(_ADDRESS))


def status(said: str) -> None:
    """Tell in one line how things are, which `systemctl status` shows."""
    _notify(f"STATUS={said}")


def stopping(said: str, *, within_s: float) -> None:
    """Tell that the daemon ends, and that it may take so long, whatever the unit's TimeoutStopSec
    says."""
    _notify("STOPPING=1", f"STATUS={said}", _longer(within_s))


def is_manager() -> bool:
    """Tell whether systemd's journal reads what is logged: whether stderr is the stream that it
    opened, and no file put in its place (systemd.exec(5), JOURNAL_STREAM)."""
    facts = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{facts.st_dev}:{facts.st_ino}"


def watchdog_s() -> float | None:
    """Give the seconds within which the manager wants a sign of life, None if it wants none."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    if not microseconds or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000


def _longer(within_s: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={round(within_s * 1_000_000)}"


def _notify(*states: str) -> None:
    """Send states in one message. Where the manager cannot be reached the daemon goes on: nobody
    but the manager could do anything about it."""
    address = os.environ.get(_ADDRESS)
    if not address:
        return
    message = "\n".join(" ".join(state.splitlines()) for state in states)
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(message.encode())

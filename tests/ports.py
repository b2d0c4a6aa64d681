"""Ports for servers that come back on them, or begin to listen a while after they got theirs.

The kernel gives ports of a range of its own to whoever connects, and to whoever asks for any
(ip(7), ip_local_port_range): one that is let go of for a moment may be somebody else's by then.
"""

import random
import socket
from contextlib import closing
from pathlib import Path

_GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _LAST = 10_000, 32_000
_TRIES = 100

_ours: set[int] = set()


def lasting_port() -> int:
    """Give a port of the loopback that nobody uses, and nobody is given but by this function."""
    first, last = map(int, _GIVEN_AWAY.read_text(encoding="ascii").split())
    kept = [port for port in range(_FIRST, _LAST) if not first <= port <= last]
    for port in random.sample(kept, _TRIES):
        if port not in _ours and _is_free(port):
            _ours.add(port)
            return port
    raise AssertionError(f"no port from {_FIRST} to {_LAST} seems to be free")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

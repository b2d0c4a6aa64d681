"""Networks of a host's own: a namespace, and a cable to this one that can be pulled."""

import contextlib
import ipaddress
import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.mounts import tool
from tests.waiting import wait_for

ALL = ipaddress.ip_network("198.18.0.0/15")
"""Where the networks lie: of addresses that are for tests of networks (RFC 2544)."""

_numbers = itertools.count()


class Network:
    """A namespace with a loopback and one cable, at whose other end this machine is.

    It is there for as long as a process that waits in it, which ends with the test's, and what else
    runs `inside`. A name and an address are free: both are made of the test's process id.
    """

    def __init__(self) -> None:
        number = next(_numbers)
        self._cable = f"vqd{os.getpid()}-{number}"
        start = (16 * os.getpid() + 4 * number) % ALL.num_addresses
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
        )
        self.here, self._there = str(ALL[start + 1]), str(ALL[start + 2])

    @property
    def inside(self) -> Sequence[str]:
        """What stands before a command that is to run in it."""
        return ("nsenter", f"--net={self._namespace}", "--")

    def join(self) -> Self:
        """Lay the cable.

        Raises:
            AssertionError: this user, or this kernel, may not; `ip` tells which.
        """
        wait_for(self._is_apart, within_s=60, what="a network of its own (unshare)")
        end = ("peer", "name", "eth0", "netns", str(self._holder.pid))
        _ip("link", "add", self._cable, "type", "veth", *end)
        _ip("addr", "add", f"{self.here}/30", "dev", self._cable)
        _ip("addr", "add", f"{self._there}/30", "dev", "eth0", inside=self.inside)
        _ip("link", "set", "lo", "up", inside=self.inside)
        _ip("link", "set", "eth0", "up", inside=self.inside)
        self.mend()
        return self

    def cut(self) -> None:
        """Pull the cable: nothing comes through, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug it in again."""
        _ip("link", "set", self._cable, "up")

    def close(self) -> None:
        """Let go of it; it is gone when what runs inside is."""
        self._holder.kill()
        self._holder.wait(60)

    @property
    def _namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def _is_apart(self) -> bool:
        assert self._holder.poll() is None, "nobody may make a network here"
        with contextlib.suppress(FileNotFoundError):
            return Path(self._namespace).readlink() != Path("/proc/self/ns/net").readlink()
        return False


@contextlib.contextmanager
def networks(count: int) -> Iterator[Sequence[Network]]:
    """Make so many networks; skips the test where that is not allowed."""
    lacking = [name for name in ("ip", "unshare", "nsenter", "setpriv") if tool(name) is None]
    if lacking or os.geteuid():
        pytest.skip(f"no networks of a test's own: not root, or not installed: {lacking}")
    made = [Network() for _ in range(count)]
    try:
        try:
            for one in made:
                one.join()
        except AssertionError as error:
            pytest.skip(f"no networks of a test's own: {error}")
        yield made
    finally:
        for one in made:
            one.close()


def _ip(*words: str, inside: Sequence[str] = ()) -> None:
    command = [*inside, str(tool("ip")), *words]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, f"{' '.join(words)}: {said.stderr.strip()}"

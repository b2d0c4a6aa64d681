"""What a process uses, as the kernel counts it (proc(5))."""

import os
import threading
from contextlib import suppress
from pathlib import Path


def pause(seconds: float) -> None:
    """Let time go by: here it is what is measured."""
    threading.Event().wait(seconds)


def rss_mb(pid: int) -> float:
    """Resident memory of one process."""
    return _memory_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most resident memory that a process ever had."""
    return _memory_mb(pid, "VmHWM")


def _memory_mb(pid: int, named: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith(named)]
    return int(line.split()[1]) / 1024


def switches(pid: int) -> int:
    """How often any thread of a process was woken so far."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def listener_on(port: int) -> int:
    """Give the process of this machine that listens on a port."""
    tables = [Path(f"/proc/net/{name}").read_text(encoding="ascii") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    sockets = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port
    }
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it was closed meanwhile
            if str(handle.readlink()) in sockets:
                return int(handle.parts[2])
    raise LookupError(f"no process of this machine listens on {port}")


_LISTENS = "0A"

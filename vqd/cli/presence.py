"""Is the daemon there? Asked without touching its lock, which a try to take it could disturb."""

from pathlib import Path

_LOCKS = Path("/proc/locks")


def is_daemon_running(state_dir: Path) -> bool | None:
    """Tell whether a process holds the daemon's lock; None where the kernel does not say.

    By proc_locks(5): the kernel lists each flock with its file's inode.
    """
    try:
        inode = (state_dir / "daemon.lock").stat().st_ino
    except OSError:
        return False
    try:
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    held = [line.split() for line in locks if " FLOCK " in line and "->" not in line]
    return any(parts[5].rpartition(":")[2] == str(inode) for parts in held)

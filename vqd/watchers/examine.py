"""Whether drops are seen where they are dropped: by events, or by looks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.spool.mounts import LOCAL_TYPES, WatchMode, filesystem_type, is_fuse, is_network
from vqd.watchers.seeing import gets_events

_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_FEW_WATCHES = 4096
"""Twice the folders that are watched by events at most."""
_MORE_WATCHES = command("sudo", "sysctl", "-w", "fs.inotify.max_user_watches=524288")
_MORE_INSTANCES = command("sudo", "sysctl", "-w", "fs.inotify.max_user_instances=1024")


def examine_watching(
    folder: Path, mode: WatchMode, auto: Sequence[str], *, watches: Path = _WATCHES
) -> Iterator[Finding]:
    """Examine whether what is dropped into a folder is seen; a file is made there and removed.

    `auto` are the commands that let each mount be judged by itself, where the settings do not.
    """
    if not folder.is_dir():
        said = f"{folder} is not there: nothing is taken from it"
        yield wrong("folder_away", said, command("sudo", "mount", folder, why="or mkdir it"))
        return
    kind = filesystem_type(folder)
    is_remote = is_network(kind) or is_fuse(kind)
    if is_remote and mode == "native":
        said = f"{folder} lies on {kind}, which tells of no event, and watch is native: drops are"
        yield wrong("no_events", f"{said} seen by the whole look alone", *auto)
    elif is_remote:
        yield ok("polled", f"{folder} lies on {kind}: looked at every 2 to 5 s")
    elif mode == "poll":
        yield ok("polled", f"{folder} lies on {kind}, and is looked at since watch is poll")
    else:
        yield _trial(folder, kind)
        yield from _few_watches(watches)


def _trial(folder: Path, kind: str) -> Finding:
    if gets_events(folder):
        return ok("events", f"{folder} lies on {kind}: the kernel tells of drops")
    said = f"{folder} lies on {kind}, and no event came of a file that was made there"
    if kind not in LOCAL_TYPES:
        return ok("polled", f"{said}: looked at every 2 to 5 s")
    said = f"{said}; looks stand in, which are slower"
    return warn("no_events", said, _MORE_INSTANCES, _MORE_WATCHES)


def _few_watches(path: Path) -> Iterator[Finding]:
    try:
        watches = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    if watches < _FEW_WATCHES:
        said = (
            f"a user may watch {watches:,} folders only; what is beyond is looked at, more slowly"
        )
        yield warn("few_watches", said, _MORE_WATCHES)

"""Whether a spool is what every hand-over needs: there, whole, on one file system, writable."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from vqd.documents.sizes import size_told
from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.spool.layout import Spool
from vqd.spool.mounts import filesystem_type, mount_point
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks, Space, space_at

_FSTAB = Path("/etc/fstab")
_NEARLY = 2.0
"""Times the reserve below which it is worth a word that the disk fills."""
_FIRST_PERSON = 1000
"""Users below are the system's and its services' (login.defs(5), UID_MIN)."""


def examine_spool(spool: Spool, state_dir: Path) -> Iterator[Finding]:
    """Examine the folders of a spool; a folder is made in it, moved and removed, and nothing else.

    `state_dir` stands in the command that makes a spool.
    """
    why = spool.why_away()
    if why is not None:
        said = f"no vqd spool in {spool.root}: {why}; nothing is taken or sent"
        yield wrong("spool_away", said, *_ways_back(spool, state_dir))
        return
    kind = filesystem_type(spool.root)
    yield ok("spool_there", f"{spool.root} is there, on {kind}, with its marker")
    faults = [*_missing(spool), *_elsewhere(spool), *_unwritable(spool)]
    yield from faults or _rename(spool)
    if spool.is_paused():
        said = "PAUSE lies in the spool: nothing is sent to a server"
        yield warn("paused", said, "vqd resume")


def examine_other_spool(other: Spool, own: Spool) -> Iterator[Finding]:
    """Examine whether the spool of another daemon is there to help with its jobs; nothing is
    written."""
    root, away = other.root, other.why_away()
    if away is not None:
        see = command("findmnt", "-T", root, why="is it mounted?")
        yield warn("other_spool_away", f"no vqd spool in {root}: {away}; its jobs are left", see)
    elif own.is_present() and other.marker.word == own.marker.word:
        yield warn("other_spool_own", f"{root} is this daemon's own spool: spools are others'")
    elif not os.access(other.active, os.R_OK | os.W_OK | os.X_OK):
        said = f"{user_name(os.geteuid())} may not write in {other.active}, where its jobs are"
        yield wrong("other_spool_unwritable", said, let_write(other.active))
    else:
        kind = filesystem_type(root)
        yield ok("other_spool_there", f"{root} is there, on {kind}: its jobs are helped with")


def examine_room(folder: Path, reserve: Reserve) -> Iterator[Finding]:
    """Examine what is free where a folder lies, by what is to stay free there."""
    space = space_at(folder)
    short = Disks(space, None, reserve).shortage()
    free = f"{size_told(space.free_bytes)} free"
    if space.free_files is not None:
        free += f", and {space.free_files:,} files (inodes)"
    if space.is_read_only:
        cure = command("sudo", "mount", "-o", "remount,rw", mount_point(folder))
        yield wrong("read_only", f"{folder} is read-only: nothing can be written there", cure)
    elif short is not None:
        yield wrong("no_room", f"{short.said}; nothing new is taken or sent", *_largest(space))
    elif Disks(space, None, reserve).shortage(kept=_NEARLY) is not None:
        yield warn("little_room", f"{folder} has {free}, which is little", *_largest(space))
    else:
        yield ok("room", f"{folder} has {free}")


def let_write(*folders: Path) -> str:
    """Give the command that lets whoever asks write in folders; where these are a service's, the
    one that asks as its user, since they must stay its own."""
    owner = folders[0].stat().st_uid
    if 0 < owner < _FIRST_PERSON:
        why = "the daemon's rights count, not yours"
        return command("sudo", "-u", user_name(owner), "vqd", "doctor", why=why)
    return command("sudo", "chown", "-R", f"{user_name(os.geteuid())}:", *folders)


def user_name(uid: int) -> str:
    """Give the name of a user, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _ways_back(spool: Spool, state_dir: Path) -> Iterator[str]:
    if spool.root.is_dir() and not spool.active.is_dir() and spool.inbox.is_dir():
        yield command("mkdir", spool.active, why="or move it back, if somebody moved it away")
        return
    mounted_at = _in_fstab(spool.root)
    if mounted_at is not None:
        yield command("sudo", "mount", mounted_at)
        return
    made = command("vqd", "init", spool.root, "--state", state_dir)
    if spool.root.is_file():
        yield command("mv", spool.root, f"{spool.root}.aside", why="a file lies in its place")
    else:
        yield command("sudo", "mount", spool.root, why="if it is a share or a disk")
    yield f'{made} --settings "$(mktemp -u)"  # if it was never made'


def _in_fstab(path: Path) -> Path | None:
    """Give where a disk belongs on which a path is to lie, if one is named and is not mounted."""
    try:
        lines = _FSTAB.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    named = [Path(parts[1]) for parts in map(str.split, lines) if len(parts) > 1]
    over = [one for one in named if path.is_relative_to(one) and one != Path("/")]
    return next((one for one in sorted(over, reverse=True) if not os.path.ismount(one)), None)


def _missing(spool: Spool) -> Iterator[Finding]:
    for folder in spool.folders:
        if not folder.is_dir():
            said = f"{folder} is missing; the daemon makes it again"
            yield warn("folder_missing", said, command("mkdir", folder))


def _elsewhere(spool: Spool) -> Iterator[Finding]:
    device = spool.root.stat().st_dev
    for folder in filter(Path.is_dir, spool.folders):
        if folder.stat().st_dev == device:
            continue
        said = f"{folder} lies on another file system: no rename hands a job over to it"
        if folder.is_symlink():
            moved = command(
                "mkdir", folder, why=f"and move into it what lies in {folder.resolve()}"
            )
            yield wrong("spool_split", said, f"{command('rm', folder)} && {moved}")
        else:
            yield wrong("spool_split", said, command("sudo", "umount", folder))


def _unwritable(spool: Spool) -> Iterator[Finding]:
    """Find the folders that whoever asks may not write in; a read-only disk is told as such."""
    if space_at(spool.root).is_read_only:
        return
    folders = [folder for folder in (spool.root, *spool.folders) if folder.exists()]
    closed = [folder for folder in folders if not os.access(folder, os.R_OK | os.W_OK | os.X_OK)]
    if closed:
        names = ", ".join(map(str, closed))
        said = f"{user_name(os.geteuid())} may not write in {names}"
        yield wrong("spool_unwritable", said, let_write(*closed))


def _rename(spool: Spool) -> Iterator[Finding]:
    try:
        spool.require_rename()
    except VqdError as error:
        yield wrong(error.code, error.message.removesuffix("."), let_write(spool.root))
    else:
        said = "its folders lie on one file system, and a folder can be moved from one to the other"
        yield ok("spool_whole", said)


def _largest(space: Space) -> Iterator[str]:
    """Give the command that shows what fills a disk."""
    is_files = space.free_files is not None and space.free_files < space.free_bytes >> 20
    counted = "--inodes -x" if is_files else "-xh"
    quoted = command(mount_point(space.folder))
    yield f"sudo du {counted} -d 3 {quoted} | sort -h | tail -20  # and remove what is not needed"

"""What kind of file system a folder lies on."""

from pathlib import Path

NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "virtiofs"}
)


def is_remote(path: Path) -> bool:
    """Tell whether others may write to `path` without this kernel seeing it.

    Network file systems and FUSE: no events come for what happens on the other side, and a lease
    proves nothing.
    """
    kind = filesystem_type(path)
    return kind in NETWORK_TYPES or kind.startswith("fuse")


def filesystem_type(path: Path) -> str:
    """Give the type of the file system a path lies on, from /proc/self/mountinfo (proc(5))."""
    path = path.resolve()
    best, kind = Path("/"), ""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        mounted = Path(before.split()[4].encode().decode("unicode_escape"))
        if path.is_relative_to(mounted) and mounted.is_relative_to(best):
            best, kind = mounted, after.split()[0]
    return kind

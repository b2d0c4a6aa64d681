"""Whether the folder of the queue's database is local, and the daemon's to write in."""

import os
from collections.abc import Iterator
from pathlib import Path

from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.domain.place import Place
from vqd.spool.examine import examine_room, let_write, user_name
from vqd.spool.mounts import filesystem_type, is_network
from vqd.spool.reserve import Reserve
from vqd.store.examine import examine_store

_INTEGRITY_S = 6.0
_LOCAL = Path("/var/lib/vqd")


def examine_state(
    folder: Path, queue: Place, reserve: Reserve, settings_file: Path | None
) -> Iterator[Finding]:
    """Examine `state_dir`, what is free there, and the queue in it."""
    if not folder.is_dir():
        yield _missing(folder)
        return
    kind = filesystem_type(folder)
    if is_network(kind) and isinstance(queue, Path):
        yield _on_network(folder, kind, settings_file)
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        said = f"{user_name(os.geteuid())} may not write in {folder}"
        yield wrong("state_unwritable", said, let_write(folder))
    else:
        yield ok("state_there", f"{folder} is there, on {kind}")
    yield from examine_room(folder, reserve)
    yield from examine_store(queue, within_s=_INTEGRITY_S)


def _missing(folder: Path) -> Finding:
    above = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not above.is_dir():
        said = f"{folder} cannot be made: {above} is no folder"
        return wrong("state_missing", said, command("mv", above, f"{above}.aside"))
    if os.access(above, os.W_OK | os.X_OK):
        return warn(
            "state_missing",
            f"{folder} is not there yet; the daemon makes it",
            command("mkdir", "-p", folder),
        )
    owner = user_name(os.geteuid())
    said = f"{folder} is not there, and {owner} may not make it"
    return wrong("state_missing", said, command("sudo", "install", "-d", "-o", owner, folder))


def _on_network(folder: Path, kind: str, settings_file: Path | None) -> Finding:
    said = f"{folder} lies on {kind}: what was written to a share can be lost"
    owner = user_name(os.geteuid())
    place = f"s|^state_dir:.*|state_dir: {_LOCAL}|"
    named = (
        command("sed", "-i", place, settings_file)
        if settings_file
        else command("export", f"VQD_STATE_DIR={_LOCAL}")
    )
    return wrong(
        "state_on_network",
        said,
        command("sudo", "install", "-d", "-o", owner, _LOCAL, why="or any folder of a local disk"),
        command("cp", "-a", f"{folder}/.", _LOCAL, why="while the daemon is stopped"),
        named,
    )

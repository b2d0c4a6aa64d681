"""Whether systemd runs vqd, as whom, and whether it lets vqd write where it must.

By what `systemctl show` tells of the unit (org.freedesktop.systemd1(5)). Where systemd does not run
there is nothing to examine.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.spool.examine import user_name

UNIT = "vqd.service"
_ASKED_S = 4.0
_SHOWN = (
    *("LoadState", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload", "User"),
    *("Result", "NRestarts", "ProtectSystem", "ProtectHome", "PrivateTmp", "ReadWritePaths"),
    "StateDirectory",
)
_MANY_RESTARTS = 5
_HIDDEN = {
    "ProtectHome": (Path("/home"), Path("/root"), Path("/run/user")),
    "PrivateTmp": (Path("/tmp"), Path("/var/tmp")),
}
"""What hides folders of the system from a unit, and which."""
_LOG = command("journalctl", "-u", "vqd", "-n", 50, "--no-pager", why="says why")


def examine_unit(written: Sequence[Path], *, is_running: bool | None) -> Iterator[Finding]:
    """Examine the unit of systemd's by which the daemon runs, if one does.

    `written` are the folders that the daemon writes in; `is_running` tells whether a daemon runs,
    by whomever it was started.
    """
    unit = _told()
    if unit.get("LoadState") in (None, "not-found"):
        yield _by_hand(is_running, is_managed=bool(unit))
        return
    yield _activity(unit)
    yield from _start(unit)
    yield from _user(unit)
    yield from (one for folder in written for one in _closed(unit, folder))


def _told() -> Mapping[str, str]:
    """Ask systemd for the unit's properties; none where it does not run or does not answer."""
    asked = ["systemctl", "show", UNIT, *(f"--property={name}" for name in _SHOWN)]
    try:
        shown = subprocess.run(
            asked, capture_output=True, text=True, check=True, timeout=_ASKED_S
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.partition("=") for line in shown.splitlines())
    return {name: value for name, _, value in pairs}


def _by_hand(is_running: bool | None, *, is_managed: bool) -> Finding:
    how = "by hand: systemd has no unit vqd.service" if is_managed else "without systemd"
    if is_running:
        return ok("daemon", f"the daemon runs, {how}")
    if not is_managed:
        said = "the daemon does not run, and systemd does not run here"
        return warn("daemon_down", said, command("vqd", "run"))
    return warn(
        "no_unit",
        "the daemon does not run, and systemd has no unit vqd.service to start it",
        command("sudo", "cp", "systemd/vqd.service", "/etc/systemd/system/", why="vqd's sources"),
        "sudo systemctl daemon-reload && sudo systemctl enable --now vqd",
    )


def _activity(unit: Mapping[str, str]) -> Finding:
    state = unit.get("ActiveState")
    restart = command("sudo", "systemctl", "restart", "vqd")
    if state == "failed":
        said = f"{UNIT} has failed ({unit.get('Result') or 'systemd does not say how'})"
        return wrong("unit_failed", said, _LOG, restart)
    if state == "active":
        return ok("daemon", f"{UNIT} runs")
    if state in ("activating", "reloading", "deactivating"):
        said = f"{UNIT} is {state} ({unit.get('SubState')})"
        return warn("unit_changing", said, command("systemctl", "status", "vqd"))
    return warn("daemon_down", f"{UNIT} does not run", command("sudo", "systemctl", "start", "vqd"))


def _start(unit: Mapping[str, str]) -> Iterator[Finding]:
    if unit.get("UnitFileState") == "masked":
        yield warn(
            "unit_masked", f"{UNIT} is masked", command("sudo", "systemctl", "unmask", "vqd")
        )
    elif unit.get("UnitFileState") == "disabled":
        said = f"{UNIT} is not started when the machine starts"
        yield warn("unit_disabled", said, command("sudo", "systemctl", "enable", "vqd"))
    if unit.get("NeedDaemonReload") == "yes":
        said = f"{UNIT} was changed on disk, and systemd goes by how it was"
        mend = "sudo systemctl daemon-reload && sudo systemctl restart vqd"
        yield warn("unit_outdated", said, mend)
    restarts = unit.get("NRestarts", "0")
    if restarts.isdecimal() and int(restarts) >= _MANY_RESTARTS:
        yield warn("unit_restarts", f"systemd had to start it again {restarts} times", _LOG)


def _user(unit: Mapping[str, str]) -> Iterator[Finding]:
    """Say where what was found of rights is another user's than the daemon's."""
    asking, running = user_name(os.geteuid()), unit.get("User") or "root"
    if asking != running:
        said = f"{UNIT} runs as {running}, and this was asked as {asking}, who has other rights"
        yield warn("other_user", said, command("sudo", "-u", running, "vqd", "doctor"))


def _closed(unit: Mapping[str, str], folder: Path) -> Iterator[Finding]:
    """Find that a folder which the daemon writes in is closed to it (systemd.exec(5))."""
    hiding = [key for key, below in _HIDDEN.items() if _hides(unit, key) and _is_in(folder, below)]
    opened = [Path(one.lstrip("-+")) for one in unit.get("ReadWritePaths", "").split()]
    opened += [Path("/var/lib") / one for one in unit.get("StateDirectory", "").split()]
    if hiding or (unit.get("ProtectSystem") == "strict" and not _is_in(folder, opened)):
        yield _sealed(folder, *(f"{key}=false" for key in hiding))


def _hides(unit: Mapping[str, str], key: str) -> bool:
    return unit.get(key, "no") not in ("", "no")


def _is_in(folder: Path, places: Iterable[Path]) -> bool:
    return any(folder.is_relative_to(place) for place in places)


def _sealed(folder: Path, *more: str) -> Finding:
    said = f"{UNIT} may not write in {folder}: its unit opens only what ReadWritePaths names"
    opened = f'ReadWritePaths="-{str(folder).replace("%", "%%")}"'
    drop_in = Path(f"/etc/systemd/system/{UNIT}.d") / f"vqd-{folder.name}.conf"
    lines = command("printf", "%s\\n", "[Service]", opened, *more)
    return wrong(
        "unit_closed",
        said,
        command("sudo", "mkdir", "-p", drop_in.parent),
        f"{lines} | {command('sudo', 'tee', drop_in)}",
        "sudo systemctl daemon-reload && sudo systemctl restart vqd",
    )

"""Whether systemd runs vqd, as whom, and whether it lets vqd write where it must.

By what `systemctl show` tells of the unit (org.freedesktop.systemd1(5)). Where systemd does not run
there is nothing to examine.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vqd.documents.digits import number_of
from vqd.domain.finding import Finding, command, ok, warn, wrong
from vqd.domain.frozen import frozen
from vqd.spool.examine import user_name

_ITS_SETTINGS = Path("/etc/vqd")
"""Where each unit has its settings: vqd has vqd.yaml, and vqd@NAME has NAME.yaml."""
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


@frozen
class _Unit:
    """A unit, and what systemd tells of it: nothing where systemd does not run, or not now."""

    name: str
    facts: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.name}.service"

    def get(self, fact: str) -> str:
        return self.facts.get(fact, "")

    @property
    def is_there(self) -> bool:
        return self.get("LoadState") not in ("", "not-found")

    @property
    def named(self) -> Sequence[str | Path]:
        """How a verb is told of the settings of an instance."""
        _, at, instance = self.name.partition("@")
        return ("--settings", _ITS_SETTINGS / f"{instance}.yaml") if at else ()

    @property
    def log(self) -> str:
        return command("journalctl", "-u", self.name, "-n", 50, "--no-pager", why="says why")

    def told_to(self, *words: str) -> str:
        return command("sudo", "systemctl", *words, self.name)

    def reads_anew(self, *words: str) -> str:
        return f"sudo systemctl daemon-reload && {self.told_to(*words)}"

    def hides(self, key: str) -> bool:
        return self.get(key) not in ("", "no")


def unit_by(settings_file: Path | None) -> str:
    """Name the unit that runs with these settings."""
    if settings_file is None or settings_file.absolute().parent != _ITS_SETTINGS:
        return "vqd"
    return "vqd" if settings_file.stem == "vqd" else f"vqd@{settings_file.stem}"


def examine_unit(
    name: str, written: Sequence[Path], *, is_running: bool | None
) -> Iterator[Finding]:
    """Examine the unit of systemd's by which the daemon runs, if one does.

    `written` are the folders that the daemon writes in; `is_running` tells whether a daemon runs,
    by whomever it was started.
    """
    unit = _Unit(name, _told(name))
    if not unit.is_there:
        yield _by_hand(unit, is_running)
        return
    yield _activity(unit, is_running)
    yield from _start(unit)
    yield from _user(unit)
    yield from (one for folder in written for one in _closed(unit, folder))


def _told(name: str) -> Mapping[str, str]:
    """Ask systemd for a unit's properties; none where it does not run or does not answer."""
    asked = ["systemctl", "show", f"{name}.service", *(f"--property={one}" for one in _SHOWN)]
    try:
        shown = subprocess.run(
            asked, capture_output=True, text=True, check=True, timeout=_ASKED_S
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.partition("=") for line in shown.splitlines())
    return {name: value for name, _, value in pairs}


def _by_hand(unit: _Unit, is_running: bool | None) -> Finding:
    how = f"by hand: systemd has no unit {unit}" if unit.facts else "without systemd"
    if is_running:
        return ok("daemon", f"the daemon runs, {how}")
    if not unit.facts:
        said = "the daemon does not run, and systemd does not run here"
        return warn("daemon_down", said, command("vqd", "run"))
    return warn(
        "no_unit",
        f"the daemon does not run, and systemd has no unit {unit} to start it",
        "cd systemd && sudo cp vqd.service vqd@.service /etc/systemd/system/  # vqd's sources",
        "sudo cp -r sysusers.d tmpfiles.d /etc/",
        "sudo systemd-sysusers vqd.conf && sudo systemd-tmpfiles --create vqd.conf",
        unit.reads_anew("enable", "--now"),
    )


def _activity(unit: _Unit, is_running: bool | None) -> Finding:
    state = unit.get("ActiveState")
    if state == "failed":
        said = f"{unit} has failed ({unit.get('Result') or 'systemd does not say how'})"
        return wrong("unit_failed", said, unit.log, unit.told_to("restart"))
    if state == "active":
        return ok("daemon", f"{unit} runs")
    if state in ("activating", "reloading", "deactivating"):
        said = f"{unit} is {state} ({unit.get('SubState')})"
        return warn("unit_changing", said, command("systemctl", "status", unit.name))
    if is_running:
        return ok("daemon", f"the daemon runs, by hand: {unit} does not")
    return warn("daemon_down", f"{unit} does not run", unit.told_to("start"))


def _start(unit: _Unit) -> Iterator[Finding]:
    if unit.get("UnitFileState") == "masked":
        yield warn("unit_masked", f"{unit} is masked", unit.told_to("unmask"))
    elif unit.get("UnitFileState") == "disabled":
        said = f"{unit} is not started when the machine starts"
        yield warn("unit_disabled", said, unit.told_to("enable"))
    if unit.get("NeedDaemonReload") == "yes":
        said = f"{unit} was changed on disk, and systemd goes by how it was"
        yield warn("unit_outdated", said, unit.reads_anew("restart"))
    restarts = number_of(unit.get("NRestarts")) or 0
    if restarts >= _MANY_RESTARTS:
        yield warn("unit_restarts", f"systemd had to start it again {restarts} times", unit.log)


def _user(unit: _Unit) -> Iterator[Finding]:
    """Say where what was found of rights is another user's than the daemon's."""
    asking, running = user_name(os.geteuid()), unit.get("User") or "root"
    if asking != running:
        said = f"{unit} runs as {running}, and this was asked as {asking}, who has other rights"
        yield warn("other_user", said, command("sudo", "-u", running, "vqd", "doctor", *unit.named))


def _closed(unit: _Unit, folder: Path) -> Iterator[Finding]:
    """Find that a folder which the daemon writes in is closed to it (systemd.exec(5))."""
    hiding = [key for key, below in _HIDDEN.items() if unit.hides(key) and _is_in(folder, below)]
    opened = [Path(one.lstrip("-+")) for one in unit.get("ReadWritePaths").split()]
    opened += [Path("/var/lib") / one for one in unit.get("StateDirectory").split()]
    if hiding or (unit.get("ProtectSystem") == "strict" and not _is_in(folder, opened)):
        yield _sealed(unit, folder, *(f"{key}=false" for key in hiding))


def _is_in(folder: Path, places: Iterable[Path]) -> bool:
    return any(folder.is_relative_to(place) for place in places)


def _sealed(unit: _Unit, folder: Path, *more: str) -> Finding:
    said = f"{unit} may not write in {folder}: its unit opens only what ReadWritePaths names"
    opened = f'ReadWritePaths="-{str(folder).replace("%", "%%")}"'
    named = str(folder).strip("/").replace("/", "-")
    drop_in = Path(f"/etc/systemd/system/{unit}.d") / f"vqd-{named}.conf"
    lines = command("printf", "%s\\n", "[Service]", opened, *more)
    return wrong(
        "unit_closed",
        said,
        command("sudo", "mkdir", "-p", drop_in.parent),
        f"{lines} | {command('sudo', 'tee', drop_in)}",
        unit.reads_anew("restart"),
    )

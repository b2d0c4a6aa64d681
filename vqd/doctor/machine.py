"""Whether this machine has what vqd needs: Python, its libraries, open files, the right time."""

import platform
import re
import resource
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib import metadata

from vqd.domain.finding import Finding, command, ok, warn, wrong

_OLDEST = (3, 11)
_FEW_FILES = 1024
_ASKED_S = 4.0
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)")
_ITSELF = ""
"""The part of vqd that needs no extra."""
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def examine_machine(extras: Collection[str]) -> Iterator[Finding]:
    """Examine this machine; `extras` are those of vqd's that the settings make use of."""
    yield _python()
    yield from _libraries(extras)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < _FEW_FILES:
        said = f"a process may have {files} files open, which many servers and jobs exceed"
        yield warn("few_files", said, "ulimit -n 4096  # under systemd: LimitNOFILE=4096")
    yield from _time()


def _python() -> Finding:
    said = f"Python {platform.python_version()}"
    if sys.version_info < _OLDEST:
        mend = command("pipx", "reinstall", "vqd", "--python", "python3.11")
        return wrong("python_old", f"{said}: vqd needs Python 3.11 or newer", mend)
    return ok("python", said)


def _libraries(extras: Collection[str]) -> Iterator[Finding]:
    lacking: dict[str, list[str]] = {}
    for requirement in metadata.requires("vqd") or ():
        extra = _EXTRA.search(requirement)
        named = _REQUIREMENT.match(requirement)
        part = extra[1] if extra else _ITSELF
        if named is not None and part in (_ITSELF, *extras) and not _is_installed(named[1]):
            lacking.setdefault(part, []).append(named[1])
    for part, names in lacking.items():
        wanted = "vqd" if part == _ITSELF else f"vqd[{part}]"
        needing = "vqd" if part == _ITSELF else f"`{part}` in the settings"
        said = f"{', '.join(names)} not installed, which {needing} needs"
        yield wrong(
            "library_missing", said, command(sys.executable, "-m", "pip", "install", wanted)
        )


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _time() -> Iterator[Finding]:
    """Ask systemd whether the clock is kept right; where it does not run nobody tells."""
    asked = ["timedatectl", "show", "-p", "NTPSynchronized", "--value"]
    try:
        told = subprocess.run(
            asked, capture_output=True, text=True, check=False, timeout=_ASKED_S
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return
    if told == "no":
        said = "this machine's clock is not synchronized: windows and not_before go by it"
        yield warn("clock_alone", said, command("sudo", "timedatectl", "set-ntp", "true"))
    elif told == "yes":
        yield ok("clock", "the clock is synchronized")

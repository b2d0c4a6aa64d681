"""A machine that systemd boots, below this one: its own processes, network, mounts and users.

systemd-nspawn starts it in a small tree, over this machine's own /usr, which nothing can write to;
so nothing is downloaded, and it is up in a second. vqd runs in it from this checkout, by the Python
and the libraries that run the tests.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.waiting import wait_for

_CHECKOUT = Path(__file__).resolve().parents[2]
_LIBRARIES = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}")
_CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"))
_NEEDED = ("/usr/bin/systemd-nspawn", "/usr/lib/systemd/systemd", "/usr/bin/nsenter")
_LINKED = ("bin", "sbin", "lib", "lib64")
_FOLDERS = (
    *("usr", "etc/systemd/system", "var/lib", "tmp", "run", "proc", "sys", "dev", "root", "srv"),
    *("opt/vqd/bin", "opt/python", "opt/libraries", "opt/source", "sbin-of-vqd"),
)
_USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
_GROUPS = "root:x:0:\nnogroup:x:65534:\n"
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
_UP = ("running", "degraded")
_ENTERING = """
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
shift
exec setpriv --pdeathsig TERM "$@"
"""
"""It enters the groups that it is given, and is ended if the tests are killed."""
_VQD = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib
exec /opt/vqd/bin/python -m vqd "$@"
"""


def why_none_boots() -> str | None:
    """Say why no machine can be booted here; None where one can."""
    lacking = [path for path in _NEEDED if not Path(path).exists()]
    if lacking:
        return f"{lacking[0]} is missing (script/tools installs systemd-container)"
    if os.geteuid() != 0:
        return "only root may boot a machine"
    if not all(Path("/", name).is_symlink() for name in _LINKED if Path("/", name).exists()):
        return "/usr alone is no whole system here"
    if not _hierarchies():
        return "control groups cannot be written here"
    return None


class Machine:
    """A machine, from its boot to its end; it boots in a `tree` that is made in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "root"
        self._name = f"vqd-{folder.name}-{os.getpid()}"
        self._groups = [folder / self._name for folder in _hierarchies()]
        self._said = folder / "boot.log"
        self.lay()
        self._supervisor = self._start()
        try:
            wait_for(self._is_up, within_s=60, what="the boot of a machine")
        except AssertionError:
            self.close()
            raise

    def lay(self) -> None:
        """Make the tree that it boots from."""
        _lay(self.tree)

    def bound(self) -> Iterator[str]:
        """Give what of this machine it sees, and where, to read."""
        yield "/usr"
        yield f"{sys.base_prefix}:/opt/python"
        yield f"{_LIBRARIES / 'site-packages'}:/opt/libraries"
        yield f"{_CHECKOUT}:/opt/source"
        yield f"{self.tree / 'sbin-of-vqd'}:/usr/local/sbin"

    @property
    def root(self) -> Path:
        """Its root directory as seen from here, with all that is mounted on it."""
        return Path(f"/proc/{self._leader()}/root")

    def run(self, *words: str, as_user: str | None = None) -> str:
        """Run a program on it; give what it printed.

        Raises:
            AssertionError: it ended with a fault.
        """
        ended = self.attempt(*words, as_user=as_user)
        assert ended.returncode == 0, f"{' '.join(words)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def attempt(self, *words: str, as_user: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program on it, as root or as somebody with the groups that he has."""
        as_them: tuple[str, ...] = ()
        if as_user is not None:
            as_them = ("setpriv", f"--reuid={as_user}", f"--regid={as_user}", "--init-groups")
        return subprocess.run(
            ["nsenter", f"--target={self._leader()}", "--all", "--", *as_them, *words],
            capture_output=True,
            text=True,
            check=False,
            env=_ENVIRONMENT,
            timeout=90,
        )

    def wait_printed(self, part: str, *words: str) -> str:
        """Run a program on it until it prints this, as it does of a journal that has it by then;
        give all that it printed."""

        def printed() -> str | None:
            said = self.attempt(*words).stdout
            return said if part in said else None

        return wait_for(printed, within_s=60, what=f"{part!r} in what {words[0]} prints")

    def wait_journal(self, unit: str, part: str) -> None:
        """Wait until this was written by a unit, or by systemd of it."""
        self.wait_printed(part, "journalctl", f"--unit={unit}", "--output=cat", "--quiet")

    def shown(self, unit: str) -> Mapping[str, str]:
        """Give what systemd knows of a unit."""
        lines = self.run("systemctl", "show", unit).splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def journal(self, unit: str) -> list[str]:
        """Give every line that a unit wrote, or that systemd wrote of it."""
        return self.run("journalctl", f"--unit={unit}", "--output=cat", "--quiet").splitlines()

    def logged(self, unit: str, event: str) -> list[dict[str, Any]]:
        """Give every line of one name in vqd's log."""
        lines = (json.loads(line) for line in self.journal(unit) if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def write(self, path: str, text: str) -> None:
        """Put a file into its place."""
        here = self.root / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(text, encoding="utf-8")

    def close(self) -> None:
        """End it, and leave nothing of it behind."""
        self._supervisor.send_signal(signal.SIGTERM)
        try:
            self._supervisor.wait(60)
        except subprocess.TimeoutExpired:
            leader = self._leader()
            if leader is not None:
                os.kill(leader, signal.SIGKILL)  # all that is on it dies with it
            self._supervisor.kill()
            self._supervisor.wait(10)
        for group in self._groups:
            wait_for(partial(_is_removed, group), within_s=60, what="the end of its groups")

    def _start(self) -> subprocess.Popen[bytes]:
        for group in self._groups:
            group.mkdir()
        with self._said.open("wb") as said:
            return subprocess.Popen(
                ["sh", "-c", _ENTERING, "sh", *self._groups, "--", *self._nspawn()],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # By the older groups it does not hear that the last process of a unit is gone.
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )

    def _nspawn(self) -> Iterator[str]:
        yield from (
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--console=pipe",
            "--private-network",
        )
        yield from (f"--directory={self.tree}", f"--machine={self._name}")
        if not Path("/run/systemd/system").exists():
            yield "--keep-unit"
        yield from (f"--bind-ro={one}" for one in self.bound())

    def _leader(self) -> int | None:
        """Give the process that is the machine's first, None where there is none yet."""
        pid = self._supervisor.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else None

    def _is_up(self) -> bool:
        assert self._supervisor.poll() is None, self._said.read_text(encoding="utf-8")
        asked = ("systemctl", "is-system-running")
        return self._leader() is not None and self.attempt(*asked).stdout.strip() in _UP


def _lay(root: Path) -> None:
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True)
    for name in _LINKED:
        if Path("/", name).exists():
            (root / name).symlink_to(f"usr/{name}")
    (root / "etc" / "machine-id").touch()
    (root / "etc" / "passwd").write_text(_USERS, encoding="ascii")
    (root / "etc" / "group").write_text(_GROUPS, encoding="ascii")
    shutil.copy("/usr/lib/os-release", root / "etc" / "os-release")
    _install(root)


def _install(root: Path) -> None:
    """Put vqd on it: an environment of Python's, which finds this checkout and its libraries.

    It is compiled before, since on the machine nothing can be written beside it.
    """
    subprocess.run([sys.executable, "-m", "compileall", "-q", _CHECKOUT / "vqd"], check=True)
    home = root / "opt" / "vqd"
    python = Path("/opt/python/bin", Path(os.path.realpath(sys.executable)).name)
    (home / "bin" / "python").symlink_to(python)
    (home / "pyvenv.cfg").write_text("home = /opt/python/bin\n", encoding="ascii")
    packages = home / "lib" / _LIBRARIES.name / "site-packages"
    packages.mkdir(parents=True)
    (packages / "vqd.pth").write_text("/opt/source\n/opt/libraries\n", encoding="ascii")
    script = root / "sbin-of-vqd" / "vqd"
    script.write_text(_VQD, encoding="ascii")
    script.chmod(0o755)


def _hierarchies() -> list[Path]:
    """Give the roots of the control groups in which systemd keeps its own (cgroups(7))."""
    return [
        folder
        for folder in _CGROUPS
        if (folder / "cgroup.procs").exists() and os.access(folder, os.W_OK)
    ]


def _is_removed(group: Path) -> bool:
    """Remove a control group with those below it; tell whether nothing was left in them."""
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    except OSError:  # a process is not quite gone
        return False
    return True

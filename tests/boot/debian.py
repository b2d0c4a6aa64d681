"""A clean Debian that systemd boots, and vqd's package on it.

Debian is fetched once, with what the package depends on, and kept in the user's cache; each machine
boots in a copy. The package is what `script/deb` made and `$VQD_DEB` names.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.boot.machine import Machine

PACKAGE = os.environ.get("VQD_DEB")
_FETCHED_S = 900


def why_no_package() -> str | None:
    """Say why no package can be installed here; None where one can."""
    if not PACKAGE:
        return "$VQD_DEB names no package (script/deb --prove builds one and proves it)"
    if shutil.which("debootstrap") is None:
        return "debootstrap is missing (apt-get install debootstrap)"
    return None


class Debian(Machine):
    """A machine with Debian as it is when new, and with what the package depends on."""

    def lay(self) -> None:
        """Make the tree that it boots from."""
        assert PACKAGE is not None
        clean = _clean(Path(PACKAGE))
        subprocess.run(["cp", "--archive", "--reflink=auto", clean, self.tree], check=True)
        shutil.copy(PACKAGE, self.tree / "root" / "vqd.deb")

    def bound(self) -> Iterator[str]:
        """Give nothing: it has all that it needs."""
        return iter(())

    def install(self) -> str:
        """Install the package, or a new version over the old one; give what was said."""
        return self.run("dpkg", "--install", "/root/vqd.deb")

    def state(self) -> str:
        """Give how dpkg knows the package: ii, rc (removed, with settings) or un (unknown)."""
        told = self.attempt("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", "vqd")
        return told.stdout.strip() or "un"


def _clean(package: Path) -> Path:
    """Give a tree of a clean Debian; it is fetched where there is none yet."""
    release = _release()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vqd"
    clean = cache / f"debian-{release}"
    if not clean.exists():
        cache.mkdir(parents=True, exist_ok=True)
        half = cache / f"{clean.name}.part"
        shutil.rmtree(half, ignore_errors=True)
        wanted = ",".join(["systemd-sysv", "dbus", *_dependencies(package)])
        fetch = ["debootstrap", "--variant=minbase", f"--include={wanted}", release, str(half)]
        subprocess.run([*fetch, _site()], check=True, timeout=_FETCHED_S)
        half.rename(clean)
    return clean


def _dependencies(package: Path) -> Iterator[str]:
    asked = ["dpkg-deb", "--field", str(package), "Depends"]
    depends = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for one in depends.split(","):
        yield one.split("|")[0].split("(")[0].strip()


def _release() -> str:
    lines = Path("/usr/lib/os-release").read_text(encoding="utf-8").splitlines()
    facts = dict(line.partition("=")[::2] for line in lines)
    return facts["VERSION_CODENAME"]


def _site() -> str:
    """Give where this machine has its own packages from."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0]

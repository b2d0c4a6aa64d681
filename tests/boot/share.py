"""A spool on a file system of its own, as a share is, which comes and goes."""

from tests.boot.machine import Machine

_NAS = "/run/nas"


class Share:
    """Holds what was in the folder `place`, which is bare below it, as docs/shares.md wants."""

    def __init__(self, machine: Machine, place: str) -> None:
        self._machine = machine
        self._place = place
        machine.run("mkdir", "-p", _NAS)
        machine.run("mount", "-t", "tmpfs", "-o", "mode=755", "nas", _NAS)
        machine.run("cp", "-a", place, f"{_NAS}/spool")
        machine.run("mv", place, f"{place}-before")
        machine.run("install", "-d", "-m", "555", place)

    def mount(self) -> None:
        """Mount it, as `mount` by /etc/fstab does."""
        self._machine.run("mount", "--bind", f"{_NAS}/spool", self._place)

    def unmount(self) -> None:
        """Take it away, whoever uses it."""
        self._machine.run("umount", "--lazy", self._place)

    def bring_home(self) -> None:
        """Have everything as it was before."""
        self._machine.attempt("umount", "--lazy", self._place)
        self._machine.run("umount", "--lazy", _NAS)
        self._machine.run("rmdir", self._place)
        self._machine.run("mv", f"{self._place}-before", self._place)

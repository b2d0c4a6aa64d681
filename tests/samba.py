"""A Samba server on a port of this machine, as whoever runs the tests; and its client."""

import getpass
import subprocess
from pathlib import Path

from tests.mounts import tool
from tests.ports import lasting_port
from tests.waiting import wait_for

_SETTINGS = """\
[global]
server role = standalone server
map to guest = Bad User
guest account = {user}
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = {port}
log file = {folder}/log
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
private dir = {folder}
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
load printers = no
disable spoolss = yes
strict allocate = no

[inbox]
path = {share}
guest ok = yes
read only = no
"""


class Samba:
    """Serves a folder as the share `inbox` to everybody, without a password."""

    def __init__(self, folder: Path, share: Path) -> None:
        folder.mkdir()
        self._settings = folder / "smb.conf"
        self._port = lasting_port()
        self._settings.write_text(
            _SETTINGS.format(user=getpass.getuser(), port=self._port, folder=folder, share=share),
            encoding="utf-8",
        )
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it does."""
        self._server = subprocess.Popen(
            [str(tool("smbd")), "-F", "--no-process-group", "-s", str(self._settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # at its end smbd signals its whole process group
        )
        wait_for(lambda: self.client("ls").wait(60) == 0, within_s=60, what="smbd")

    def stop(self) -> None:
        """Stop serving; smbd's processes for its clients end with it."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(60)

    def client(self, commands: str, *more: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Begin smbclient(1) on the share with these commands, or with `more` of its options."""
        name = "//127.0.0.1/inbox"
        options = ["-N", "-p", str(self._port), "-s", str(self._settings)]
        asked = ["-c", commands] if commands else []
        return subprocess.Popen(
            ["smbclient", name, *options, *asked, *more],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, commands: str, *, cwd: Path | None = None) -> None:
        """Let smbclient carry out commands to their end."""
        assert self.client(commands, cwd=cwd).wait(90) == 0

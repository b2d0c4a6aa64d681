"""What stands in systemd's place and hears what the daemon tells of itself (sd_notify(3))."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path


class Manager:
    """Hears messages at `address`, which belongs into $NOTIFY_SOCKET."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._heard: list[Mapping[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    @property
    def told(self) -> Sequence[Mapping[str, str]]:
        """Every message so far, as its names and values in order."""
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self._heard
            pairs = (line.partition("=") for line in text.splitlines())
            self._heard.append({name: value for name, _, value in pairs})

    def told_of(self, name: str) -> list[str]:
        """Every value that was told of one name."""
        return [message[name] for message in self.told if name in message]

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()

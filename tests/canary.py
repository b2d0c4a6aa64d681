"""Files that nobody may open, and what tells if somebody did (inotify(7))."""

import ctypes
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_ACCESS, _IN_MODIFY, _IN_OPEN, _IN_CREATE, _IN_DELETE = 0x1, 0x2, 0x20, 0x100, 0x200
_IN_MOVED_FROM, _IN_MOVED_TO = 0x40, 0x80
_WATCHED = (
    _IN_ACCESS | _IN_MODIFY | _IN_OPEN | _IN_CREATE | _IN_DELETE | _IN_MOVED_FROM | _IN_MOVED_TO
)
_HEAD = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Canary:
    """Watches a folder and the files in it, from when it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handle = -1

    def __enter__(self) -> Self:
        self._handle = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in (self.folder, *(one for one in self.folder.rglob("*") if one.is_dir())):
            watch = _libc.inotify_add_watch(self._handle, os.fsencode(path), _WATCHED)
            assert watch >= 0, os.strerror(ctypes.get_errno())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def touched(self) -> list[str]:
        """Give what was opened, read, written, made or removed so far, each as it was told of."""
        try:
            told = os.read(self._handle, 1 << 20)
        except BlockingIOError:
            return []
        names, start = [], 0
        while start < len(told):
            _, mask, _, length = _HEAD.unpack_from(told, start)
            name = told[start + _HEAD.size : start + _HEAD.size + length].rstrip(b"\0")
            names.append(f"{name.decode() or self.folder.name}: {mask:#x}")
            start += _HEAD.size + length
        return names

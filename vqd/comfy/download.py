"""A file of a server, brought here whole: what broke off is taken up again where it ended."""

import os
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from vqd.comfy.faults import Changed, Missing, NotComfy, Truncated, Unreachable
from vqd.comfy.gateway import is_page
from vqd.comfy.outputs import RemoteFile
from vqd.comfy.reply import Reply
from vqd.comfy.wire import Wire, pour
from vqd.documents.digits import number_of
from vqd.documents.opening import created

AGAIN_AFTER_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each further try: a server may restart, or its network break off, at the worst moment."""

_RANGE = re.compile(r"bytes (\d{1,20})-\d{1,20}/(\d{1,20})", re.ASCII)

Pause = Callable[[float], bool]
"""Waits so many seconds; tells whether the client was closed meanwhile."""


def download(wire: Wire, file: RemoteFile, target: Path, pause: Pause) -> int:
    """Copy a file of the server to `target`, synced; give its length in bytes.

    Raises:
        Missing, Changed, NotComfy; Truncated, Unreachable: it broke off again and again.
        OSError: `target` cannot be written.
    """
    said = f"{wire.address}: output {file}"
    if ".." in file.filename or "\n" in file.filename:
        raise Missing(f"{said}: ComfyUI serves no file of such a name.")
    try:
        with created(target) as made:
            part = _Part(wire, file, made, said)
            _until_whole(part, pause)
            made.flush()
            os.fsync(made.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return part.length_bytes


def view_query(file: RemoteFile) -> dict[str, str]:
    """Give the query by which `/view` finds a file."""
    return {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}


def _until_whole(part: "_Part", pause: Pause) -> None:
    for again_s in AGAIN_AFTER_S:
        try:
            part.go_on()
        except (Truncated, Unreachable):
            if pause(again_s):
                raise
        else:
            return
    part.go_on()


class _Part:
    """What has come so far of a file, and what its server said of the whole."""

    def __init__(self, wire: Wire, file: RemoteFile, made: BinaryIO, said: str) -> None:
        self.length_bytes = 0
        self._wire = wire
        self._file = file
        self._made = made
        self._said = said
        self._whole_bytes: int | None = None
        self._marks: tuple[str | None, ...] = ()

    def go_on(self) -> None:
        """Take in what is left of the file."""
        headers = {"Range": f"bytes={self.length_bytes}-"} if self.length_bytes else {}
        query = view_query(self._file)
        with self._wire.answering("GET", "/view", query=query, headers=headers) as reply:
            if reply.status == HTTPStatus.PARTIAL_CONTENT and headers:
                self._require_same(reply.headers)
            else:
                _require_file(reply, self._file, self._said, is_rest=bool(headers))
                self._start_over(reply.headers)
            pour(reply, self._write, self._said)

    def _write(self, chunk: bytes) -> None:
        self._made.write(chunk)
        self.length_bytes += len(chunk)

    def _start_over(self, headers: Mapping[str, str]) -> None:
        whole_bytes = number_of(headers.get("Content-Length", ""))
        self._require_length(whole_bytes)
        self._whole_bytes = whole_bytes
        self._marks = _marks(headers)
        self._made.seek(0)
        self._made.truncate()
        self.length_bytes = 0

    def _require_same(self, headers: Mapping[str, str]) -> None:
        """Let a rest through that belongs to what is here (RFC 9110, section 14.4)."""
        sent = _RANGE.fullmatch(headers.get("Content-Range") or "")
        if sent is None or int(sent[1]) != self.length_bytes or _marks(headers) != self._marks:
            raise Changed(f"{self._said} became another while it was fetched.")
        self._require_length(int(sent[2]))

    def _require_length(self, whole_bytes: int | None) -> None:
        if None not in (self._whole_bytes, whole_bytes) and whole_bytes != self._whole_bytes:
            raise Changed(
                f"{self._said} had {self._whole_bytes} bytes, and {whole_bytes} when it was asked"
                " for again."
            )


def _marks(headers: Mapping[str, str]) -> tuple[str | None, ...]:
    """Give what tells one state of a file from another."""
    return headers.get("ETag"), headers.get("Last-Modified")


def _require_file(reply: Reply, file: RemoteFile, said: str, *, is_rest: bool) -> None:
    status = reply.status
    if status == HTTPStatus.NOT_FOUND:
        raise Missing(f"{said} is not there any more.")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and is_rest:
        raise Changed(f"{said} became shorter while it was fetched.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"{said} could not be read: the server answered {status}.")
    if status != HTTPStatus.OK:
        raise Missing(f"{said} cannot be fetched: the server answered {status}.")
    if is_page(reply.headers) and not file.filename.lower().endswith((".html", ".htm")):
        raise NotComfy(f"{said}: a page came instead.", "Does a gateway want a login?")

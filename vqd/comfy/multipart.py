"""A file as a form that is sent chunk by chunk, and never held whole (RFC 7578)."""

import os
import stat
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from vqd.comfy.faults import Truncated
from vqd.comfy.wire import Body

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FormData:
    """A form with some text fields and one file, which is read while the form is sent."""

    name: str
    file: BinaryIO
    file_bytes: int
    head: bytes
    tail: bytes
    boundary: str

    @classmethod
    @contextmanager
    def of_file(
        cls, path: Path, *, field: str, name: str, fields: Mapping[str, str]
    ) -> Iterator["FormData"]:
        """Open a regular file, never a link, for the length of a `with` block."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise OSError(f"{path} is not a regular file.")
            yield cls._of(file, facts.st_size, field, name, fields)

    @classmethod
    def of_bytes(
        cls, content: bytes, *, field: str, name: str, fields: Mapping[str, str]
    ) -> "FormData":
        """Make a form of a file that is in memory."""
        return cls._of(BytesIO(content), len(content), field, name, fields)

    @classmethod
    def _of(
        cls, file: BinaryIO, file_bytes: int, field: str, name: str, fields: Mapping[str, str]
    ) -> "FormData":
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{_quoted(name)}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        tail = f"\r\n--{boundary}--\r\n".encode()
        return cls(name, file, file_bytes, "".join(parts).encode(), tail, boundary)

    @property
    def length_bytes(self) -> int:
        """Give the length of the whole form."""
        return len(self.head) + self.file_bytes + len(self.tail)

    def body(self) -> Body:
        """Give the form as a request's body; it can be sent once."""
        return Body(
            self._chunks(), self.length_bytes, f"multipart/form-data; boundary={self.boundary}"
        )

    def _chunks(self) -> Iterator[bytes]:
        yield self.head
        left = self.file_bytes
        while left:
            chunk = self.file.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise Truncated(f"{self.name!r} became shorter while it was sent.")
            left -= len(chunk)
            yield chunk
        yield self.tail


def _quoted(name: str) -> str:
    """Escape a file name as browsers do (HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

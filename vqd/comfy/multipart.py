"""A file as a form that is sent chunk by chunk, and never held whole (RFC 7578)."""

import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import BinaryIO

from vqd.comfy.faults import Changed, Truncated
from vqd.comfy.wire import Body
from vqd.domain.frozen import frozen

_CHUNK_BYTES = 256 * 1024


@frozen
class FormData:
    """A form with some text fields and one file, which is read while the form is sent."""

    name: str
    file: BinaryIO
    file_bytes: int
    head: bytes
    tail: bytes
    boundary: str
    sha256: str | None = None

    @classmethod
    def of_file(
        cls,
        file: BinaryIO,
        *,
        field: str,
        name: str,
        fields: Mapping[str, str],
        sha256: str | None = None,
    ) -> "FormData":
        """Make a form of an open file, whose bytes must have this `sha256` if one is given."""
        size_bytes = os.fstat(file.fileno()).st_size
        return cls._of(file, size_bytes, field, name, fields, sha256)

    @classmethod
    def of_bytes(
        cls, content: bytes, *, field: str, name: str, fields: Mapping[str, str]
    ) -> "FormData":
        """Make a form of a file that is in memory."""
        return cls._of(BytesIO(content), len(content), field, name, fields)

    @classmethod
    def _of(
        cls,
        file: BinaryIO,
        file_bytes: int,
        field: str,
        name: str,
        fields: Mapping[str, str],
        sha256: str | None = None,
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
        return cls(name, file, file_bytes, "".join(parts).encode(), tail, boundary, sha256)

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
        left, digest = self.file_bytes, hashlib.sha256()
        while left:
            chunk = self.file.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise Truncated(f"{self.name!r} became shorter while it was sent.")
            left -= len(chunk)
            if self.sha256 is not None:
                digest.update(chunk)
            yield chunk
        if self.sha256 not in (None, digest.hexdigest()):
            raise Changed(f"{self.name!r} was changed before it was sent.")
        yield self.tail


def _quoted(name: str) -> str:
    """Escape a file name as browsers do (HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

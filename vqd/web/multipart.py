"""A job as it is sent: multipart/form-data, or the job file alone; each part written as it comes.

The part `job` is the job file; a file's name is its path in the job's folder. In a check, `names`
may be a JSON list of further files of which only the names count: they stand there empty.
"""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import BinaryIO

from anyio import CapacityLimiter, to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from vqd.domain.names import printable
from vqd.service.uploads import JOB_FILE, JSON_JOB_FILE, Upload
from vqd.web.problems import Refusal

MOST_FILES = 20_000
_MOST_FIELD_BYTES = 4 << 20
_AT_ONCE_BYTES = 1 << 20
_MULTIPART = b"multipart/form-data"
_JSON = b"application/json"
_PLAIN = (_JSON, b"application/yaml", b"application/x-yaml", b"text/yaml")


async def receive(
    request: Request, upload: Upload, threads: CapacityLimiter, *, takes_names: bool = False
) -> None:
    """Write what a request sends into an upload, in one of the `threads`.

    Raises:
        Refusal: it is none that can be read. Faults: a path in it is none. OSError: the disk.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind in _PLAIN:
        text = await _job_file_of(request)
        write = partial(_write_job_file, upload, text, is_json=kind == _JSON)
        await to_thread.run_sync(write, limiter=threads)
        return
    boundary = options.get(b"boundary")
    if kind != _MULTIPART or not boundary:
        hint = "Send multipart/form-data with a part `job`, or the job as JSON or YAML."
        said = f"A job cannot be sent as {printable(kind.decode('latin-1')) or 'nothing'}."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", said, hint)
    form = _Form(upload, boundary, takes_names=takes_names)
    try:
        async for part in _parts_of(request):
            await to_thread.run_sync(form.write, part, limiter=threads)
        form.finish()
    except FormParserError as error:
        raise _malformed(str(error)) from error
    finally:
        form.close()


async def _job_file_of(request: Request) -> bytes:
    text = bytearray()
    async for part in request.stream():
        text += part
        if len(text) > _MOST_FIELD_BYTES:
            raise _too_long("The job file")
    return bytes(text)


async def _parts_of(request: Request) -> AsyncIterator[bytes]:
    """Give the body in parts worth a thread's while."""
    waiting = bytearray()
    async for part in request.stream():
        waiting += part
        if len(waiting) >= _AT_ONCE_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


class _Form:
    """Takes a form's bytes one after the other."""

    def __init__(self, upload: Upload, boundary: bytes, *, takes_names: bool) -> None:
        self._upload = upload
        self._takes_names = takes_names
        self._headers: dict[str, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._field = ""
        self._kind = b""
        self._text: bytearray | None = None
        self._file: BinaryIO | None = None
        self._files = 0
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._parser.write(data)

    def finish(self) -> None:
        """Do nothing if the form came to its end.

        Raises:
            Refusal: it did not.
        """
        if not self._is_whole:
            raise _malformed("its end is missing")

    def close(self) -> None:
        """Close the file that was being written, if the form broke off in it."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _begin_part(self) -> None:
        self._headers, self._header = {}, (bytearray(), bytearray())
        self._text = self._file = None

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._kind = parse_options_header(self._headers.get("content-type", b""))[0]
        if self._field == "job" or (self._field == "names" and self._takes_names):
            self._text = bytearray()
        elif b"filename" in options:
            self._begin_file(options[b"filename"].decode("utf-8", "surrogateescape"))
        else:
            said = f"There is no field {printable(self._field)[:100]!r} of a job."
            hint = "Send the job as `job`, and its files with their paths as file names."
            raise Refusal(HTTPStatus.BAD_REQUEST, "unknown_part", said, hint)

    def _begin_file(self, name: str) -> None:
        self._files += 1
        if self._files > MOST_FILES:
            hint = "Drop larger jobs into the inbox, or name files below one of the input_roots."
            said = f"A job that is sent has {MOST_FILES:,} files at most."
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many_files", said, hint)
        self._file = self._upload.create(name)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._text += data[start:end]
            if len(self._text) > _MOST_FIELD_BYTES:
                raise _too_long(f"The field `{self._field}`")
        elif self._file is not None:
            self._file.write(data[start:end])

    def _end_part(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        elif self._text is not None and self._field == "names":
            self._stand_in(bytes(self._text))
        elif self._text is not None:
            text = bytes(self._text)
            is_json = self._kind == _JSON or text.lstrip()[:1] == b"{"
            _write_job_file(self._upload, text, is_json=is_json)

    def _stand_in(self, text: bytes) -> None:
        """Make the files of which only the names are told."""
        try:
            names = json.loads(text)
        except (ValueError, RecursionError):
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            said = "The field `names` is no JSON list of paths."
            raise Refusal(HTTPStatus.BAD_REQUEST, "wrong_type", said)
        for name in names:
            self._begin_file(name)
            self.close()
        self._file = None

    def _end(self) -> None:
        self._is_whole = True


def _write_job_file(upload: Upload, text: bytes, *, is_json: bool) -> None:
    file = upload.create(JSON_JOB_FILE if is_json else JOB_FILE)
    assert file is not None
    with file:
        file.write(text)


def _malformed(why: str) -> Refusal:
    said = f"The form cannot be read: {printable(why)[:200]}."
    return Refusal(HTTPStatus.BAD_REQUEST, "malformed_form", said)


def _too_long(what: str) -> Refusal:
    said = f"{what} is longer than {_MOST_FIELD_BYTES:,} bytes."
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", said)

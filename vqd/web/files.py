"""/api/jobs/JOB/files/… and the like: files as they are, in part too (RFC 9110, Range)."""

from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from vqd.domain.lifecycle import CLOSED_STATES
from vqd.service.files import OpenFile
from vqd.service.shapes.answers import ReportShape
from vqd.service.thumbnails import SIZES, SmallPicture
from vqd.web import models
from vqd.web.problems import Refusal, responses
from vqd.web.ranges import Part, part_asked
from vqd.web.services import Services
from vqd.web.sessions import Sessions
from vqd.web.share import Share

_REPORT, _PROOF = "report.html", "proof.html"
_PART_BYTES = 256 << 10
_BINARY = "application/octet-stream"
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
        **{f".{kind}": f"image/{kind}" for kind in ("png", "webp", "gif", "avif", "bmp")},
        **{f".{kind}": f"video/{kind}" for kind in ("mp4", "webm")},
        ".mov": "video/quicktime",
        ".mkv": "video/x-matroska",
        ".mp3": "audio/mpeg",
        ".wav": "audio/wav",
        ".flac": "audio/flac",
        ".ogg": "audio/ogg",
        **dict.fromkeys((".txt", ".yaml", ".yml", ".jsonl", ".csv"), "text/plain; charset=utf-8"),
        ".json": "application/json",
    }
)
"""What browsers may show; everything else they keep as a file."""
_PAGES = frozenset({_REPORT, _PROOF})
_HTML = "text/html; charset=utf-8"
_FILE_POLICY = "default-src 'none'; sandbox"
_PAGE_POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; media-src 'self' data: blob:;"
    " style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " sandbox allow-scripts allow-popups allow-downloads"
)
"""A page that lies in a job's folder may be anybody's by now: it runs without any rights here."""

Size = Annotated[str, Query(pattern=f"^({'|'.join(SIZES)})$")]
Download = Annotated[bool, Query(description="To be kept as a file, not shown.")]

_FILE: dict[int | str, dict[str, Any]] = {
    **responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
    200: {"content": {_BINARY: {}}, "description": "The file"},
    206: {"content": {_BINARY: {}}, "description": "The part that `Range` asks for"},
    304: {"description": "It is as it was"},
    416: {"description": "There is no such part"},
}


def routes(services: Services, sessions: Sessions, share: Share) -> APIRouter:
    """Give the routes of files and of small pictures."""
    router = APIRouter(tags=["files"])
    _add_files(router, services, sessions, share)
    _add_pictures(router, services, share)
    return router


def _add_files(router: APIRouter, services: Services, sessions: Sessions, share: Share) -> None:
    files, views = services.files, services.views

    @router.get("/api/jobs/{job}/files/{path:path}", responses=_FILE, response_class=Response)
    @share.route
    def get_file(request: Request, job: str, path: str, download: Download = False) -> Response:
        """Give a file by its path in the job's folder: outputs/a.png, log.txt."""
        return FileAnswer(files.open(views.job(job), path), request, share, is_kept=download)

    @router.get("/api/jobs/{job}/log", responses=_FILE, response_class=Response)
    @share.route
    def get_log(request: Request, job: str) -> Response:
        """Give what happened to a job in words, a line for each thing; it grows while it runs."""
        return FileAnswer(files.open(views.job(job), "log.txt"), request, share)

    @router.get(
        "/api/jobs/{job}/prompts/{number}/inputs/{slot}", responses=_FILE, response_class=Response
    )
    @share.route
    def get_input(
        request: Request, job: str, number: models.Number, slot: str, download: Download = False
    ) -> Response:
        """Give the file that a slot of a prompt was given."""
        opened = files.open_input(views.job(job), number, slot)
        return FileAnswer(opened, request, share, is_kept=download)

    @router.get(
        "/api/jobs/{job}/report",
        responses=responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        response_class=RedirectResponse,
        status_code=HTTPStatus.SEE_OTHER,
    )
    @share.route
    def get_report(job: str) -> RedirectResponse:
        """Lead to the job's report, or to its proof while it is not over: for twelve hours, without
        a token."""
        found = views.job(job)
        page = _REPORT if found.state in CLOSED_STATES else _PROOF
        files.open(found, page).file.close()
        path = f"/shared/{sessions.ticket(found.job)}/{quote(found.job, safe='')}/{page}"
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)

    @router.post(
        "/api/jobs/{job}/report",
        responses=responses(
            HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    )
    def make_report(job: str) -> ReportShape:
        """Make the job's report again, which may take minutes; one is made at a time."""
        page = services.reports.make(views.job(job).job)
        return ReportShape(page.parent.name, str(page))

    @router.get("/shared/{ticket}/{job}/{path:path}", include_in_schema=False)
    @share.route
    def get_shared(request: Request, ticket: str, job: str, path: str) -> Response:
        if not sessions.admits_ticket(ticket, job):
            hint = "Open the report from the page again."
            said = "This link was only good for a while."
            raise Refusal(HTTPStatus.FORBIDDEN, "ticket_over", said, hint)
        return FileAnswer(files.open(views.job(job), path), request, share, is_shared=True)


def _add_pictures(router: APIRouter, services: Services, share: Share) -> None:
    thumbnails, views = services.thumbnails, services.views

    @router.get("/api/jobs/{job}/thumbnails/{path:path}", responses=_FILE, response_class=Response)
    @share.route
    def get_thumbnail(request: Request, job: str, path: str, size: Size = "medium") -> Response:
        """Give a small picture of an output, by the path of that."""
        return _picture(thumbnails.of_output(views.job(job), path, size), request)

    @router.get(
        "/api/jobs/{job}/prompts/{number}/inputs/{slot}/thumbnail",
        responses=_FILE,
        response_class=Response,
    )
    @share.route
    def get_input_thumbnail(
        request: Request, job: str, number: models.Number, slot: str, size: Size = "medium"
    ) -> Response:
        """Give a small picture of what a slot of a prompt was given, once that was read."""
        return _picture(thumbnails.of_input(views.job(job), number, slot, size), request)

    @router.get(
        "/api/system/servers/{server:path}/preview", responses=_FILE, response_class=Response
    )
    def get_preview(server: str) -> Response:
        """Give the latest preview of whatever runs on a server."""
        preview = services.live.preview(server)
        if preview is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no_preview", "There is no preview.")
        is_png = preview.startswith(b"\x89PNG")
        return Response(preview, media_type="image/png" if is_png else "image/jpeg")


def _picture(picture: SmallPicture, request: Request) -> Response:
    headers = {"etag": f'"{picture.tag}"', "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(picture.data, media_type=picture.mime, headers=headers)


class FileAnswer(StreamingResponse):
    """A file, whole or in part, read as it is taken; closed at the end, however that comes."""

    def __init__(
        self,
        opened: OpenFile,
        request: Request,
        share: Share,
        *,
        is_kept: bool = False,
        is_shared: bool = False,
    ) -> None:
        self._file = opened.file
        self._share = share
        part = part_asked(request.headers, opened.tag, opened.modified_at, opened.bytes)
        headers = {
            **_about(opened, is_kept=is_kept),
            **_about_part(part, opened.bytes),
            **(_SHARED if is_shared else {}),
        }
        super().__init__(self._read(part), part.status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._share.let_go(self._file)

    async def _read(self, part: Part) -> AsyncIterator[bytes]:
        left = part.bytes
        await self._share.ask(partial(self._file.seek, part.first))
        while left and (read := await self._share.ask(self._part(left))):
            left -= len(read)
            yield read

    def _part(self, left: int) -> Callable[[], bytes]:
        return partial(self._file.read, min(left, _PART_BYTES))


def _about(opened: OpenFile, *, is_kept: bool) -> dict[str, str]:
    suffix = PurePosixPath(opened.name).suffix.lower()
    is_page = opened.name in _PAGES
    kind = _HTML if is_page else _TYPES.get(suffix, _BINARY)
    way = "attachment" if is_kept or kind == _BINARY else "inline"
    return {
        "content-type": kind,
        "content-disposition": f"{way}; filename*=UTF-8''{quote(opened.name, safe='')}",
        "content-security-policy": _PAGE_POLICY if is_page else _FILE_POLICY,
        "accept-ranges": "bytes",
        "etag": f'"{opened.tag}"',
        "last-modified": formatdate(opened.modified_at, usegmt=True),
        "cache-control": "private, no-cache",
    }


def _about_part(part: Part, bytes_: int) -> dict[str, str]:
    headers = {"content-length": str(part.bytes)}
    if part.status == HTTPStatus.NOT_MODIFIED:
        return {}
    if part.status == HTTPStatus.PARTIAL_CONTENT:
        last = part.first + part.bytes - 1
        headers["content-range"] = f"bytes {part.first}-{last}/{bytes_}"
    elif part.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        headers["content-range"] = f"bytes */{bytes_}"
    return headers


_SHARED = {"cross-origin-resource-policy": "cross-origin"}
"""A report without rights is another site to browsers, and shows what the job made all the same."""

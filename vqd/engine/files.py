"""/view and /upload/image: a server's files, and nothing outside its three folders."""

import asyncio
import io
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from aiohttp import BodyPartReader, web
from PIL import Image

from vqd.engine.nodes.names import KINDS, without_kind
from vqd.engine.nodes.signature import Folders
from vqd.engine.replies import Route, answer
from vqd.engine.sockets import FEATURES

_PART_BYTES = 1 << 18
_LONGEST_NAME_BYTES = 255
_RUNS_IN_A_BROWSER = ("html", "xhtml", "javascript", "css", "svg")
_PREVIEW_QUALITY = 90
_PERCENT = re.compile(r"[0-9]{1,3}")


class Files:
    """The handlers. Codes and shapes as ComfyUI 0.3.64's server.py."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._keeping = asyncio.Lock()

    def routes(self) -> Iterator[Route]:
        """Give method, path and handler of each."""
        yield "GET", "/view", self._view
        yield "POST", "/upload/image", self._upload

    async def _view(self, request: web.Request) -> web.StreamResponse:
        query = request.rel_url.query
        if "filename" not in query:
            return web.Response(status=404)
        name, suffix = without_kind(query["filename"])
        kind = suffix or query.get("type", "output")
        if not name or name.startswith("/") or ".." in name or kind not in KINDS:
            return web.Response(status=400)
        folder = _inside(self._folders.of(kind), query.get("subfolder", ""))
        if folder is None:
            return web.Response(status=403)
        path = folder / Path(name).name
        if not os.path.isfile(path):  # noqa: PTH113 - Path raises for a name that is too long
            return web.Response(status=404)
        if "preview" in query:
            return await asyncio.to_thread(_preview, path, query["preview"])
        if "channel" in query and query["channel"] in _CHANNELS:
            return await asyncio.to_thread(_CHANNELS[query["channel"]], path)
        return web.FileResponse(path, headers=_headers(path.name))

    async def _upload(self, request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            return web.Response(status=400)
        fields: dict[str, str] = {}
        name = ""
        arriving = self._folders.temp / f".upload-{os.urandom(8).hex()}"
        try:
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader):
                    continue
                if part.name == "image" and part.filename:
                    name = part.filename
                    await _receive(part, arriving)
                elif part.name:
                    fields[part.name] = await part.text()
            if not name:
                return web.Response(status=400)
            async with self._keeping:
                return await asyncio.to_thread(self._keep, name, arriving, fields)
        finally:
            arriving.unlink(missing_ok=True)

    def _keep(self, name: str, arrived: Path, fields: Mapping[str, str]) -> web.Response:
        kind = fields.get("type", "input")
        top = self._folders.of(kind)
        subfolder = fields.get("subfolder", "")
        folder = _inside(top, subfolder)
        if folder is None or _inside(top, str(folder / name)) is None:
            return web.Response(status=400)
        if "/" in name or name in (".", "..") or len(name.encode()) > _LONGEST_NAME_BYTES:
            raise ValueError(f"no name for a file: {name!r}")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if fields.get("overwrite") not in ("true", "1"):
            path = _free(path, arrived)
        if not path.exists() or not _same(path, arrived):
            arrived.replace(path)
        return answer({"name": path.name, "subfolder": subfolder, "type": kind})


def _inside(top: Path, below: str) -> Path | None:
    path = Path(os.path.normpath(top / below))
    return path if path.is_relative_to(top) else None


def _headers(name: str) -> Mapping[str, str]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if any(word in kind for word in _RUNS_IN_A_BROWSER):
        kind = "application/octet-stream"
    return {"Content-Type": kind, "Content-Disposition": _disposition(name)}


def _disposition(name: str) -> str:
    shown = "".join(letter if letter.isprintable() and letter != '"' else "_" for letter in name)
    return f'filename="{shown}"'


async def _receive(part: BodyPartReader, target: Path) -> None:
    most_bytes: int = FEATURES["max_upload_size"]
    size_bytes = 0
    with target.open("wb") as file:
        while chunk := await part.read_chunk(_PART_BYTES):
            size_bytes += len(chunk)
            if size_bytes > most_bytes:
                raise web.HTTPRequestEntityTooLarge(most_bytes, size_bytes)
            file.write(chunk)


def _free(path: Path, arrived: Path) -> Path:
    free, turn = path, 1
    while free.exists() and not _same(free, arrived):
        free = path.with_name(f"{path.stem} ({turn}){path.suffix}")
        turn += 1
    return free


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while part := first.read(_PART_BYTES):
            if part != second.read(_PART_BYTES):
                return False
    return True


def _preview(path: Path, asked: str) -> web.Response:
    form, _, quality = asked.partition(";")
    form = form if form in ("webp", "jpeg") else "webp"
    quality_percent = int(quality) if _PERCENT.fullmatch(quality) else _PREVIEW_QUALITY
    with Image.open(path) as image:
        shown = image.convert("RGB") if form == "jpeg" else image
        return _encoded(path, shown, form, quality=quality_percent)


def _without_alpha(path: Path) -> web.Response:
    with Image.open(path) as image:
        return _encoded(path, image.convert("RGB"), "png")


def _alpha(path: Path) -> web.Response:
    with Image.open(path) as image:
        shades = image.convert("RGBA").getchannel("A")
    alpha = Image.new("RGBA", shades.size)
    alpha.putalpha(shades)
    return _encoded(path, alpha, "png")


def _encoded(path: Path, image: Image.Image, form: str, **options: int) -> web.Response:
    written = io.BytesIO()
    image.save(written, form.upper(), **options)
    headers = {"Content-Type": f"image/{form}", "Content-Disposition": _disposition(path.name)}
    return web.Response(body=written.getvalue(), headers=headers)


_CHANNELS = {"rgb": _without_alpha, "a": _alpha}

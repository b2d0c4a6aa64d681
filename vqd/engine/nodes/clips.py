"""Nodes that read and write clips."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqd.domain.frozen import frozen
from vqd.engine.nodes.names import Place, input_path, place_for
from vqd.engine.nodes.pictures import files_with
from vqd.engine.nodes.pixels import Pixels, to_bytes
from vqd.engine.nodes.signature import METADATA, Context, Folders, NodeClass, Shown
from vqd.engine.nodes.sound import Audio, add_sound, read_sound, write_sound

ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


@frozen
class ClipFile:
    """A clip as it lies in a file."""

    path: Path


@frozen
class Clip:
    """A clip in memory: pictures [B, H, W, C], frames a second, and its sound if it has one."""

    images: Pixels
    fps: Fraction
    audio: Audio | None


@frozen
class _Encoding:
    """How frames become a stream."""

    ending: str
    codec: str
    pixels: str = "yuv420p"
    options: Mapping[str, str] | None = None


# x264 (core 165) weighs blocks over time by what it reads beyond its buffers: a few in a hundred
# clips came out other than the rest. Without that the same pictures are the same file.
_H264 = _Encoding("mp4", "libx264", options={"mbtree": "0"})
_WEBM = {
    "vp9": _Encoding("webm", "libvpx-vp9"),
    "av1": _Encoding("webm", "libsvtav1", "yuv420p10le", {"preset": "6"}),
}


def _load(context: Context, file: str) -> Sequence[ClipFile]:
    path = input_path(context.folders, file)
    if path is None:
        raise FileNotFoundError(f"[Errno 2] No such file or directory: '{file}'")
    return (ClipFile(path),)


def _check(folders: Folders, inputs: Mapping[str, Any]) -> str | None:
    name = str(inputs["file"])
    return None if input_path(folders, name) else f"Invalid video file: {name}"


def _content(folders: Folders, inputs: Mapping[str, Any]) -> str:
    """Name what the file holds. ComfyUI names when it was uploaded, and tells of that in what comes
    of it: so the same would never be made again, byte for byte."""
    path = input_path(folders, str(inputs["file"]))
    if path is None or not path.is_file():
        return ""
    # The change time also moves when a file of the same time and size takes the place of another.
    found = path.stat()
    return _sha256(path, found.st_ino, found.st_size, found.st_ctime_ns)


@lru_cache(maxsize=1024)
def _sha256(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _components(context: Context, video: ClipFile | Clip) -> Sequence[Any]:
    import av

    if isinstance(video, Clip):
        return video.images, video.audio, float(video.fps)
    with av.open(str(video.path)) as container:
        stream = container.streams.video[0]
        pictures = []
        for frame in _decoded(container):
            pictures.append(frame.astype(np.float32) / 255.0)
            context.step(len(pictures), max(stream.frames, len(pictures)), pictures[-1])
        fps = float(_rate(stream))
    return np.stack(pictures), read_sound(video.path), fps


def _decoded(container: Any) -> Iterator[NDArray[np.uint8]]:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    for frame in container.decode(stream):
        yield frame.to_ndarray(format="rgb24")


def _rate(stream: Any) -> Fraction:
    return Fraction(stream.average_rate or 1)


def _create(_: Context, images: Pixels, fps: float, audio: Audio | None = None) -> Sequence[Clip]:
    return (Clip(images, Fraction(fps), audio),)


def _save(
    context: Context,
    video: ClipFile | Clip,
    filename_prefix: str,
    format: str,  # noqa: A002 - ComfyUI's input
    codec: str,
) -> Shown:
    import av

    if format not in ("auto", "mp4"):
        raise ValueError(f"{format!r} is not a valid VideoContainer")
    if codec not in ("auto", "h264"):
        raise ValueError("Only H264 codec is supported for now")
    if isinstance(video, Clip):
        return _save_clip(context, video, filename_prefix, _H264)
    with av.open(str(video.path)) as container:
        if not container.streams.video:
            raise ValueError(f"No video stream found in file {str(video.path)!r}")
        stream = container.streams.video[0]
        place = place_for(context.folders, filename_prefix, stream.width, stream.height)
        # ComfyUI copies out of any container, and from Matroska makes files that cannot be played.
        if "mp4" in container.format.name.split(",") and codec in ("auto", stream.codec.name):
            return _save_copy(context, container, place)
        size, total = (stream.width, stream.height), stream.frames
        frames, rate = _decoded(container), _rate(stream)
        return _save_frames(
            context, place, _H264, frames, size, total, rate, read_sound(video.path)
        )


def _save_webm(
    context: Context, images: Pixels, filename_prefix: str, codec: str, fps: float, crf: float
) -> Shown:
    known = _WEBM[codec]
    options = {"crf": str(crf), **(known.options or {})}
    encoding = _Encoding(known.ending, known.codec, known.pixels, options)
    return _save_clip(context, Clip(images, Fraction(fps), None), filename_prefix, encoding)


def _save_clip(context: Context, clip: Clip, prefix: str, encoding: _Encoding) -> Shown:
    total, height, width = clip.images.shape[:3]
    place = place_for(context.folders, prefix, width, height)
    frames = (to_bytes(picture[..., :3]) for picture in clip.images)
    size = (width, height)
    return _save_frames(context, place, encoding, frames, size, total, clip.fps, clip.audio)


def _save_copy(context: Context, container: Any, place: Place) -> Shown:
    import av

    with (
        place.writing(0, "mp4") as (hidden, shown),
        _writing(context, hidden, "mp4", container.metadata) as output,
    ):
        streams = {
            stream: output.add_stream_from_template(stream, opaque=True)
            for stream in container.streams
            if isinstance(stream, (av.VideoStream, av.AudioStream))
        }
        for packet in container.demux(list(streams)):
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                output.mux(packet)
    return _shown(shown)


def _save_frames(
    context: Context,
    place: Place,
    encoding: _Encoding,
    frames: Iterator[NDArray[np.uint8]],
    size: tuple[int, int],
    total: int,
    rate: Fraction,
    audio: Audio | None,
) -> Shown:
    import av

    width, height = size
    if encoding is _H264 and (height % 2 or width % 2):
        raise ValueError(f"H264 needs an even width and height, and this is {width}x{height}")
    rate = Fraction(round(rate * 1000), 1000)
    with (
        place.writing(0, encoding.ending) as (hidden, shown),
        _writing(context, hidden, encoding.ending) as container,
    ):
        stream = container.add_stream(encoding.codec, rate=rate, options=encoding.options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixels
        if encoding is not _H264:
            stream.bit_rate = 0
        sound = add_sound(container, audio) if audio else None
        written = 0
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            written += 1
            context.step(written, max(total, written))
        container.mux(stream.encode(None))
        if sound is not None and audio is not None:
            write_sound(container, sound, audio, written / rate)
    return _shown(shown)


def _writing(
    context: Context, path: Path, ending: str, metadata: Mapping[str, str] | None = None
) -> Any:
    import av

    options = {"movflags": "use_metadata_tags"} if ending == "mp4" else {}
    container = av.open(str(path), "w", format=ending, options=options)
    container.metadata.update(metadata or {})
    container.metadata["prompt"] = json.dumps(context.graph)
    for key, value in context.extra_pnginfo.items():
        container.metadata[key] = json.dumps(value)
    return container


def _shown(told: Mapping[str, str]) -> Shown:
    return Shown({"images": [told], "animated": [True]})


_COMBO = {"multiselect": False}

CLIPS: tuple[NodeClass, ...] = (
    NodeClass(
        "LoadVideo",
        "image/video",
        {"file": ("COMBO", {**_COMBO, "options": [], "video_upload": True})},
        ("VIDEO",),
        _load,
        is_newer=True,
        display_name="Load Video",
        check=_check,
        mark=_content,
        options=lambda folders: {"file": files_with(ENDINGS, folders.input)},
    ),
    NodeClass(
        "GetVideoComponents",
        "image/video",
        {"video": ("VIDEO", {})},
        ("IMAGE", "AUDIO", "FLOAT"),
        _components,
        is_newer=True,
        output_names=("images", "audio", "fps"),
        display_name="Get Video Components",
        description="Extracts all components from a video: frames, audio, and framerate.",
    ),
    NodeClass(
        "CreateVideo",
        "image/video",
        {
            "images": ("IMAGE", {}),
            "fps": ("FLOAT", {"default": 30.0, "min": 1.0, "max": 120.0, "step": 1.0}),
        },
        ("VIDEO",),
        _create,
        is_newer=True,
        optional={"audio": ("AUDIO", {})},
        display_name="Create Video",
        description="Create a video from images.",
    ),
    NodeClass(
        "SaveVideo",
        "image/video",
        {
            "video": ("VIDEO", {}),
            "filename_prefix": ("STRING", {"default": "video/ComfyUI", "multiline": False}),
            "format": ("COMBO", {"default": "auto", **_COMBO, "options": ["auto", "mp4"]}),
            "codec": ("COMBO", {"default": "auto", **_COMBO, "options": ["auto", "h264"]}),
        },
        (),
        _save,
        is_output=True,
        hidden=METADATA,
        is_newer=True,
        display_name="Save Video",
        description="Saves the input images to your ComfyUI output directory.",
    ),
    NodeClass(
        "SaveWEBM",
        "image/video",
        {
            "images": ("IMAGE", {}),
            "filename_prefix": ("STRING", {"default": "ComfyUI", "multiline": False}),
            "codec": ("COMBO", {**_COMBO, "options": list(_WEBM)}),
            "fps": ("FLOAT", {"default": 24.0, "min": 0.01, "max": 1000.0, "step": 0.01}),
            "crf": ("FLOAT", {"default": 32.0, "min": 0, "max": 63.0, "step": 1}),
        },
        (),
        _save_webm,
        is_output=True,
        hidden=METADATA,
        is_newer=True,
        is_experimental=True,
    ),
)

"""Pictures and clips, opened by their content and decoded frame after frame."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from vqd.documents.opening import NotAFile, opened
from vqd.domain.errors import VqdError
from vqd.media.containers import AS_SEEN, DEMUXERS, DURATION_IS_KEPT, EXTENSIONS, STILLS
from vqd.media.frames import MAX_PIXELS
from vqd.media.lengths import clip_format
from vqd.media.looks import PictureFormat, cut_off, likeness, picture_format

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.ImageFile import ImageFile

_MOST_HELD_BYTES: Final = 256 << 10

# What Pillow's readers raise on damaged files (13.0): most wrap it in OSError, not all.
_FAULTS: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    struct.error,
    zlib.error,
)


class Undecodable(VqdError):
    """The file is no whole picture, clip or sound; the message says what it looks like."""

    def __init__(self, message: str) -> None:
        super().__init__("undecodable", message)


@contextmanager
def open_media(path: Path, below: Path | None = None) -> "Iterator[Picture | Clip]":
    """Give the picture or clip in `path`, to be read once, front to back.

    With `below`, a folder on the way, no link below that is followed.

    Raises:
        Undecodable: it is empty, cut off, damaged, too large, a link, or nothing known; this may
            show only while its frames are read.
        OSError: it cannot be opened or read.
    """
    with open_regular(path, below) as file:
        made_as = picture_format(file)
        if (unlike := likeness(file)) is not None:
            raise Undecodable(unlike)
        if (missing := cut_off(file, made_as)) is not None:
            raise Undecodable(f"it is cut off: {missing}")
        if made_as is not None:
            held = _held(file)
            with _open_picture(held, made_as) as image:
                yield Picture(image, held, made_as)
        else:
            with _open_clip(file) as container:
                yield Clip(container, file)


@contextmanager
def open_regular(path: Path, below: Path | None = None) -> Iterator[BinaryIO]:
    """Give the file at `path` to be read; with `below`, no link below that is followed.

    Raises:
        Undecodable: it is a link, a folder, a device. OSError: it cannot be opened.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opened(path, below=below))
        except NotAFile as error:
            raise Undecodable(f"it is {error.what}, not a file") from error
        yield file


class Picture:
    """A still picture, or a moving GIF, WebP or PNG; `file` is what it is read from."""

    def __init__(self, image: "ImageFile", file: BinaryIO, made_as: PictureFormat) -> None:
        self.image = image
        self.file = file
        self.made_as = made_as
        self.seconds = 0.0

    def frames(self) -> "Iterator[ImageFile]":
        """Decode frame after frame: one object, whose pixels change. Adds up `seconds`."""
        count = 1 if self.image.format == "MPO" else getattr(self.image, "n_frames", 1)
        for number in range(count):
            self.image.seek(number)
            self.image.load()
            self.seconds += self.image.info.get("duration", 0) / 1000
            yield self.image


class Clip:
    """A film, or a sound, which has no frames; `file` is what it is read from."""

    def __init__(self, container: "InputContainer", file: BinaryIO) -> None:
        self.container = container
        self.file = file
        self.video = _moving(container)
        self._end_s = 0.0
        if self.video is not None:
            self.video.thread_type = "AUTO"
            if self.is_still:
                self.video.codec_context.options = AS_SEEN

    @property
    def is_still(self) -> bool:
        """Tell whether it is a single picture in a format that FFmpeg alone reads."""
        return self.container.format.name in STILLS

    @property
    def extensions(self) -> tuple[str, ...]:
        """Give the extensions that its container goes by, the usual one first."""
        seen, heard = EXTENSIONS.get(self.container.format.name, ((), ()))
        return heard if self.video is None else seen

    @property
    def seconds(self) -> float:
        """Give the length of what has been decoded."""
        return max(0.0, self._end_s - (self.container.start_time or 0) / 1_000_000)

    def frames(self) -> "Iterator[VideoFrame]":
        """Decode everything, the sound too, and give the pictures."""
        from av.video.frame import VideoFrame

        return (frame for frame in self.decoded() if isinstance(frame, VideoFrame))

    def decoded(self) -> "Iterator[VideoFrame | AudioFrame]":
        """Decode everything, in the order of the file."""
        sounds = self.container.streams.audio
        streams = [*sounds] if self.video is None else [self.video, *sounds]
        step_s = self._frame_s()
        for packet in self.container.demux(*streams):
            for frame in cast("list[VideoFrame | AudioFrame]", packet.decode()):
                if frame.time is not None:
                    self._end_s = max(self._end_s, frame.time + _length_s(frame, step_s))
                yield frame
        self._refuse_if_short(step_s)

    def _frame_s(self) -> float:
        rate = self.video.average_rate if self.video else None
        return float(1 / rate) if rate else 0.0

    def _refuse_if_short(self, step_s: float) -> None:
        container = self.container
        if container.duration is None or container.format.name not in DURATION_IS_KEPT:
            return
        promised_s = container.duration / 1_000_000
        if self._end_s < promised_s - max(0.1, 1.5 * step_s):
            raise Undecodable(
                f"it is cut off: {self._end_s:.2f} of {promised_s:.2f} seconds are there"
            )


def _held(file: BinaryIO) -> BinaryIO:
    """Give the file, or a copy in memory of a small one: Pillow seeks in it at every step."""
    start = file.read(_MOST_HELD_BYTES + 1)
    if len(start) <= _MOST_HELD_BYTES:
        return io.BytesIO(start)
    file.seek(0)
    return file


@contextmanager
def _open_picture(file: BinaryIO, made_as: PictureFormat) -> "Iterator[ImageFile]":
    """Open with Pillow, whose global switches are set here so that nobody else's count."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    warnings.filterwarnings("ignore", module=r"PIL\.")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses above twice this
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    import_module(f"PIL.{made_as.plugin}")
    try:
        Image.open(file, formats=(made_as.name,)).verify()  # the checksums of a PNG
        with Image.open(file, formats=(made_as.name,)) as image:
            yield image
    except Image.DecompressionBombError as error:
        limit = MAX_PIXELS // 1_000_000
        raise Undecodable(f"it claims more than {limit} megapixels; make it smaller") from error
    except UnidentifiedImageError as error:
        raise _unreadable(made_as.name) from error
    except _FAULTS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _told(error) from error


@contextmanager
def _open_clip(file: BinaryIO) -> "Iterator[InputContainer]":
    import av
    from av.error import FFmpegError

    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": ""}
    try:
        container = av.open(file, "r", options=options)
    except (FFmpegError, ValueError) as error:
        raise _unreadable(clip_format(file)) from error
    with container:
        try:
            if _moving(container) is None and not container.streams.audio:
                raise _unreadable(clip_format(file))
            yield container
        except FFmpegError as error:
            raise Undecodable(f"it is damaged: {error.strerror}") from error


def _told(error: Exception) -> Undecodable:
    cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
    return Undecodable(f"it is {'cut off' if cut else 'damaged'}: {error}")


def _unreadable(made_as: str | None) -> Undecodable:
    if made_as is not None:
        return Undecodable(f"it is damaged: the header of the {made_as} cannot be read")
    return Undecodable("no picture, clip or sound could be read from it")


def _moving(container: "InputContainer") -> "VideoStream | None":
    """Give the first stream of pictures that is no cover."""
    from av.stream import Disposition

    streams = container.streams.video
    return next((s for s in streams if not s.disposition & Disposition.attached_pic), None)


def _length_s(frame: "VideoFrame | AudioFrame", step_s: float) -> float:
    from av.audio.frame import AudioFrame

    return frame.samples / frame.sample_rate if isinstance(frame, AudioFrame) else step_s

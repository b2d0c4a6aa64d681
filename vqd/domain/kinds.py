"""The kinds of outputs, one closed list: how each is checked, what is told of it, how it is shown.

| kind | checked by | told beside its bytes | shown as |
| --- | --- | --- | --- |
| image | decoding every frame | width, height, frames and fps where it moves | picture |
| video | decoding every frame and sample | width, height, frames, fps, and as a sound | clip |
| audio | decoding every sample | duration, sample rate, channels | waveform |
| text | reading it as UTF-8 | characters | excerpt |
| latent | its header and length (safetensors) | nothing | tile |
| model3d | its header and length, by format | nothing | tile |
| vector | parsing it as SVG | width and height, where it has some | picture |
| file | its length; whatever it is known to be, as that | nothing | tile |
"""

from collections.abc import Mapping
from enum import StrEnum

from vqd.domain.frozen import frozen


class Shown(StrEnum):
    """What a page shows of an output."""

    PICTURE = "picture"
    CLIP = "clip"
    WAVEFORM = "waveform"
    EXCERPT = "excerpt"
    """Its first lines."""
    TILE = "tile"
    """Its name and size alone."""


@frozen
class Kind:
    """A kind: `noun` is what a sentence calls one, `extensions` are the usual ones, the first of
    which a file gets that has none, and `others` further ones that it goes by.

    `facts` are the fields of an `OutputFile` that it may have, `accepts` the bounds of an output
    that mean something for it, beside those of any file.
    """

    noun: str
    extensions: tuple[str, ...]
    others: tuple[str, ...]
    shown: Shown
    facts: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()


_PIXELS = ("width", "height")
_MOVING = (*_PIXELS, "frames", "fps")
_SEEN = ("size", "max_black", "min_frames", "max_frames")
_SOUND = ("duration_s", "sample_rate", "channels")
_HEARD = ("min_duration", "max_duration")

KINDS: Mapping[str, Kind] = {
    "image": Kind(
        "a picture",
        (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"),
        (".gif", ".apng", ".avif", ".jfif", ".exr", ".hdr", ".jxl"),
        Shown.PICTURE,
        _MOVING,
        _SEEN,
    ),
    "video": Kind(
        "a clip",
        (".mp4", ".mov", ".mkv", ".webm", ".avi"),
        (".m4v", ".mpg", ".mpeg", ".ts", ".ogv", ".wmv", ".flv", ".mxf", ".3gp"),
        Shown.CLIP,
        (*_MOVING, *_SOUND),
        (*_SEEN, *_HEARD),
    ),
    "audio": Kind(
        "a sound",
        (".wav", ".mp3", ".flac", ".ogg", ".m4a"),
        (".opus", ".oga", ".aac", ".aif", ".aiff", ".mka", ".wma", ".w64"),
        Shown.WAVEFORM,
        _SOUND,
        _HEARD,
    ),
    "text": Kind(
        "a text",
        (".txt", ".json", ".csv", ".md", ".srt", ".yaml"),
        (".yml", ".jsonl", ".tsv", ".vtt", ".ass", ".xml", ".log", ".toml", ".ini", ".html"),
        Shown.EXCERPT,
        ("chars",),
        ("min_chars", "max_chars"),
    ),
    "latent": Kind("a latent", (".latent",), (), Shown.TILE),
    "model3d": Kind(
        "a 3D model",
        (".glb", ".gltf", ".obj", ".ply", ".stl", ".fbx"),
        (".usdz", ".usd", ".3mf", ".dae", ".spz", ".splat", ".ksplat"),
        Shown.TILE,
    ),
    "vector": Kind("a drawing", (".svg",), (), Shown.PICTURE, _PIXELS),
    "file": Kind("a file", (".bin",), (), Shown.TILE),
}
"""Every kind by its name."""

INPUT_KINDS = ("image", "video", "audio")
"""The kinds that an input may be."""

_BY_EXTENSION = {
    extension: name
    for name, kind in KINDS.items()
    for extension in (*kind.extensions, *kind.others)
    if name != "file"
}


def kind_of_name(name: str) -> str | None:
    """Give the kind that a file of this name goes by; None if that does not tell."""
    _, dot, ending = name.rpartition(".")
    return _BY_EXTENSION.get(f"{dot}{ending}".lower())

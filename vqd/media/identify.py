"""What an output is, checked as a file of its kind: all of it is read, and what can be decoded is.

| kind | what is asked of it |
| --- | --- |
| image, video, audio | decodes from its first byte to its last |
| text | UTF-8, or UTF-16 with its mark, without NUL |
| latent | a header, and every tensor that it names; one of them is ComfyUI's latent |
| model3d | as long as its header says, where the format has one |
| vector | well-formed SVG |
| file | not empty; and what it looks like, or is called, as that |
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from vqd.domain.frozen import frozen
from vqd.domain.kinds import KINDS, kind_of_name
from vqd.media.decoding import Undecodable, open_regular
from vqd.media.lengths import clip_format
from vqd.media.looks import A_PAGE, cut_off, emptiness, likeness, picture_format
from vqd.media.models3d import model_extension
from vqd.media.probe import Media, digest, probe
from vqd.media.tensors import LATENT, tensors_in
from vqd.media.texts import chars_in, drawing_size

_SEEN_OR_HEARD: Final = ("image", "video", "audio")
_TENSORS: Final = (".safetensors", ".latent", ".sft")
_PAGES: Final = (".html", ".htm")


def identify(path: Path, kind: str) -> Media:
    """Give what `path` holds, which is to be of this kind; of pictures, clips and sounds the kind
    that it is.

    Raises:
        Undecodable: it is empty, cut off, damaged, a link, or no file of this kind.
        OSError: it cannot be opened or read.
    """
    if kind in _SEEN_OR_HEARD:
        return probe(path)
    with open_regular(path) as file:
        is_decoded = kind == "file" and _is_decoded(file, path.name)
        if not is_decoded:
            _require_whole(file, path, kind)
            return _CHECKS[kind](_Opened(file, path))
    return probe(path)


@frozen
class _Opened:
    file: BinaryIO
    path: Path

    @property
    def extension(self) -> str:
        return self.path.suffix.lower()

    def media(self, kind: str, *extensions: str, chars: int | None = None) -> Media:
        return Media(*digest(self.file), kind, chars=chars, extensions=extensions)


def _is_decoded(file: BinaryIO, name: str) -> bool:
    looks = picture_format(file) or clip_format(file)
    return bool(looks) or kind_of_name(name) in _SEEN_OR_HEARD


def _require_whole(file: BinaryIO, path: Path, kind: str) -> None:
    """Refuse what is empty, has a hole where its end should be, or is a page in its place."""
    if (nothing := emptiness(file)) is not None:
        raise Undecodable(nothing)
    if likeness(file) == A_PAGE and path.suffix.lower() not in _PAGES:
        raise Undecodable(A_PAGE)
    if kind != "text" and (missing := cut_off(file, None)) is not None:
        raise Undecodable(f"it is cut off: {missing}")
    file.seek(0)


def _text(opened: _Opened) -> Media:
    kind = KINDS["text"]
    return opened.media("text", *kind.extensions, *kind.others, chars=chars_in(opened.file))


def _latent(opened: _Opened) -> Media:
    if LATENT not in tensors_in(opened.file):
        raise Undecodable(f"it holds no latent: none of its tensors is called {LATENT}")
    return opened.media("latent", ".latent", ".safetensors")


def _model3d(opened: _Opened) -> Media:
    named = opened.extension if kind_of_name(opened.path.name) == "model3d" else ""
    extension = model_extension(opened.file, named)
    return opened.media("model3d", *([extension] if extension else []))


def _vector(opened: _Opened) -> Media:
    width, height = drawing_size(opened.file)
    made = opened.media("vector", ".svg")
    return Media(made.sha256, made.bytes, made.kind, width, height, extensions=made.extensions)


def _file(opened: _Opened) -> Media:
    """Give a file of no kind in particular: as what it is called, if it is that."""
    if opened.extension in _TENSORS:
        is_latent = LATENT in tensors_in(opened.file)
        return opened.media("latent" if is_latent else "file", opened.extension)
    named = kind_of_name(opened.path.name)
    if named in ("model3d", "vector"):
        return _CHECKS[named](opened)
    return _as_text(opened) if named == "text" else opened.media("file")


def _as_text(opened: _Opened) -> Media:
    try:
        return _text(opened)
    except Undecodable:  # in an encoding of its own
        return opened.media("file")


_CHECKS: Mapping[str, Callable[[_Opened], Media]] = {
    "text": _text,
    "latent": _latent,
    "model3d": _model3d,
    "vector": _vector,
    "file": _file,
}

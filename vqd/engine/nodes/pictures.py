"""Nodes that read and write pictures."""

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, ImageSequence
from PIL.PngImagePlugin import PngInfo

from vqd.engine.nodes.names import Place, content_of, input_path, place_for
from vqd.engine.nodes.pixels import Pixels, to_bytes
from vqd.engine.nodes.signature import METADATA, Context, Folders, NodeClass, Shown

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")

_WEBP_METHODS = {"default": 4, "fastest": 0, "slowest": 6}
_EXIF_MODEL = 0x0110
_EXIF_MAKE = 0x010F


def _load(context: Context, image: str) -> Sequence[Pixels]:
    path = input_path(context.folders, image)
    if path is None:
        raise FileNotFoundError(f"[Errno 2] No such file or directory: '{image}'")
    pictures: list[Pixels] = []
    masks: list[Pixels] = []
    with Image.open(path) as opened:
        for frame in ImageSequence.Iterator(opened):
            turned = ImageOps.exif_transpose(frame)
            if turned.mode == "I":
                turned = turned.point(lambda value: value * (1 / 255))
            picture = np.array(turned.convert("RGB"), np.float32)
            picture /= 255.0
            if pictures and picture.shape != pictures[0].shape:
                continue
            pictures.append(picture)
            masks.append(_mask(turned))
            if opened.format == "MPO":
                break
    return _batch(pictures), _batch(masks)


def _batch(pictures: Sequence[Pixels]) -> Pixels:
    return np.stack(pictures) if len(pictures) > 1 else pictures[0][None]


def _mask(image: Image.Image) -> Pixels:
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if "A" not in image.getbands():
        return np.zeros((64, 64), np.float32)
    return 1.0 - np.asarray(image.getchannel("A"), np.float32) / 255.0


def _check(folders: Folders, inputs: Mapping[str, Any]) -> str | None:
    name = str(inputs["image"])
    return None if input_path(folders, name) else f"Invalid image file: {name}"


def files_with(endings: tuple[str, ...], folder: Path) -> Sequence[str]:
    """Give the names of a folder's files with one of these endings, sorted."""
    return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in endings)


def _save(context: Context, images: Pixels, filename_prefix: str) -> Shown:
    height, width = images.shape[1:3]
    return _saved(context, images, place_for(context.folders, filename_prefix, width, height), 4)


def _preview(context: Context, images: Pixels) -> Shown:
    letters = "".join(secrets.choice("abcdefghijklmnopqrstupvxyz") for _ in range(5))
    height, width = images.shape[1:3]
    place = place_for(context.folders, f"ComfyUI_temp_{letters}", width, height, "temp")
    return _saved(context, images, place, 1)


def _saved(context: Context, images: Pixels, place: Place, compression: int) -> Shown:
    told = []
    metadata = _metadata(context)
    for number, picture in enumerate(images):
        with place.writing(number, "png") as (hidden, shown):
            image = Image.fromarray(to_bytes(picture))
            image.save(hidden, "PNG", pnginfo=metadata, compress_level=compression)
        told.append(shown)
        context.step(number + 1, len(images), picture)
    return Shown({"images": told})


def _metadata(context: Context) -> PngInfo:
    info = PngInfo()
    info.add_text("prompt", json.dumps(context.graph))
    for name, value in context.extra_pnginfo.items():
        info.add_text(name, json.dumps(value))
    return info


def _save_animated(
    context: Context,
    images: Pixels,
    filename_prefix: str,
    fps: float,
    lossless: bool,
    quality: int,
    method: str,
) -> Shown:
    height, width = images.shape[1:3]
    place = place_for(context.folders, filename_prefix, width, height)
    frames = []
    for number, picture in enumerate(images):
        frames.append(Image.fromarray(to_bytes(picture)))
        context.step(number + 1, len(images), picture)
    exif = frames[0].getexif()
    exif[_EXIF_MODEL] = f"prompt:{json.dumps(context.graph)}"
    for tag, (key, value) in enumerate(context.extra_pnginfo.items()):
        exif[_EXIF_MAKE - tag] = f"{key}:{json.dumps(value)}"
    with place.writing(0, "webp") as (hidden, shown):
        frames[0].save(
            hidden,
            "WEBP",
            save_all=True,
            duration=int(1000.0 / fps),
            append_images=frames[1:],
            exif=exif,
            lossless=lossless,
            quality=quality,
            method=_WEBP_METHODS[method],
        )
    return Shown({"images": [shown], "animated": [len(frames) != 1]})


_PREFIX = ("STRING", {"default": "ComfyUI"})

PICTURES: tuple[NodeClass, ...] = (
    NodeClass(
        "LoadImage",
        "image",
        {"image": ([], {"image_upload": True})},
        ("IMAGE", "MASK"),
        _load,
        display_name="Load Image",
        check=_check,
        mark=lambda folders, inputs: content_of(folders, str(inputs["image"])),
        options=lambda folders: {"image": files_with(ENDINGS, folders.input)},
    ),
    NodeClass(
        "SaveImage",
        "image",
        {"images": ("IMAGE", {}), "filename_prefix": _PREFIX},
        (),
        _save,
        is_output=True,
        hidden=METADATA,
        display_name="Save Image",
        description="Saves the input images to your ComfyUI output directory.",
    ),
    NodeClass(
        "PreviewImage",
        "image",
        {"images": ("IMAGE",)},
        (),
        _preview,
        is_output=True,
        hidden=METADATA,
        display_name="Preview Image",
        description="Saves the input images to your ComfyUI output directory.",
    ),
    NodeClass(
        "SaveAnimatedWEBP",
        "image/animation",
        {
            "images": ("IMAGE",),
            "filename_prefix": _PREFIX,
            "fps": ("FLOAT", {"default": 6.0, "min": 0.01, "max": 1000.0, "step": 0.01}),
            "lossless": ("BOOLEAN", {"default": True}),
            "quality": ("INT", {"default": 80, "min": 0, "max": 100}),
            "method": (list(_WEBP_METHODS),),
        },
        (),
        _save_animated,
        is_output=True,
        hidden=METADATA,
    ),
)

"""Nodes that make pictures of pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vqd.engine.nodes.pixels import Pixels, blurred, centre_cropped, resized, sharpened
from vqd.engine.nodes.signature import Context, NodeClass

MOST_PX = 16384

_METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
_IMAGE = ("IMAGE",)


def int_input(
    default: int, least: int, most: int, step: int | None = 1
) -> tuple[str, dict[str, Any]]:
    """Give an input's signature: a whole number within bounds."""
    facts = {"default": default, "min": least, "max": most}
    return "INT", facts if step is None else {**facts, "step": step}


def scaled(ctx: Context, pictures: Pixels, width: int, height: int, method: str) -> Pixels:
    """Give pictures [B, H, W, C] in another size, telling how far it is."""
    given = np.empty((len(pictures), height, width, pictures.shape[3]), np.float32)
    for number, picture in enumerate(pictures):
        given[number] = resized(picture, width, height, method)
        ctx.step(number + 1, len(pictures))
    return given


def _empty(_: Context, width: int, height: int, batch_size: int, color: int) -> Sequence[Pixels]:
    shades = [(color >> shift & 0xFF) / 0xFF for shift in (16, 8, 0)]
    return (np.full((batch_size, height, width, 3), shades, np.float32),)


def _scale(
    ctx: Context, image: Pixels, upscale_method: str, width: int, height: int, crop: str
) -> Sequence[Pixels]:
    if width == 0 and height == 0:
        return (image,)
    old_height, old_width = image.shape[1:3]
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    if crop == "center":
        image = centre_cropped(image, width, height)
    return (scaled(ctx, image, width, height, upscale_method),)


def _scale_by(
    ctx: Context, image: Pixels, upscale_method: str, scale_by: float
) -> Sequence[Pixels]:
    width, height = round(image.shape[2] * scale_by), round(image.shape[1] * scale_by)
    return (scaled(ctx, image, width, height, upscale_method),)


def _crop(_: Context, image: Pixels, width: int, height: int, x: int, y: int) -> Sequence[Pixels]:
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return (image[:, y : y + height, x : x + width],)


def _invert(_: Context, image: Pixels) -> Sequence[Pixels]:
    return (1.0 - image,)


def _flip(_: Context, image: Pixels, flip_method: str) -> Sequence[Pixels]:
    return (np.flip(image, 1 if flip_method.startswith("x") else 2),)


def _rotate(_: Context, image: Pixels, rotation: str) -> Sequence[Pixels]:
    turns = {"90": 1, "180": 2, "270": 3}.get(rotation.split()[0], 0)
    return (np.rot90(image, turns, (2, 1)),)


def _blur(ctx: Context, image: Pixels, blur_radius: int, sigma: float) -> Sequence[Pixels]:
    given = np.empty_like(image)
    for number, picture in enumerate(image):
        given[number] = blurred(picture, blur_radius, sigma)
        ctx.step(number + 1, len(image))
    return (given,)


def _sharpen(
    ctx: Context, image: Pixels, sharpen_radius: int, sigma: float, alpha: float
) -> Sequence[Pixels]:
    given = np.empty_like(image)
    for number, picture in enumerate(image):
        given[number] = sharpened(picture, sharpen_radius, sigma, alpha)
        ctx.step(number + 1, len(image))
    return (given,)


def _batch(ctx: Context, image1: Pixels, image2: Pixels) -> Sequence[Pixels]:
    if image1.shape[1:] != image2.shape[1:]:
        height, width = image1.shape[1:3]
        image2 = scaled(ctx, centre_cropped(image2, width, height), width, height, "bilinear")
    return (np.concatenate([image1, image2]),)


def _repeat(_: Context, image: Pixels, amount: int) -> Sequence[Pixels]:
    return (np.concatenate([image] * amount),)


def _from_batch(_: Context, image: Pixels, batch_index: int, length: int) -> Sequence[Pixels]:
    start = min(len(image) - 1, batch_index)
    return (image[start : start + length],)


def _rebatch(
    _: Context, images: Sequence[Pixels], batch_size: Sequence[int]
) -> Sequence[Sequence[Pixels]]:
    pictures = [batch[at : at + 1] for batch in images for at in range(len(batch))]
    size = batch_size[0]
    starts = range(0, len(pictures), size)
    return ([np.concatenate(pictures[start : start + size]) for start in starts],)


def _size(_: Context, image: Pixels) -> Sequence[int]:
    return image.shape[2], image.shape[1], image.shape[0]


_DIM = int_input(512, 1, MOST_PX)
_FREE_DIM = int_input(512, 0, MOST_PX)
_RADIUS = int_input(1, 1, 31)
_PLACE = int_input(0, 0, MOST_PX)

TRANSFORMS: tuple[NodeClass, ...] = (
    NodeClass(
        "EmptyImage",
        "image",
        {
            "width": _DIM,
            "height": _DIM,
            "batch_size": int_input(1, 1, 4096, None),
            "color": ("INT", {**int_input(0, 0, 0xFFFFFF)[1], "display": "color"}),
        },
        ("IMAGE",),
        _empty,
    ),
    NodeClass(
        "ImageScale",
        "image/upscaling",
        {
            "image": _IMAGE,
            "upscale_method": (_METHODS,),
            "width": _FREE_DIM,
            "height": _FREE_DIM,
            "crop": (["disabled", "center"],),
        },
        ("IMAGE",),
        _scale,
        display_name="Upscale Image",
    ),
    NodeClass(
        "ImageScaleBy",
        "image/upscaling",
        {
            "image": _IMAGE,
            "upscale_method": (_METHODS,),
            "scale_by": ("FLOAT", {"default": 1.0, "min": 0.01, "max": 8.0, "step": 0.01}),
        },
        ("IMAGE",),
        _scale_by,
        display_name="Upscale Image By",
    ),
    NodeClass(
        "ImageCrop",
        "image/transform",
        {"image": _IMAGE, "width": _DIM, "height": _DIM, "x": _PLACE, "y": _PLACE},
        ("IMAGE",),
        _crop,
        display_name="Image Crop",
    ),
    NodeClass(
        "ImageInvert",
        "image",
        {"image": _IMAGE},
        ("IMAGE",),
        _invert,
        display_name="Invert Image",
    ),
    NodeClass(
        "ImageFlip",
        "image/transform",
        {"image": _IMAGE, "flip_method": (["x-axis: vertically", "y-axis: horizontally"],)},
        ("IMAGE",),
        _flip,
    ),
    NodeClass(
        "ImageRotate",
        "image/transform",
        {
            "image": _IMAGE,
            "rotation": (["none", "90 degrees", "180 degrees", "270 degrees"],),
        },
        ("IMAGE",),
        _rotate,
    ),
    NodeClass(
        "ImageBlur",
        "image/postprocessing",
        {
            "image": ("IMAGE", {}),
            "blur_radius": _RADIUS,
            "sigma": ("FLOAT", {"default": 1.0, "min": 0.1, "max": 10.0, "step": 0.1}),
        },
        ("IMAGE",),
        _blur,
        is_newer=True,
    ),
    NodeClass(
        "ImageSharpen",
        "image/postprocessing",
        {
            "image": ("IMAGE", {}),
            "sharpen_radius": _RADIUS,
            "sigma": ("FLOAT", {"default": 1.0, "min": 0.1, "max": 10.0, "step": 0.01}),
            "alpha": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 5.0, "step": 0.01}),
        },
        ("IMAGE",),
        _sharpen,
        is_newer=True,
    ),
    NodeClass(
        "ImageBatch",
        "image",
        {"image1": _IMAGE, "image2": _IMAGE},
        ("IMAGE",),
        _batch,
        display_name="Batch Images",
    ),
    NodeClass(
        "RepeatImageBatch",
        "image/batch",
        {"image": _IMAGE, "amount": int_input(1, 1, 4096, None)},
        ("IMAGE",),
        _repeat,
    ),
    NodeClass(
        "ImageFromBatch",
        "image/batch",
        {
            "image": _IMAGE,
            "batch_index": int_input(0, 0, 4095, None),
            "length": int_input(1, 1, 4096, None),
        },
        ("IMAGE",),
        _from_batch,
    ),
    NodeClass(
        "RebatchImages",
        "image/batch",
        {"images": ("IMAGE", {}), "batch_size": int_input(1, 1, 4096, None)},
        ("IMAGE",),
        _rebatch,
        is_newer=True,
        takes_lists=True,
        gives_lists=True,
        display_name="Rebatch Images",
    ),
    NodeClass(
        "GetImageSize",
        "image",
        {"image": _IMAGE},
        ("INT", "INT", "INT"),
        _size,
        output_names=("width", "height", "batch_size"),
        hidden=("unique_id",),
        display_name="Get Image Size",
    ),
)

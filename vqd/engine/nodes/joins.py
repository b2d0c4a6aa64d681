"""Nodes that put pictures beside something."""

from collections.abc import Sequence

import numpy as np

from vqd.engine.nodes.pixels import Pixels
from vqd.engine.nodes.signature import Context, NodeClass
from vqd.engine.nodes.transforms import MOST_PX, int_input, scaled

_SPACINGS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}


def _stitch(
    ctx: Context,
    image1: Pixels,
    direction: str,
    match_image_size: bool,
    spacing_width: int,
    spacing_color: str,
    image2: Pixels | None = None,
) -> Sequence[Pixels]:
    if image2 is None:
        return (image1,)
    axis = 2 if direction in ("left", "right") else 1
    across = 3 - axis
    most = max(len(image1), len(image2))
    first, second = _extended(image1, most), _extended(image2, most)
    if match_image_size:
        second = _matched(ctx, first, second, axis)
    shade = _SPACINGS[spacing_color]
    background = shade[0] if len(set(shade)) == 1 else 0.0
    size = max(first.shape[across], second.shape[across])
    first, second = (_padded(one, size, across, background) for one in (first, second))
    parts = [first, second] if direction in ("right", "down") else [second, first]
    if spacing_width:
        shape = list(first.shape)
        shape[axis] = spacing_width + spacing_width % 2
        parts.insert(1, np.full(shape, shade, np.float32))
    return (np.concatenate(parts, axis),)


def _extended(pictures: Pixels, most: int) -> Pixels:
    return np.concatenate([pictures, np.repeat(pictures[-1:], most - len(pictures), 0)])


def _matched(ctx: Context, first: Pixels, second: Pixels, axis: int) -> Pixels:
    height, width = first.shape[1:3]
    aspect = second.shape[2] / second.shape[1]
    if axis == 2:
        width = int(height * aspect)
    else:
        height = int(width / aspect)
    return scaled(ctx, second, width, height, "lanczos")


def _padded(pictures: Pixels, size: int, axis: int, shade: float) -> Pixels:
    missing = size - pictures.shape[axis]
    around = [(0, 0)] * 4
    around[axis] = (missing // 2, missing - missing // 2)
    return np.pad(pictures, around, constant_values=shade)


def _pad_for_outpaint(
    _: Context, image: Pixels, left: int, top: int, right: int, bottom: int, feathering: int
) -> Sequence[Pixels]:
    sides = ((0, 0), (top, bottom), (left, right))
    given = np.pad(image, (*sides, (0, 0)), constant_values=0.5)
    height, width = image.shape[1:3]
    inner = np.zeros((1, height, width), np.float32)
    if 0 < feathering * 2 < min(height, width):
        rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
        distance = np.minimum.reduce(
            np.broadcast_arrays(
                rows if top else height,
                height - rows if bottom else height,
                columns if left else width,
                width - columns if right else width,
                np.full((height, width), feathering),
            )
        )
        inner[0] = ((feathering - distance) / feathering) ** 2
    return given, np.pad(inner, sides, constant_values=1.0)


_SIDE = int_input(0, 0, MOST_PX, 8)

JOINS: tuple[NodeClass, ...] = (
    NodeClass(
        "ImageStitch",
        "image/transform",
        {
            "image1": ("IMAGE",),
            "direction": (["right", "down", "left", "up"], {"default": "right"}),
            "match_image_size": ("BOOLEAN", {"default": True}),
            "spacing_width": int_input(0, 0, 1024, 2),
            "spacing_color": (list(_SPACINGS), {"default": "white"}),
        },
        ("IMAGE",),
        _stitch,
        optional={"image2": ("IMAGE",)},
        display_name="Image Stitch",
    ),
    NodeClass(
        "ImagePadForOutpaint",
        "image",
        {
            "image": ("IMAGE",),
            "left": _SIDE,
            "top": _SIDE,
            "right": _SIDE,
            "bottom": _SIDE,
            "feathering": int_input(40, 0, MOST_PX),
        },
        ("IMAGE", "MASK"),
        _pad_for_outpaint,
        display_name="Pad Image for Outpainting",
    ),
)

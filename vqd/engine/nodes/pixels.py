"""Arithmetic on pictures: float32 arrays [H, W, C] or [B, H, W, C], 0 to 1.

Resizing places pixels as PyTorch's `interpolate` does with align_corners=False and no antialiasing
(torch.nn.functional.interpolate); lanczos is Pillow's, on 8 bit, as in ComfyUI.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]
_Taps = tuple[NDArray[np.intp], NDArray[np.float32]]

CUBIC = -0.75
"""The sharpness of the cubic kernel (PyTorch's)."""


def to_bytes(picture: Pixels) -> NDArray[np.uint8]:
    """Give 8-bit pixels, cut off and not rounded, as ComfyUI saves them."""
    shades = picture * np.float32(255)
    return shades.clip(0, 255, out=shades).astype(np.uint8)


def resized(picture: Pixels, width: int, height: int, method: str) -> Pixels:
    """Give a picture [H, W, C] in another size.

    Raises:
        RuntimeError: a side of the old or the new one is 0.
        ValueError: the same, for lanczos.
    """
    if method == "lanczos":
        image = Image.fromarray(to_bytes(picture)).resize((width, height), Image.Resampling.LANCZOS)
        return np.asarray(image, np.float32) / 255.0
    if method == "area":
        return _averaged(_averaged(picture, height, 0), width, 1)
    if 0 in (width, height, *picture.shape[:2]):
        raise RuntimeError(f"A side of 0: {picture.shape[1::-1]} to {(width, height)}")
    taps = _TAPS[method]
    rows = _gathered(picture, taps(picture.shape[0], height), 0)
    return _gathered(rows, taps(picture.shape[1], width), 1)


def centre_cropped(pictures: Pixels, width: int, height: int) -> Pixels:
    """Give what is left of [B, H, W, C] when its proportions are made those of width x height."""
    old_height, old_width = pictures.shape[1:3]
    old_aspect, aspect = old_width / old_height, width / height
    x = y = 0
    if old_aspect > aspect:
        x = round((old_width - old_width * (aspect / old_aspect)) / 2)
    elif old_aspect < aspect:
        y = round((old_height - old_height * (old_aspect / aspect)) / 2)
    return pictures[:, y : old_height - y, x : old_width - x]


def blurred(picture: Pixels, radius: int, sigma: float) -> Pixels:
    """Give a picture under a Gaussian whose kernel spans -1 to 1, mirrored at the edges.

    Raises:
        RuntimeError: the picture is too small to be mirrored so far.
    """
    if radius >= min(picture.shape[:2]):
        raise RuntimeError(f"A radius of {radius} is too much for {picture.shape[1::-1]} pixels")
    places = np.linspace(-1, 1, 2 * radius + 1, dtype=np.float32)
    kernel = np.exp(-(places**2) / (2.0 * sigma * sigma))
    kernel /= kernel.sum()
    for axis in (0, 1):
        around = [(radius, radius) if one == axis else (0, 0) for one in range(3)]
        padded = np.moveaxis(np.pad(picture, around, "reflect"), axis, 0)
        size = picture.shape[axis]
        picture = np.zeros_like(picture)
        given = np.moveaxis(picture, axis, 0)
        for shift, weight in enumerate(kernel):
            given += weight * padded[shift : shift + size]
    return picture


def sharpened(picture: Pixels, radius: int, sigma: float, alpha: float) -> Pixels:
    """Give a picture with ten times `alpha` of what a blur takes from it added."""
    strength = 10 * alpha
    given = picture * (1 + strength) - strength * blurred(picture, radius, sigma)
    return np.clip(given, 0, 1).astype(np.float32)


def _gathered(picture: Pixels, taps: _Taps, axis: int) -> Pixels:
    places, weights = taps
    shape = [1, 1, 1]
    shape[axis] = -1
    given: Any = 0.0
    for turn in range(places.shape[1]):
        given = given + np.take(picture, places[:, turn], axis) * weights[:, turn].reshape(shape)
    return np.asarray(given, np.float32)


def _averaged(picture: Pixels, size: int, axis: int) -> Pixels:
    old = picture.shape[axis]
    starts = np.arange(size) * old // size
    ends = -(-(np.arange(1, size + 1) * old) // size)
    around = [(1, 0) if one == axis else (0, 0) for one in range(3)]
    sums = np.pad(np.cumsum(picture, axis, dtype=np.float64), around)
    shape = [1, 1, 1]
    shape[axis] = -1
    given = np.take(sums, ends, axis) - np.take(sums, starts, axis)
    return np.asarray(given / (ends - starts).reshape(shape), np.float32)


def _nearest(old: int, size: int) -> _Taps:
    places = np.floor((np.arange(size) + 0.5) * old / size).astype(np.intp)
    return np.minimum(places, old - 1)[:, None], np.ones((size, 1), np.float32)


def _bilinear(old: int, size: int) -> _Taps:
    centres = np.maximum((np.arange(size) + 0.5) * old / size - 0.5, 0)
    lower = np.minimum(np.floor(centres).astype(np.intp), old - 1)
    part = (centres - lower).astype(np.float32)
    places = np.stack([lower, np.minimum(lower + 1, old - 1)], 1)
    return places, np.stack([1 - part, part], 1)


def _bicubic(old: int, size: int) -> _Taps:
    centres = (np.arange(size) + 0.5) * old / size - 0.5
    lower = np.floor(centres).astype(np.intp)
    part = centres - lower
    places = np.clip(np.stack([lower + turn for turn in (-1, 0, 1, 2)], 1), 0, old - 1)
    weights = [_far(part + 1), _near(part), _near(1 - part), _far(2 - part)]
    return places, np.stack(weights, 1).astype(np.float32)


def _near(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1


def _far(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC


_TAPS: Mapping[str, Callable[[int, int], _Taps]] = {
    "nearest-exact": _nearest,
    "bilinear": _bilinear,
    "bicubic": _bicubic,
}

"""Arithmetic on pictures: what holds for every picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqd.engine.nodes.pixels import Pixels, blurred, centre_cropped, resized, sharpened, to_bytes

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
SIDE = st.integers(1, 40)


def ramp(width: int, height: int) -> Pixels:
    """A picture whose shades rise evenly to the right."""
    shades = np.linspace(0, 1, width, dtype=np.float32)
    return np.broadcast_to(shades[None, :, None], (height, width, 3)).copy()


@settings(max_examples=60)
@given(width=SIDE, height=SIDE, new_width=SIDE, new_height=SIDE, method=st.sampled_from(METHODS))
def test_one_colour_stays_that_colour(
    width: int, height: int, new_width: int, new_height: int, method: str
) -> None:
    picture = np.full((height, width, 3), 51 / 255, np.float32)
    made = resized(picture, new_width, new_height, method)
    assert made.shape == (new_height, new_width, 3)
    assert made.dtype.name == "float32"
    assert np.abs(made - 51 / 255).max() < 1 / 255


@pytest.mark.parametrize("method", METHODS)
def test_the_same_size_is_the_same_picture(method: str) -> None:
    picture = ramp(17, 5)
    assert np.abs(resized(picture, 17, 5, method) - picture).max() <= 1 / 255


@pytest.mark.parametrize("method", METHODS)
def test_a_mirrored_picture_is_resized_to_the_mirrored_one(method: str) -> None:
    picture = ramp(16, 4)
    made = resized(picture, 48, 12, method)
    assert np.abs(resized(picture[:, ::-1], 48, 12, method) - made[:, ::-1]).max() < 1.01 / 255


def test_area_keeps_the_mean() -> None:
    picture = np.random.default_rng(1).random((12, 18, 3), dtype=np.float32)
    assert abs(resized(picture, 6, 4, "area").mean() - picture.mean()) < 1e-6


def test_a_blur_keeps_the_mean_of_what_repeats() -> None:
    picture = np.tile(np.asarray([[[0.0]], [[1.0]]], np.float32), (20, 40, 3))
    made = blurred(picture, 3, 1.0)
    assert abs(float(made.mean()) - 0.5) < 0.01
    assert made.std() < picture.std() / 2


def test_sharpening_by_nothing_changes_nothing() -> None:
    picture = ramp(9, 9)
    assert np.abs(sharpened(picture, 2, 1.0, 0.0) - picture).max() < 1e-6


def test_a_centre_crop_has_the_asked_proportions() -> None:
    made = centre_cropped(np.zeros((1, 100, 300, 3), np.float32), 64, 64)
    assert made.shape == (1, 100, 100, 3)


def test_eight_bits_are_cut_off_and_not_rounded() -> None:
    shades = np.asarray([-1.0, 0.0, 0.9999, 1.0, 2.0, 100.9 / 255], np.float32)
    assert to_bytes(shades).tolist() == [0, 0, 254, 255, 255, 100]

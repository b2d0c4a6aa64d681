"""What the nodes give when they are run by themselves, against values worked out by hand."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vqd.engine.nodes import NODES
from vqd.engine.nodes.pixels import Pixels
from vqd.engine.nodes.signature import Folders, Interrupted, Shown

RATE = 16_000
LATE = 80
"""A frame at which the encoders, which look ahead, have long begun to write."""
RAMP = [[0.0, 0.2, 0.4], [0.1, 0.3, 0.5]]


class Context:
    """A node's context that counts its steps, and may ask it to stop at one of them."""

    def __init__(self, top: Path, stop_at: int = 0) -> None:
        self.folders = Folders(top / "input", top / "output", top / "temp")
        self.graph: Mapping[str, Any] = {"1": {"class_type": "SaveImage", "inputs": {}}}
        self.extra_pnginfo: Mapping[str, Any] = {"workflow": {"name": "é"}}
        self.steps: list[tuple[int, int]] = []
        self.stop_at = stop_at
        for folder in (self.folders.input, self.folders.output, self.folders.temp):
            folder.mkdir(exist_ok=True)

    def step(self, done: int, total: int, *_: Any) -> None:
        """Note a step, and stop if it is the one."""
        self.steps.append((done, total))
        if len(self.steps) == self.stop_at:
            raise Interrupted

    def saved(self) -> list[str]:
        """The files of the output folder, hidden ones too."""
        top = self.folders.output
        return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A context with empty folders."""
    return Context(tmp_path)


def grey(rows: Any, count: int = 1) -> Pixels:
    """The same picture of these shades, this many times."""
    one = np.repeat(np.asarray(rows, np.float32)[..., None], 3, axis=2)
    return np.repeat(one[None], count, axis=0)


def given(context: Context, class_type: str, **inputs: Any) -> Sequence[Any]:
    """What a node gives other nodes."""
    made = NODES[class_type].run(context, **inputs)
    return made.values if isinstance(made, Shown) else made


def told(context: Context, class_type: str, **inputs: Any) -> Mapping[str, Any]:
    """What clients are told of an output node."""
    made = NODES[class_type].run(context, **inputs)
    assert isinstance(made, Shown)
    assert made.ui is not None
    return made.ui


def transformed(context: Context, class_type: str, rows: Any, **inputs: Any) -> NDArray[Any]:
    """The shades [H, W] that a node makes of one picture of these shades."""
    made: Pixels = given(context, class_type, image=grey(rows), **inputs)[0]
    assert made.dtype == np.float32
    return made[0, ..., 0]


def scaled(context: Context, rows: Any, method: str, width: int, height: int) -> NDArray[Any]:
    """The shades that ImageScale makes."""
    inputs = {"upscale_method": method, "width": width, "height": height, "crop": "disabled"}
    return transformed(context, "ImageScale", rows, **inputs)


@pytest.mark.parametrize(
    ("method", "rows", "width", "expected"),
    [
        ("nearest-exact", [[0.0, 0.5, 1.0]], 5, [[0, 0, 0.5, 1, 1]]),
        ("bilinear", [[0.0, 1.0]], 4, [[0, 0.25, 0.75, 1]]),
        ("bilinear", [[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]], 2, [[0, 0]]),
        ("area", [[0.0, 0.3, 0.6]], 2, [[0.15, 0.45]]),
        # The weights a quarter of the way: -0.10547, 0.87891, 0.26172, -0.03516 (a = -0.75).
        ("bicubic", [[0.0, 0.0, 1.0, 1.0]], 8, [[0, -0.03516, -0.10547, 0.22656]]),
        # Cut off to 8 bit first: 0.5 is 127.
        ("lanczos", [[0.5, 0.5]], 4, [[127 / 255] * 4]),
    ],
)
def test_each_method_scales_as_worked_out(
    context: Context, method: str, rows: Any, width: int, expected: Any
) -> None:
    made = scaled(context, rows, method, width, 1)
    assert made.shape == (1, width)
    known = len(expected[0])
    assert made[:, :known] == pytest.approx(np.asarray(expected), abs=1e-4)


@pytest.mark.parametrize(
    ("width", "height", "shape"), [(0, 0, (4, 6)), (3, 0, (2, 3)), (0, 2, (2, 3)), (1, 0, (1, 1))]
)
def test_a_side_of_zero_keeps_the_proportions(
    context: Context, width: int, height: int, shape: tuple[int, int]
) -> None:
    assert scaled(context, np.zeros((4, 6)), "area", width, height).shape == shape


def test_a_centre_crop_cuts_both_sides_alike(context: Context) -> None:
    inputs = {"upscale_method": "area", "width": 2, "height": 2, "crop": "center"}
    rows = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]
    made = transformed(context, "ImageScale", rows, **inputs)
    assert made == pytest.approx(np.asarray([[0.2, 0.3], [0.6, 0.7]]))


@pytest.mark.parametrize(
    ("class_type", "inputs", "expected"),
    [
        ("ImageFlip", {"flip_method": "x-axis: vertically"}, [[0.1, 0.3, 0.5], [0, 0.2, 0.4]]),
        ("ImageFlip", {"flip_method": "y-axis: horizontally"}, [[0.4, 0.2, 0], [0.5, 0.3, 0.1]]),
        ("ImageRotate", {"rotation": "none"}, RAMP),
        ("ImageRotate", {"rotation": "90 degrees"}, [[0.1, 0], [0.3, 0.2], [0.5, 0.4]]),
        ("ImageRotate", {"rotation": "180 degrees"}, [[0.5, 0.3, 0.1], [0.4, 0.2, 0]]),
        ("ImageRotate", {"rotation": "270 degrees"}, [[0.4, 0.5], [0.2, 0.3], [0, 0.1]]),
        ("ImageCrop", {"width": 2, "height": 1, "x": 1, "y": 1}, [[0.3, 0.5]]),
        ("ImageCrop", {"width": 9, "height": 9, "x": 99, "y": 0}, [[0.4], [0.5]]),
        ("ImageInvert", {}, [[1, 0.8, 0.6], [0.9, 0.7, 0.5]]),
    ],
)
def test_each_pixel_goes_where_it_belongs(
    context: Context, class_type: str, inputs: Mapping[str, Any], expected: Any
) -> None:
    made = transformed(context, class_type, RAMP, **inputs)
    assert made == pytest.approx(np.asarray(expected))


def test_a_blur_mirrors_at_the_edge_without_repeating_it(context: Context) -> None:
    # exp(-1 / 2) = 0.60653 beside 1, of 2.21306 in all; the dot counts twice left of it.
    side, middle = 0.60653 / 2.21306, 1 / 2.21306
    rows = np.tile([0.0, 1.0, 0.0, 0.0], (3, 1))
    made = transformed(context, "ImageBlur", rows, blur_radius=1, sigma=1.0)
    assert made == pytest.approx(np.tile([2 * side, middle, side, 0], (3, 1)), abs=1e-5)


def test_a_sharpened_picture_stays_between_black_and_white(context: Context) -> None:
    rows = np.tile([0.0, 1.0, 0.0, 0.5], (3, 1))
    made = transformed(context, "ImageSharpen", rows, sharpen_radius=1, sigma=1.0, alpha=1.0)
    assert made[:, :3].tolist() == [[0.0, 1.0, 0.0]] * 3


def test_a_second_picture_of_another_size_takes_on_the_first_ones(context: Context) -> None:
    first, second = grey(np.zeros((2, 4))), grey([[0.0, 1.0], [0.0, 1.0]])
    (made,) = given(context, "ImageBatch", image1=first, image2=second)
    assert made.shape == (2, 2, 4, 3)
    assert made[1, ..., 0] == pytest.approx(np.asarray([[0, 0.25, 0.75, 1]] * 2))


def test_a_batch_is_repeated_whole_and_cut_at_its_end(context: Context) -> None:
    batch = np.concatenate([grey([[shade]]) for shade in (0.0, 0.5, 1.0)])
    (many,) = given(context, "RepeatImageBatch", image=batch, amount=2)
    assert many[:, 0, 0, 0].tolist() == [0, 0.5, 1, 0, 0.5, 1]
    (some,) = given(context, "ImageFromBatch", image=many, batch_index=4, length=9)
    assert some[:, 0, 0, 0].tolist() == [0.5, 1]


def test_batches_are_taken_together_and_parted_anew(context: Context) -> None:
    batches = [grey([[0.1]], 2), grey([[0.2]], 3)]
    (made,) = given(context, "RebatchImages", images=batches, batch_size=[3])
    assert [batch[:, 0, 0, 0].tolist() for batch in made] == [
        pytest.approx([0.1, 0.1, 0.2]),
        pytest.approx([0.2, 0.2]),
    ]


@pytest.mark.parametrize(
    ("direction", "match", "spacing", "shape"),
    [
        ("right", True, 0, (2, 7)),
        ("left", True, 4, (2, 11)),
        ("down", True, 0, (4, 4)),
        ("up", True, 3, (8, 4)),
        ("right", False, 0, (4, 10)),
        ("down", False, 2, (8, 6)),
    ],
)
def test_a_stitched_picture_has_the_size_of_its_parts(
    context: Context, direction: str, match: bool, spacing: int, shape: tuple[int, int]
) -> None:
    # A 6 x 4 picture matches 4 x 2 as 3 x 2 beside it and as 4 x 2 below it.
    made = stitched(context, direction, match_image_size=match, spacing_width=spacing)
    assert made.shape == (3, *shape, 3)


def test_what_is_stitched_unmatched_is_padded_in_the_middle(context: Context) -> None:
    made = stitched(context, "right", match_image_size=False, spacing_width=0)
    assert made[0, :, 0, 0].tolist() == [0, 1, 1, 0]


def test_the_spacing_has_its_colour(context: Context) -> None:
    made = stitched(context, "right", match_image_size=True, spacing_width=2)
    assert made[0, 0, 3:7].tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_outpainting_feathers_into_the_sides_that_grow(context: Context) -> None:
    image = grey(np.ones((5, 5)))
    sides = {"left": 2, "top": 0, "right": 0, "bottom": 1}
    made, mask = given(context, "ImagePadForOutpaint", image=image, feathering=2, **sides)
    assert made.shape == (1, 6, 7, 3)
    assert made[0, :, 0, 0].tolist() == [0.5] * 6
    assert mask.shape == (1, 6, 7)
    # Left: ((2 - 0) / 2)^2 = 1, then a quarter; below, the nearest row is already one away.
    assert mask[0, 0].tolist() == [1, 1, 1, 0.25, 0, 0, 0]
    assert mask[0, 4].tolist() == [1, 1, 1, 0.25, 0.25, 0.25, 0.25]
    assert mask[0, 5].tolist() == [1] * 7


def test_a_loaded_picture_comes_with_what_is_transparent(context: Context) -> None:
    pixels = np.asarray([[[10, 20, 30, 255], [40, 50, 60, 51]]], np.uint8)
    Image.fromarray(pixels).save(context.folders.input / "a.png")
    picture, mask = given(context, "LoadImage", image="a.png")
    assert picture[0] * 255 == pytest.approx(pixels[..., :3].astype(np.float32))
    assert mask[0] == pytest.approx(np.asarray([[0, 0.8]]))


def test_an_opaque_picture_comes_with_an_empty_mask(context: Context) -> None:
    Image.new("RGB", (3, 2)).save(context.folders.input / "a.png")
    picture, mask = given(context, "LoadImage", image="a.png")
    assert picture.shape == (1, 2, 3, 3)
    assert mask.shape == (1, 64, 64)
    assert not mask.any()


@pytest.mark.parametrize("name", ["../a.png", "/etc/hostname", "none.png", "a.png [output]"])
@pytest.mark.parametrize(
    ("class_type", "key", "kind"), [("LoadImage", "image", "image"), ("LoadVideo", "file", "video")]
)
def test_a_name_that_is_none_of_the_servers_files_is_refused(
    context: Context, name: str, class_type: str, key: str, kind: str
) -> None:
    for folder in (context.folders.input, context.folders.input.parent):
        (folder / "a.png").touch()
    check = NODES[class_type].check
    assert check is not None
    assert check(context.folders, {key: "a.png"}) is None
    assert check(context.folders, {key: name}) == f"Invalid {kind} file: {name}"


def test_another_content_under_the_same_name_is_marked_otherwise(context: Context) -> None:
    mark = NODES["LoadImage"].mark
    assert mark is not None
    marks = []
    for content in (b"one", b"two", b"one"):
        (context.folders.input / "a.png").write_bytes(content)
        marks.append(mark(context.folders, {"image": "a.png"}))
    assert marks[0] == marks[2] != marks[1]


def test_saved_pictures_are_counted_on_and_told(context: Context) -> None:
    (context.folders.output / "sub").mkdir()
    (context.folders.output / "sub" / "a_00041_.png").touch()
    images = grey([[0.5]], count=2)
    names = ["a_00042_.png", "a_00043_.png"]
    assert told(context, "SaveImage", images=images, filename_prefix="sub/a") == {
        "images": [{"filename": name, "subfolder": "sub", "type": "output"} for name in names]
    }
    assert context.saved() == ["sub/a_00041_.png", *(f"sub/{name}" for name in names)]
    assert context.steps == [(1, 2), (2, 2)]


def test_a_saved_picture_carries_its_graph_and_what_came_with_it(context: Context) -> None:
    told(context, "SaveImage", images=grey([[0.5]]), filename_prefix="%width%x%height%")
    with Image.open(context.folders.output / "1x1_00001_.png") as image:
        texts = {key: json.loads(value) for key, value in image.info.items()}
    assert texts == {"prompt": context.graph, **context.extra_pnginfo}


def test_a_preview_goes_to_the_temporary_folder(context: Context) -> None:
    (shown,) = told(context, "PreviewImage", images=grey([[0.5]]))["images"]
    assert (shown["subfolder"], shown["type"]) == ("", "temp")
    assert (context.folders.temp / shown["filename"]).is_file()
    assert context.saved() == []


@pytest.mark.parametrize(
    ("class_type", "inputs", "left"),
    [
        ("SaveImage", {}, LATE),
        ("SaveAnimatedWEBP", {"fps": 6.0, "lossless": True, "quality": 80, "method": "fastest"}, 0),
        ("SaveWEBM", {"codec": "vp9", "fps": 24.0, "crf": 32.0}, 0),
    ],
)
def test_a_saver_that_is_stopped_leaves_whole_files_only(
    tmp_path: Path, class_type: str, inputs: Mapping[str, Any], left: int
) -> None:
    context = Context(tmp_path, stop_at=LATE)
    images = grey(np.zeros((16, 16)), count=LATE + 1)
    with pytest.raises(Interrupted):
        NODES[class_type].run(context, images=images, filename_prefix="a", **inputs)
    assert context.saved() == [f"a_{number + 1:05}_.png" for number in range(left)]


@pytest.mark.parametrize(
    ("class_type", "inputs"),
    [
        ("ImageScaleBy", {"upscale_method": "area", "scale_by": 0.5}),
        ("ImageBlur", {"blur_radius": 1, "sigma": 1.0}),
        ("ImageSharpen", {"sharpen_radius": 1, "sigma": 1.0, "alpha": 1.0}),
    ],
)
def test_a_node_can_be_stopped_between_two_pictures(
    tmp_path: Path, class_type: str, inputs: Mapping[str, Any]
) -> None:
    context = Context(tmp_path, stop_at=2)
    with pytest.raises(Interrupted):
        given(context, class_type, image=grey(np.zeros((4, 4)), count=3), **inputs)
    assert context.steps == [(1, 3), (2, 3)]


@pytest.mark.parametrize("channels", [0, 1, 2])
def test_a_clip_keeps_frames_speed_and_sound(context: Context, channels: int) -> None:
    save_clip(context, frames=6, fps=12.5, audio=tone(channels))
    (context.folders.output / "a_00001_.mp4").rename(context.folders.input / "a.mp4")
    (video,) = given(context, "LoadVideo", file="a.mp4")
    images, audio, fps = given(context, "GetVideoComponents", video=video)
    assert (images.shape, images.dtype, fps) == ((6, 16, 32, 3), np.float32, 12.5)
    assert images.mean(axis=(1, 2, 3)) == pytest.approx(np.linspace(0, 1, 6), abs=0.02)
    heard = None if audio is None else (audio["waveform"].shape[:2], audio["sample_rate"])
    assert heard == (((1, 2), RATE) if channels else None)


def test_a_clip_in_memory_is_taken_apart_as_it_is(context: Context) -> None:
    images, sound = grey(np.zeros((16, 16)), count=2), tone(1)
    (video,) = given(context, "CreateVideo", images=images, fps=29.97, audio=sound)
    assert given(context, "GetVideoComponents", video=video) == (images, sound, 29.97)


def test_a_saved_clip_carries_its_graph_and_is_told_as_animated(context: Context) -> None:
    assert save_clip(context, frames=2, fps=29.97) == {
        "images": [{"filename": "a_00001_.mp4", "subfolder": "", "type": "output"}],
        "animated": [True],
    }
    with av.open(str(context.folders.output / "a_00001_.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(2997, 100)
        assert json.loads(container.metadata["prompt"]) == context.graph


def test_a_clip_of_an_odd_size_is_refused_with_its_size(context: Context) -> None:
    with pytest.raises(ValueError, match="even width and height, and this is 31x16"):
        save_clip(context, frames=2, fps=8.0, width=31)
    assert context.saved() == []


def test_a_clip_that_is_stopped_leaves_no_half_file(tmp_path: Path) -> None:
    context = Context(tmp_path, stop_at=LATE)
    with pytest.raises(Interrupted):
        save_clip(context, frames=LATE + 1, fps=8.0)
    assert context.saved() == []


def stitched(context: Context, direction: str, **inputs: Any) -> Pixels:
    """A white 4 x 2 picture with three black ones of 6 x 4, red between them."""
    images = {"image1": grey(np.ones((2, 4))), "image2": grey(np.zeros((4, 6)), count=3)}
    inputs |= {"direction": direction, "spacing_color": "red"}
    made: Pixels = given(context, "ImageStitch", **images, **inputs)[0]
    return made


def tone(channels: int) -> Mapping[str, Any] | None:
    """Half a second of sound; None for no channels."""
    wave = np.sin(np.arange(RATE // 2, dtype=np.float32) / 6)
    return {"waveform": np.tile(wave, (1, channels, 1)), "sample_rate": RATE} if channels else None


def save_clip(
    context: Context,
    *,
    frames: int,
    fps: float,
    width: int = 32,
    audio: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Save a clip that goes from black to white as `a`; give what clients are told of it."""
    shades = np.linspace(0, 1, frames, dtype=np.float32)
    images = np.broadcast_to(shades[:, None, None, None], (frames, 16, width, 3))
    (video,) = given(context, "CreateVideo", images=images, fps=fps, audio=audio)
    inputs = {"filename_prefix": "a", "format": "auto", "codec": "auto"}
    return told(context, "SaveVideo", video=video, **inputs)

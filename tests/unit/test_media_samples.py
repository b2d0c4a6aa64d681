"""The demo's samples differ from one another, and are what their names say."""

from pathlib import Path

from PIL import Image, ImageStat

from vqd.media.probe import probe
from vqd.media.samples import draw_clip, draw_pictures


def test_the_four_pictures_are_as_bright_as_their_hours(tmp_path: Path) -> None:
    bright = {path.stem: _brightness(path) for path in draw_pictures(tmp_path)}
    assert sorted(bright, key=lambda name: bright[name]) == ["night", "dusk", "dawn", "noon"]
    assert bright["noon"] > 3 * bright["night"]


def test_the_clip_has_the_frames_and_the_pace_it_was_asked_for(tmp_path: Path) -> None:
    draw_clip(tmp_path / "samples/day.mp4", frames=10, fps=5)
    found = probe(tmp_path / "samples/day.mp4")
    assert (found.kind, found.frames, found.fps) == ("video", 10, 5.0)
    assert (found.width, found.height) == (640, 400)


def _brightness(path: Path) -> float:
    return ImageStat.Stat(Image.open(path).convert("L")).mean[0]

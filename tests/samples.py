"""Jobs as people drop them."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.builders import write
from vqd.media.samples import draw_clip

TWO_LINES = "vqd: 1\nworkflow: image-scale\n"


def picture(path: Path, *, size: tuple[int, int] = (32, 20), shade: int = 0) -> Path:
    """Write a small picture with a gradient; `shade` makes pictures differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width, dtype=np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    pixels[..., 2] = shade
    Image.fromarray(pixels).save(path)
    return path


def picture_job(folder: Path, *, pictures: int = 2, job: str = TWO_LINES) -> Path:
    """Make a job folder with small pictures."""
    for number in range(1, pictures + 1):
        picture(folder / f"p{number}.png", shade=number)
    write(folder / "job.yaml", job)
    return folder


def clip_job(folder: Path, *, frames: int = 12) -> Path:
    """Make a job folder with a short clip."""
    draw_clip(folder / "day.mp4", frames=frames, fps=12)
    write(folder / "job.yaml", "vqd: 1\nworkflow: video-scale\nparams: {size: 160x100}\n")
    return folder

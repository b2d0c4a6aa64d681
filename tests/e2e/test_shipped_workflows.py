"""The shipped workflows that need no model, end to end on the built-in engine."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of
from vqd.media.samples import draw_clip

FRAMES = 34


def dropped(daemon: Daemon, folder: Path, job: str, *, frames: int = FRAMES) -> Path:
    """Drop a job folder with a clip; gives the folder that it comes back as."""
    draw_clip(folder / "day.mp4", frames=frames, fps=12)
    write(folder / "job.yaml", f"vqd: 1\n{job}")
    folder.rename(daemon.spool.inbox / folder.name)
    return daemon.wait_closed(folder.name)


def frames_of(clip: Path) -> list[NDArray[Any]]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def pixels_of(picture: Path) -> NDArray[Any]:
    with Image.open(picture) as image:
        return np.asarray(image.convert("RGB"))


def far(one: NDArray[Any], other: NDArray[Any]) -> float:
    """How far two pictures are apart: the mean of all differences, of 255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize(
    ("params", "kept"),
    [("", range(FRAMES)), ("params: {every: 10}\n", range(0, FRAMES, 10))],
)
def test_a_clip_comes_back_as_its_frames(
    daemon: Daemon, tmp_path: Path, params: str, kept: range
) -> None:
    daemon.start()
    folder = dropped(daemon, tmp_path / "day", f"workflow: video-frames\n{params}")
    assert folder.parent == daemon.spool.done
    pictures = [folder / line["output"] for line in manifest_of(folder)]
    frames = frames_of(folder / "inputs" / "day.mp4")
    assert len({*pictures}) == len(pictures) == len(kept)
    for picture, frame in zip(pictures, kept, strict=True):
        assert far(pixels_of(picture), frames[frame]) < 1


def test_a_contact_sheet_shows_a_clip_from_its_first_frame_to_its_last(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    job = "workflow: contact-sheet\nparams: {width: 160, gap: 10, colour: black}\n"
    folder = dropped(daemon, tmp_path / "day", job)
    assert folder.parent == daemon.spool.done
    (line,) = manifest_of(folder)
    sheet = pixels_of(folder / line["output"])
    assert sheet.shape == (3 * 100 + 2 * 10, 4 * 160 + 3 * 10, 3)
    assert sheet[:, 160:170].max() == sheet[100:110].max() == 0
    frames = frames_of(folder / "inputs" / "day.mp4")
    for number in range(12):
        row, column = divmod(number, 4)
        shown = sheet[row * 110 : row * 110 + 100, column * 170 : column * 170 + 160]
        near = [far(np.array(Image.fromarray(frame).reduce(4)), shown) for frame in frames]
        assert int(np.argmin(near)) == 3 * number


def test_a_clip_of_one_frame_fills_its_contact_sheet_with_it(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start()
    job = "workflow: contact-sheet\nparams: {width: 160, gap: 0}\n"
    folder = dropped(daemon, tmp_path / "still", job, frames=1)
    assert folder.parent == daemon.spool.done
    (line,) = manifest_of(folder)
    sheet = pixels_of(folder / line["output"])
    first = sheet[:100, :160]
    assert np.array_equal(sheet, np.tile(first, (3, 4, 1)))
    (frame,) = frames_of(folder / "inputs" / "day.mp4")
    assert far(np.array(Image.fromarray(frame).reduce(4)), first) < 1

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import write
from tests.samples import picture
from vqd.domain.accept import Accept
from vqd.domain.graph import Value
from vqd.domain.job import ExpectedOutput
from vqd.media.identify import identify
from vqd.media.probe import probe
from vqd.media.samples import draw_clip
from vqd.runner.acceptance import BadOutput, check_count, check_file, check_seconds


def picture_that(accept: Accept) -> ExpectedOutput:
    return ExpectedOutput("picture", "2", "image", accept=accept)


def judge(path: Path, accept: Accept, *, kind: str = "image", **values: Value) -> None:
    expected = ExpectedOutput("picture", "2", kind, accept=accept)
    check_file(path, probe(path), expected, values)


@pytest.mark.parametrize("accept", [Accept(), Accept(max_count=1), Accept(2, 4), Accept(2)])
def test_as_many_files_as_are_asked_for_are_taken(accept: Accept) -> None:
    check_count(picture_that(accept), accept.min_count)


@pytest.mark.parametrize(
    ("accept", "count", "said"),
    [
        (Accept(max_count=1), 3, "Of the output picture 3 files came; 1 is asked for."),
        (Accept(2, 2), 1, "Of the output picture 1 file came; 2 are asked for."),
        (Accept(2, 4), 5, "Of the output picture 5 files came; 2 to 4 are asked for."),
        (Accept(2), 1, "Of the output picture 1 file came; 2 or more are asked for."),
        (Accept(), 100_001, "Of the output picture 100001 files came; 1 to 100000 are asked for."),
    ],
)
def test_too_few_and_too_many_files_are_refused(accept: Accept, count: int, said: str) -> None:
    with pytest.raises(BadOutput) as refused:
        check_count(picture_that(accept), count)
    assert refused.value.message == said


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        (Accept(min_bytes=1 << 20), "bytes; 1048576 or more are asked for"),
        (Accept(min_frames=2), "has 1 frame; 2 or more are asked for"),
        (Accept(min_frames=2, max_frames=4), "has 1 frame; 2 to 4 are asked for"),
        (Accept(size="64x64"), "picture is 64x32; 64x64 is asked for"),
        (Accept(size="big"), "picture is 64x32; 128x64 is asked for"),
        (Accept(max_black=0.5), "picture is 100% black; 50% is the most"),
    ],
)
def test_a_picture_that_is_not_as_asked_for_is_refused_with_what_it_is(
    tmp_path: Path, accept: Accept, said: str
) -> None:
    path = tmp_path / "p.png"
    Image.new("RGB", (64, 32)).save(path)
    with pytest.raises(BadOutput, match=r"^The output picture ") as refused:
        judge(path, accept, big="128x64")
    assert said in refused.value.message
    assert refused.value.file == path


def test_another_kind_is_refused(tmp_path: Path) -> None:
    said = "is a picture (`kind: image`); a clip is asked for (`kind: video`)."
    with pytest.raises(BadOutput, match=re.escape(said)):
        judge(picture(tmp_path / "p.png"), Accept(), kind="video")


def test_a_clip_with_too_many_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    draw_clip(path, frames=6, fps=12)
    judge(path, Accept(min_frames=6, max_frames=6), kind="video")
    with pytest.raises(BadOutput, match="has 6 frames; at most 5 are asked for"):
        judge(path, Accept(max_frames=5), kind="video")


def test_a_size_is_that_of_its_parameter_swapped_where_the_job_flips_it(tmp_path: Path) -> None:
    path = picture(tmp_path / "p.png", size=(64, 32))
    judge(path, Accept(size="64x32"), flip=True)
    judge(path, Accept(size="big"), big="64x32", flip=False)
    judge(path, Accept(size="big"), big="32x64", flip=True)
    with pytest.raises(BadOutput):
        judge(path, Accept(size="big"), big="64x32", flip=True)


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        (Accept(min_duration_s=1), "lasts 0.50 s; 1 or more are asked for"),
        (Accept(max_duration_s=0.25), "lasts 0.50 s; at most 0.25 are asked for"),
    ],
)
def test_a_clip_lasts_as_long_as_is_asked_for(tmp_path: Path, accept: Accept, said: str) -> None:
    path = tmp_path / "c.mp4"
    draw_clip(path, frames=6, fps=12)
    judge(path, Accept(min_duration_s=0.5, max_duration_s=0.5), kind="video")
    with pytest.raises(BadOutput, match=said):
        judge(path, accept, kind="video")


def test_a_text_is_as_long_as_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a fox")
    expected = ExpectedOutput("caption", "2", "text", accept=Accept(min_chars=5, max_chars=5))
    check_file(path, identify(path, "text"), expected, {})
    expected = replace(expected, accept=Accept(max_chars=4))
    with pytest.raises(BadOutput, match="has 5 characters; at most 4 are asked for"):
        check_file(path, identify(path, "text"), expected, {})


def test_a_file_of_any_kind_is_of_no_other(tmp_path: Path) -> None:
    judge(picture(tmp_path / "p.png"), Accept(), kind="file")


def test_what_was_made_faster_than_it_can_be_is_refused() -> None:
    slow = [picture_that(Accept(min_seconds=2))]
    check_seconds(slow, 2)
    check_seconds(slow, 0)  # not known
    check_seconds([picture_that(Accept())], 0.001)
    with pytest.raises(BadOutput, match=r"was made in 0\.1 s, which takes 2 s at least"):
        check_seconds(slow, 0.1)

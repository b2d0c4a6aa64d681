import hashlib
from pathlib import Path

import pytest

from tests.samples import picture
from vqd.media import report_ahead
from vqd.media.report_ahead import with_thumbnails
from vqd.media.report_job import ReportOutput, ReportPrompt
from vqd.media.thumbnails import Thumbnails


@pytest.fixture
def kept(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


def an_output(folder: Path, number: int) -> ReportOutput:
    """A picture, other than those of other numbers."""
    path = f"outputs/{number}.png"
    content = picture(folder / path, size=(24, 10 + number)).read_bytes()
    return ReportOutput(path, "image", len(content), hashlib.sha256(content).hexdigest())


def a_prompt(number: int, *outputs: ReportOutput) -> ReportPrompt:
    return ReportPrompt(number, "succeeded", {}, {}, None, "gpu1", 1, 1.0, outputs, None)


def test_each_prompt_comes_in_its_turn_when_its_thumbnails_are_there(
    tmp_path: Path, kept: Thumbnails
) -> None:
    prompts = [a_prompt(number, an_output(tmp_path, number)) for number in range(20)]
    given = []
    for prompt in with_thumbnails(prompts, tmp_path, kept):
        given.append(prompt)
        assert all(kept.get(output.sha256) for output in prompt.outputs)
    assert given == prompts


def test_what_has_no_thumbnail_keeps_no_other_from_being_shown(
    tmp_path: Path, kept: Thumbnails
) -> None:
    whole, gone, other, text = (an_output(tmp_path, number) for number in range(4))
    (tmp_path / gone.path).unlink()
    (tmp_path / other.path).write_bytes(b"x" * other.bytes)
    outside = ReportOutput("../outside.png", "image", 1, "0" * 64)
    words = ReportOutput(text.path, "text", text.bytes, text.sha256)
    prompts = [a_prompt(1, gone, other, outside, words, whole), a_prompt(2)]
    assert list(with_thumbnails(prompts, tmp_path, kept)) == prompts
    made = [output for output in prompts[0].outputs if kept.get(output.sha256)]
    assert made == [whole]


def test_of_what_the_page_has_no_room_for_nothing_is_made(
    tmp_path: Path, kept: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_ahead, "_MOST", 1)
    prompts = [a_prompt(number, an_output(tmp_path, number)) for number in range(3)]
    assert list(with_thumbnails(prompts, tmp_path, kept)) == prompts
    assert [kept.get(one.outputs[0].sha256) is not None for one in prompts] == [True, False, False]

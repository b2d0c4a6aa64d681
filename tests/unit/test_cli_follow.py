"""What stands beside the bar of `vqd submit --wait`, by STATUS.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import NOW
from vqd.cli.follow import said_of
from vqd.cli.statusfile import progress_in
from vqd.service.shapes.answers import ProgressShape

COUNTS = {"total": 3, "succeeded": 1, "failed": 0, "cancelled": 0}
AT = {"prompt": 2, "server": "gpu0", "node": "5", "step": "12/20", "percent": 60}
BEHIND = {**AT, "node": None, "step": "waits behind a prompt of others", "percent": 0}
SENT = {**AT, "node": None, "step": None, "percent": 0}
SOON = {"expected": "2026-09-21T14:23:20.000Z"}


def told_by(folder: Path, **status: Any) -> ProgressShape:
    """Give what a STATUS.yaml tells."""
    text = yaml.safe_dump({"state": "running", "counts": COUNTS, **status})
    (folder / "STATUS.yaml").write_text(text)
    told = progress_in(folder)
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"running": [AT, SENT], "finish": SOON}, "gpu0 60%, about 10 min left"),
        ({"running": [AT], "finish": None}, "gpu0 60%"),
        ({"running": [BEHIND], "finish": None}, "gpu0 waits behind a prompt of others"),
        ({"running": [SENT]}, "gpu0"),
        ({"running": [], "reason": "suspended", "state": "queued"}, "suspended"),
        ({"running": [], "reason": None, "state": "publishing"}, "publishing"),
    ],
)
def test_it_says_where_the_first_prompt_is_and_how_long_all_still_takes(
    tmp_path: Path, status: dict[str, Any], said: str
) -> None:
    assert said_of(told_by(tmp_path, **status), NOW) == said


def test_what_takes_longer_than_was_reckoned_is_nearly_done(tmp_path: Path) -> None:
    told = told_by(tmp_path, running=[AT], finish=SOON)
    assert said_of(told, NOW + 10_000) == "gpu0 60%, about 1 s left"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "counts: 3", "counts: {total: x}", "counts: {total: 1, failed: 0}", "{{{", "a: &a"],
)
def test_what_somebody_else_wrote_there_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "STATUS.yaml").write_text(text)
    assert progress_in(tmp_path) is None


def test_parts_that_somebody_spoiled_are_left_out(tmp_path: Path) -> None:
    told = told_by(tmp_path, running=[3, {"prompt": "x"}, {**AT, "percent": "60"}], finish=7)
    assert (told.on, told.expected_at, told.over) == (None, None, 1)

from pathlib import Path

import pytest

from tests.builders import NOW, write
from vqd.spool.drops import begin_layout, gather_inputs
from vqd.spool.requests import (
    Request,
    hold_back,
    is_held_back,
    is_steering,
    request_named,
    requests_in,
)


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("CANCEL", Request("CANCEL")),
        ("pause.TXT", Request("PAUSE")),
        ("Priority 80.txt", Request("PRIORITY", 80)),
        ("PRIORITY", Request("PRIORITY")),
        ("PRIORITY  80", Request("PRIORITY", 80)),
        ("PRIORITY=80", Request("PRIORITY", 80)),
        ("PRIORITY: 80", Request("PRIORITY", 80)),
        ("PRIORITY -8", None),
        ("priority_1.txt", None),
        ("CANCEL 80", None),
        ("priority 1.png", None),
        ("CANCELLED", None),
        ("CANCEL.done-141320", None),
    ],
)
def test_a_request_is_known_by_its_name(name: str, request_: Request | None) -> None:
    assert request_named(name) == request_


def test_requests_and_answers_steer_and_nothing_else_does() -> None:
    request = Request("PRIORITY", 80)
    for name in ("cancel.txt", request.done(NOW), request.refused("over already (done)")):
        assert is_steering(name)
    for name in ("CANCEL.png", "cancel.done", "a.done-141320", "RESUME.refused-"):
        assert not is_steering(name)


def test_an_answer_is_a_name_that_every_file_system_takes() -> None:
    assert Request("RETRY").refused('a: "b"/c?') == "RETRY.refused-a_ _b__c_"


def test_links_and_folders_are_no_requests(tmp_path: Path) -> None:
    write(tmp_path / "PAUSE", "")
    (tmp_path / "RETRY").mkdir()
    (tmp_path / "CANCEL").symlink_to(tmp_path / "PAUSE")
    assert requests_in(tmp_path) == {"PAUSE": Request("PAUSE")}


def test_a_dropped_folder_with_cancel_is_held_back_until_the_answer_is_removed(
    tmp_path: Path,
) -> None:
    assert not is_held_back(tmp_path)
    write(tmp_path / "Cancel.txt", "")
    assert is_held_back(tmp_path)
    hold_back(tmp_path, NOW)
    (answer,) = tmp_path.iterdir()
    assert answer.name == "CANCEL.done-141320 not taken"
    assert is_steering(answer.name)
    assert is_held_back(tmp_path)
    answer.unlink()
    assert not is_held_back(tmp_path)


def test_the_answer_to_a_job_that_was_cancelled_holds_nothing_back(tmp_path: Path) -> None:
    write(tmp_path / "CANCEL.done-141320", "")
    assert not is_held_back(tmp_path)


def test_what_steered_a_job_stays_at_its_top_when_inputs_are_gathered(tmp_path: Path) -> None:
    for name in ("job.yaml", "a.png", "CANCEL", "PAUSE.done-141320"):
        write(tmp_path / name, "")
    begin_layout(tmp_path)
    gather_inputs(tmp_path, "job.yaml")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("job.yaml", "inputs", "CANCEL", "PAUSE.done-141320")
    }
    assert [path.name for path in (tmp_path / "inputs").iterdir()] == ["a.png"]

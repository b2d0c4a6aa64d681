from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.daemons import status_of
from vqd.domain.errors import Problem
from vqd.domain.finish import Finish
from vqd.spool.status import RunningPrompt, Steered, job_told_by, write_status
from vqd.store.store import Store


def test_a_status_tells_of_its_job(store: Store, tmp_path: Path) -> None:
    job_key = accept_a_job(store, "20260101-000000-caf\u00e9: 1")
    with store.reading() as session:
        job = session.jobs.get(job_key)
    problem = Problem("alias", "the anchor `a` is not read.", "job.yaml", 3, hint="Write & out.")
    write_status(tmp_path, replace(job, problems=(problem, problem)), now=NOW, durable=True)
    assert job_told_by(tmp_path / "STATUS.yaml") == job.job


def test_a_status_can_be_read_by_people_whatever_signs_its_job_is_named_with(
    store: Store, tmp_path: Path
) -> None:
    job_key = accept_a_job(store, "20260101-000000-a")
    with store.reading() as session:
        job = session.jobs.get(job_key)
    write_status(tmp_path, replace(job, reason="waits for 海 \U0001f30a"), now=NOW, durable=False)
    told = (tmp_path / "STATUS.yaml").read_text(encoding="utf-8")
    assert "reason: waits for 海 \U0001f30a\n" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job: J\n",
        "job: [J]\nheartbeat_at: now\n",
        "[" * 100_000,
        "a: &a [x]\njob: *a\nheartbeat_at: now\n",
        "job: J\nheartbeat_at: now\nrest: " + "x" * 2_000_000,
    ],
)
def test_what_somebody_dropped_as_a_status_tells_of_none(tmp_path: Path, text: str) -> None:
    assert job_told_by(write(tmp_path / "STATUS.yaml", text)) is None
    assert job_told_by(tmp_path / "none.yaml") is None


def test_a_status_tells_where_prompts_are_when_they_end_and_what_was_answered(
    store: Store, tmp_path: Path
) -> None:
    job_key = accept_a_job(store)
    with store.reading() as session:
        job = session.jobs.get(job_key)
    write_status(
        tmp_path,
        job,
        now=NOW,
        running=[RunningPrompt(1, "gpu0", "5", "12/20", 60)],
        finish=Finish(NOW + 10, NOW + 20, NOW + 40),
        answers=[Steered("PRIORITY 80", NOW - 5, True, "priority 80")],
        durable=False,
    )
    told = status_of(tmp_path)
    assert told["running"] == [
        {"prompt": 1, "server": "gpu0", "node": "5", "step": "12/20", "percent": 60}
    ]
    assert told["finish"] == {
        "early": "2026-09-21T14:13:30.000Z",
        "expected": "2026-09-21T14:13:40.000Z",
        "late": "2026-09-21T14:14:00.000Z",
    }
    answer = {"what": "PRIORITY 80", "when": "2026-09-21T14:13:15.000Z"}
    assert told["answers"] == [{**answer, "done": True, "said": "priority 80"}]
    write_status(tmp_path, job, now=NOW, durable=True)
    told = status_of(tmp_path)
    assert (told["finish"], told["answers"]) == (None, [])

"""WHY.txt, as somebody reads it who only dropped a folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_plan
from vqd.domain.cures import CURES
from vqd.domain.errors import Problem
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import Counts
from vqd.domain.outcome import FailureCode
from vqd.domain.queue import Failures, Job, Prompt, PromptKey
from vqd.spool.why import WHY, write_why


def a_job(total: int, succeeded: int, failed: int, cancelled: int = 0, **changes: Any) -> Job:
    job = Job(
        job_key=1,
        job="20260101-000000-cats",
        workflow="image-scale",
        state=JobState.FAILED,
        counts=Counts(total, 0, 0, succeeded, failed, cancelled),
        plan=a_plan(total),
        job_file=A_JOB_FILE,
        input_folder="inputs",
        priority=50,
        accepted_at=NOW,
    )
    return replace(job, **changes)


def a_failure(number: int, prompts: int, code: str, said: str) -> Failures:
    prompt = Prompt(
        key=PromptKey(1, number),
        state=PromptState.FAILED,
        graph_sha256="",
        edits={},
        inputs={"image": "sub/a b.png"},
        params={},
        seed=None,
        stem="",
        attempt=1,
        strikes=0,
        prompt_id=None,
        server="gpu0",
        claimed_at=None,
        ended_at=None,
        seconds=None,
        failure_code=code,
        failure_message=said,
    )
    return Failures(prompt, prompts)


def why(folder: Path, job: Job, *failures: Failures) -> str:
    write_why(folder, job, failures)
    return (folder / WHY).read_text(encoding="utf-8")


def test_failures_are_told_by_kind_each_with_what_to_do_and_then_how_to_go_on(
    tmp_path: Path,
) -> None:
    said = why(
        tmp_path,
        a_job(1200, 1193, 7),
        a_failure(3, 4, "out_of_memory", "KSampler: not enough."),
        a_failure(9, 1, "interrupted", "stopped on gpu0."),
    )
    assert said == (
        "20260101-000000-cats failed.\n"
        "\n"
        "7 of 1,200 prompts failed (each makes one picture, clip or the like):\n"
        "\n"
        "  - prompt 3 (sub/a b.png) on gpu0 and 3 more: out_of_memory: KSampler: not enough.\n"
        f"    {CURES['out_of_memory']}\n"
        "\n"
        "  - prompt 9 (sub/a b.png) on gpu0: interrupted: stopped on gpu0.\n"
        f"    {CURES['interrupted']}\n"
        "\n"
        "  - … and 2 prompts more, in report.html.\n"
        "\n"
        "To mend it, edit job.yaml in this folder; the inputs lie in inputs/.\n"
        "Then move this whole folder back into the inbox, or run\n"
        "  vqd retry 20260101-000000-cats\n"
        "What has succeeded is kept in outputs/ and not made again.\n"
    )


def test_of_a_job_that_was_not_run_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    faults = (
        Problem("unknown_key", "unknown key.", "job.yaml", 3, key="paramz", hint="Mean params?"),
        Problem("missing_input", "there is no file\nx.png.", "job.yaml", 5),
    )
    said = why(tmp_path, a_job(0, 0, 0, problems=faults))
    assert "Nothing was run. 2 faults in job.yaml:\n" in said
    assert "  - job.yaml:3: paramz: unknown key. Mean params?\n" in said
    assert "  - job.yaml:5: there is no file\\nx.png.\n" in said
    assert "To run it, mend job.yaml in this folder; files that it names go into inputs/." in said
    assert "kept" not in said


def test_faults_of_another_file_are_not_called_the_job_file_s(tmp_path: Path) -> None:
    faults = (Problem("uneven_row", "has 3 values.", "shots.csv", 3),)
    said = why(tmp_path, a_job(0, 0, 0, problems=faults))
    assert "Nothing was run. 1 fault:\n\n  - shots.csv:3: has 3 values.\n" in said


def test_a_job_that_was_cancelled_says_by_what(tmp_path: Path) -> None:
    cancelled = a_job(4, 1, 0, 3, cancel_requested_at=NOW, reason="cancelled: CANCEL was put there")
    said = why(tmp_path, cancelled)
    assert said.startswith(
        "20260101-000000-cats was cancelled.\n\nCancelled: CANCEL was put there.\n\n"
        "To run it after all, move this whole folder back into the inbox, or run\n"
    )


@pytest.mark.parametrize("code", [*FailureCode])
def test_every_failure_that_a_prompt_can_end_with_says_what_to_do(code: FailureCode) -> None:
    is_put_back = code in (FailureCode.WITHDRAWN, FailureCode.DISK_FULL)
    assert (code in CURES) is not is_put_back


def test_a_traceback_that_a_node_raised_does_not_bury_the_rest(tmp_path: Path) -> None:
    said = why(tmp_path, a_job(1, 0, 1), a_failure(1, 1, "node_error", "line of code\n" * 5000))
    assert len(said) < 2500
    assert said.endswith("vqd retry 20260101-000000-cats\n")

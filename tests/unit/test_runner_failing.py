"""What an attempt failed of, where an error ended it."""

from dataclasses import replace
from errno import ENAMETOOLONG, ENOSPC
from pathlib import Path

import pytest

from tests.builders import A_GRAPH, NOW, a_plan, accept_a_job
from vqd.comfy.faults import Refused, Unreachable
from vqd.domain.errors import DEPOT_AWAY, DEPOT_LACKS, STORE_DISK, STORE_UNREACHABLE, VqdError
from vqd.domain.outcome import FailureCode
from vqd.runner.acceptance import BadOutput
from vqd.runner.assignment import Assignment
from vqd.runner.failing import BELIEVED_AT_ATTEMPT, failure_of
from vqd.runner.inputs import BadInput
from vqd.store.store import Store

FULL = OSError(ENOSPC, "No space left on device", "a.png")


@pytest.fixture
def assignment(store: Store, tmp_path: Path) -> Assignment:
    accept_a_job(store, total=1)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    return Assignment(prompt, "job", a_plan(1), A_GRAPH, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("no", 400), FailureCode.REFUSED),
        (Unreachable("gone"), FailureCode.UNREACHABLE),
        (BadInput("cut off"), FailureCode.INVALID),
        (BadOutput("all black"), FailureCode.BAD_OUTPUT),
        (FULL, FailureCode.DISK_FULL),
        (OSError(ENAMETOOLONG, "File name too long", "a.png"), FailureCode.BAD_OUTPUT),
        (VqdError(STORE_UNREACHABLE, "no queue"), FailureCode.WITHDRAWN),
        (VqdError(STORE_DISK, "no room"), FailureCode.DISK_FULL),
        (VqdError(DEPOT_AWAY, "no depot"), FailureCode.WITHDRAWN),
        (VqdError(DEPOT_LACKS, "no such parcel"), FailureCode.UNAVAILABLE),
        (ZeroDivisionError("a fault"), FailureCode.NODE_ERROR),
    ],
    ids=repr,
)
def test_each_error_is_a_failure_of_its_own_kind(
    assignment: Assignment, error: Exception, code: FailureCode
) -> None:
    assert failure_of(error, assignment).code is code


@pytest.mark.parametrize("error", [BadInput("gone"), BadOutput("gone"), FULL], ids=repr)
def test_what_fails_since_the_folder_of_the_job_is_gone_fails_of_that(
    assignment: Assignment, error: Exception
) -> None:
    folder = assignment.folder / "job"
    failed = failure_of(error, replace(assignment, folder=folder))
    assert failed.code is FailureCode.DISK_FULL
    assert f"{folder} is gone" in failed.message


@pytest.mark.parametrize("error", [BadInput("cut off"), FULL], ids=repr)
def test_what_may_be_so_here_alone_is_left_to_the_daemon_whose_job_it_is(
    assignment: Assignment, error: Exception
) -> None:
    failed = failure_of(error, replace(assignment, is_elsewhere=True))
    assert failed.code is FailureCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "code"),
    [(BadInput("cut off"), FailureCode.INVALID), (FULL, FailureCode.UNAVAILABLE)],
    ids=repr,
)
def test_an_input_that_no_daemon_can_use_fails_at_last(
    assignment: Assignment, error: Exception, code: FailureCode
) -> None:
    tried = replace(assignment.prompt, attempt=BELIEVED_AT_ATTEMPT)
    failed = failure_of(error, replace(assignment, prompt=tried, is_elsewhere=True))
    assert failed.code is code

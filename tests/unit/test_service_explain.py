"""Why a job is not done yet, in sentences."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_plan
from vqd.domain.attempts import AttemptRecord
from vqd.domain.cures import CURES
from vqd.domain.errors import Problem
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts
from vqd.domain.needs import Needs
from vqd.domain.outcome import FailureCode
from vqd.domain.pending import Ahead, Pending, Retried, Routed
from vqd.domain.queue import Failures, Job, Prompt, PromptKey
from vqd.domain.server import ServerRecord
from vqd.domain.times import written
from vqd.service.cures import HOLDS, cure_of_failure, hold_of
from vqd.service.explain import Reason, Stop, explain
from vqd.service.facts import Facts, Group, Tried

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
UP = ServerRecord("gpu0", "http://gpu0", "up", None, "0.4", NOW)
DOWN = ServerRecord("gpu1", "http://gpu1", "down", "not connected yet", None, NOW, NOW - 600)


def a_job(*, failed: int = 0, pending: int = 0, running: int = 0, **changes: Any) -> Job:
    """A job of twelve prompts, of which those that are not said to be otherwise succeeded."""
    counts = Counts(12, pending, running, 12 - pending - running - failed, failed, 0)
    job = Job(
        job_key=1,
        job="J-cats",
        workflow="image-scale",
        state=JobState.RUNNING,
        counts=counts,
        plan=a_plan(12),
        job_file=A_JOB_FILE,
        input_folder="",
        priority=50,
        accepted_at=NOW - 3600,
    )
    return replace(job, **changes)


def a_prompt(number: int, **changes: Any) -> Prompt:
    values: dict[str, Any] = dict.fromkeys(Prompt.__dataclass_fields__)
    values |= {"key": PromptKey(1, number), "outputs": (), "server": "gpu0"}
    return Prompt(**{**values, **changes})


def reasons(job: Job, *stops: Stop, **facts: Any) -> list[Reason]:
    known: dict[str, Any] = {"servers": [UP], "pending": Pending(), **facts}
    if known["pending"].ready:
        known.setdefault("groups", [Group(known["pending"].ready, tuple(known["servers"]))])
    return explain(Facts(job, **known), stops, NOW)


def said(job: Job, *stops: Stop, **facts: Any) -> list[str]:
    return [reason.said for reason in reasons(job, *stops, **facts)]


def test_a_held_job_says_by_what_since_when_and_what_would_change_it() -> None:
    job = a_job(pending=5, hold="suspended: RESUME starts it")
    assert reasons(job, held_at=NOW - 60, pending=Pending(ready=5)) == [
        Reason(
            "suspended",
            "5 prompts wait, because the job is suspended",
            "vqd resume J-cats lets it go on, and so does a file RESUME in its folder.",
            5,
            NOW - 60,
        )
    ]


def test_a_job_that_was_held_from_the_first_is_held_since_it_came() -> None:
    (reason,) = reasons(a_job(pending=1, hold="suspended: RESUME starts it"))
    assert reason.since_at == NOW - 3600
    assert reason.said.startswith("1 prompt waits, ")


@pytest.mark.parametrize(
    ("hold", "told"),
    [
        ("no server has the tag wan", "5 prompts wait: no server has the tag wan"),
        ("waits for the job plates", "5 prompts wait for the job plates"),
        ("waiting: model x on no server", "5 prompts wait: model x on no server"),
    ],
)
def test_a_hold_that_can_be_read_ends_the_sentence(hold: str, told: str) -> None:
    assert said(a_job(pending=5, hold=hold)) == [told]


def test_a_failed_job_whose_prompts_are_forgotten_says_where_it_can_be_read_of_what() -> None:
    job = a_job(failed=3, state=JobState.FAILED, finished_at=NOW, plan=None, is_brief=True)
    failed, brief = reasons(replace(job, reason="3 of 12 prompts failed"))
    assert failed == Reason(
        "failed",
        "It failed: 3 of 12 prompts failed",
        "WHY.txt in its folder says of what. To run what has not succeeded: vqd retry J-cats.",
        3,
        NOW,
    )
    assert brief.code == "brief"
    assert [one.code for one in reasons(replace(job, state=JobState.CANCELLED, reason="x"))] == [
        "cancelled",
        "brief",
    ]


def test_every_reason_that_the_docs_list_has_a_cure_of_its_own() -> None:
    section = OPERATIONS.read_text(encoding="utf-8").split("## Why a job does not start")[1]
    table = section.split("\n\n")[2]
    listed = [
        hold
        for line in table.splitlines()[2:]
        for hold in re.findall(r"`([^`]+)`", line.split("|")[1])
        if not hold.startswith(("paused", "share away"))
    ]
    assert len(listed) >= len({one.code for one in HOLDS}) - 2
    assert [hold for hold in listed if hold_of(hold) not in HOLDS] == []


def test_what_stops_the_whole_queue_comes_first_and_the_turn_is_not_spoken_of() -> None:
    stop = Stop("paused", "PAUSE lies in the spool", "vqd resume takes it away.")
    job = a_job(pending=5)
    assert said(job, stop, pending=Pending(ready=5)) == [
        "5 prompts wait, because PAUSE lies in the spool"
    ]
    held = replace(job, hold="waits until 2026-12-01 22:00")
    assert said(held, stop)[1] == "5 prompts wait until 2026-12-01 22:00"


def test_without_a_server_that_is_up_each_is_told_of() -> None:
    since = written(NOW - 600, None, NOW)
    assert said(a_job(pending=5), servers=[DOWN], pending=Pending(ready=5)) == [
        f"5 prompts wait: no server is up; gpu1 is down since {since} (not connected yet)"
    ]
    assert said(a_job(pending=5), servers=[], pending=Pending(ready=5)) == [
        "5 prompts wait: no server was seen yet"
    ]


def test_prompts_that_other_servers_can_run_are_told_apart() -> None:
    groups = [
        Group(2, (UP, DOWN)),
        Group(3, (DOWN,)),
        Group(4, (), "no server has the model dog.safetensors"),
    ]
    found = reasons(a_job(pending=9), servers=[UP, DOWN], groups=groups)
    assert [(reason.code, reason.prompts) for reason in found] == [
        ("turn", 2),
        ("no_server", 3),
        ("unavailable", 4),
    ]
    assert found[1].said.startswith("3 prompts wait: no server that can run this is up; gpu1 is")
    assert found[2].said == "4 prompts wait: no server has the model dog.safetensors"
    assert found[2].cure.startswith("It starts by itself when a server has that")


def test_a_job_that_only_waits_for_its_turn_says_what_comes_first() -> None:
    job = a_job(pending=1)
    (reason,) = reasons(job, pending=Pending(ready=1), ahead=Ahead(2, 1340))
    assert reason.said == "1 prompt waits: 2 jobs with 1,340 waiting come first"
    assert reason.cure.endswith("vqd priority J-cats 80 lets it overtake.")
    (reason,) = reasons(job, pending=Pending(ready=1))
    assert reason.said == "1 prompt waits for a free place on a server; nothing comes before"


def test_a_job_that_shares_the_servers_says_with_how_many() -> None:
    job, pending = a_job(pending=3), Pending(ready=3)
    (reason,) = reasons(job, pending=pending, ahead=Ahead(0, 0, 2))
    said = "3 prompts wait in turn: 2 jobs of the same priority share the servers with this one"
    assert (reason.code, reason.said) == ("beside", said)
    assert reason.cure.endswith("vqd priority J-cats 80 lets it overtake.")
    (reason,) = reasons(job, pending=pending, ahead=Ahead(1, 7, 2))
    assert reason.said == "3 prompts wait: 1 job with 7 waiting comes first"


def test_each_part_of_what_waits_says_its_own() -> None:
    tries = (AttemptRecord(1, "gpu0", NOW - 50, 3.0, "node_error", "it raised."),)
    pending = Pending(
        ready=2,
        behind_proof=4,
        retried=Retried(7, 3, NOW + 30),
        routed=[Routed(1, Needs(("big",), 40.0))],
        max_parallel=2,
    )
    job = a_job(pending=10, running=2)
    found = reasons(job, pending=pending, retried=tries)
    assert [reason.said for reason in found] == [
        "2 prompts wait: no more than 2 of this job may run at once",
        "4 prompts wait until the proof is made and approved of",
        f"3 prompts wait until {written(NOW + 30, None, NOW)} to be tried again after node_error"
        " on gpu0: it raised",
        "1 prompt waits for a server with the tag big and 40 GB of VRAM that is free",
    ]
    assert (found[2].since_at, found[2].attempts) == (NOW - 47, tries)


def test_what_runs_says_where_and_whether_that_server_is_still_there() -> None:
    running = [a_prompt(1, claimed_at=NOW - 9), a_prompt(2, server="gpu1", claimed_at=NOW - 5)]
    (reason,) = reasons(a_job(running=2), running=running, servers=[UP, DOWN])
    assert reason.said.startswith("2 prompts are on gpu0, gpu1; gpu1 is down since")
    assert reason.since_at == NOW - 9
    stopping = a_job(running=1, pending=1, cancel_requested_at=NOW)
    assert said(stopping, running=running[:1]) == ["1 prompt is on gpu0, and being stopped there"]


def test_failures_are_told_by_their_kind_with_the_attempts_at_the_first() -> None:
    first = a_prompt(7, failure_code="node_error", failure_message="it raised.", ended_at=NOW)
    tries = (AttemptRecord(1, "gpu0", NOW - 50, 3.0, "node_error", "it raised."),)
    job = a_job(failed=5, state=JobState.FAILED, finished_at=NOW)
    found = reasons(job, failed=[Tried(Failures(first, 3), tries)])
    assert [reason.said for reason in found] == [
        "3 prompts failed: node_error: it raised",
        "2 more prompts failed of other things",
    ]
    assert found[0].cure.startswith("Change what it complains of, a value in the job file or")
    assert found[0].cure.endswith("Then vqd retry J-cats runs it again.")
    assert found[0].attempts == tries
    assert said(job, failed=[Tried(Failures(first, 1), tries)])[0].startswith("Prompt 7 failed: ")


@pytest.mark.parametrize("code", [*FailureCode])
def test_every_failure_that_ends_a_prompt_has_a_cure_that_names_the_job(code: FailureCode) -> None:
    assert "vqd retry J-cats" in cure_of_failure(code, "J-cats")
    is_put_back = code in (FailureCode.WITHDRAWN, FailureCode.DISK_FULL)
    assert (code in CURES) is not is_put_back


def test_a_job_that_is_over_says_how_it_ended() -> None:
    assert said(a_job(state=JobState.DONE)) == ["It is done: all 12 prompts succeeded"]
    cancelled = a_job(state=JobState.CANCELLED, reason="cancelled: CANCEL was put there")
    assert said(cancelled) == ["It was cancelled: CANCEL was put there"]


def test_a_job_that_was_refused_tells_its_faults_and_once_what_to_do() -> None:
    problems = tuple(Problem("unknown_key", f"{n} is no key.", "job.yaml", n) for n in range(99))
    found = reasons(a_job(state=JobState.FAILED, problems=problems))
    assert len(found) == 20
    assert found[1].said == "job.yaml:1: 1 is no key"
    assert [bool(reason.cure) for reason in found] == [False] * 19 + [True]


@pytest.mark.parametrize("state", [JobState.ASSEMBLING, JobState.PUBLISHING])
def test_a_job_on_its_way_goes_on_by_itself_unless_something_stops_it(state: JobState) -> None:
    (reason,) = reasons(a_job(state=state))
    assert reason.cure == "It goes on by itself."
    (reason,) = reasons(a_job(state=state), Stop("share_away", "x", "When it is back."))
    assert reason.cure == "When it is back."


def test_a_job_that_was_refused_tells_its_faults_also_while_it_is_laid_out() -> None:
    problems = (Problem("unknown_key", "stpes is no key.", "job.yaml", 3),)
    found = said(a_job(state=JobState.PUBLISHING, problems=problems))
    assert found[1] == "job.yaml:3: stpes is no key"


def test_what_waits_for_a_model_that_its_server_lacks_is_not_said_to_be_tried_so_often() -> None:
    tries = (AttemptRecord(1, "gpu0", NOW - 5, 0.1, "unavailable", "gpu0 refused it."),)
    pending = Pending(retried=Retried(1, 1, NOW + 10))
    (reason,) = reasons(a_job(pending=1), pending=pending, retried=tries)
    assert reason.said.endswith("to be tried again after unavailable on gpu0: gpu0 refused it")
    assert reason.cure.startswith("It is tried again until a server has that;")

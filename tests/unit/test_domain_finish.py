"""When jobs will be done."""

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import NOW
from vqd.domain.finish import Finish, OnServer, Outlook, Pace
from vqd.domain.lifecycle import JobState
from vqd.domain.line import InLine
from vqd.domain.listing import Counts, ListedJob
from vqd.domain.needs import Needs
from vqd.domain.server import ServerRecord

EVEN = {"image-scale": Pace(10.0, 0.0, 1000)}
"""A workflow of which every prompt takes ten seconds."""


def servers(number: int, **changes: Any) -> list[ServerRecord]:
    made = [ServerRecord(f"gpu{n}", "http://gpu", "up", None, "0.4", NOW) for n in range(number)]
    return [replace(one, **changes) for one in made]


def a_job(pending: int, running: int = 0, **changes: Any) -> ListedJob:
    counts = Counts(pending + running, pending, running, 0, 0, 0)
    facts: dict[str, Any] = {
        "job_key": 9,
        "job": "J",
        "workflow": "image-scale",
        "state": JobState.RUNNING,
        "counts": counts,
        "priority": 50,
        "accepted_at": NOW,
    }
    return ListedJob(**{**facts, **changes})


def given(job_key: int, server: str, ago_s: float = 0.0) -> OnServer:
    return OnServer(server, job_key, "image-scale", NOW - ago_s)


def finish(job: ListedJob, **facts: Any) -> Finish | None:
    known: dict[str, Any] = {
        "paces": EVEN,
        "line": [],
        "given": [],
        "servers": servers(1),
        "ended_at": {},
        "now": NOW,
    }
    return Outlook(**{**known, **facts}).finish(job)


def left_s(job: ListedJob, **facts: Any) -> float:
    """How long the job is expected to take still."""
    told = finish(job, **facts)
    assert told is not None
    assert NOW <= told.early_at <= told.expected_at <= told.late_at
    return round(told.expected_at - NOW, 3)


@pytest.mark.parametrize(
    ("prompts", "on", "takes_s"), [(1, 1, 10), (7, 1, 70), (1, 8, 10), (9, 4, 30), (4000, 4, 10000)]
)
def test_servers_work_at_once_each_on_one_prompt(prompts: int, on: int, takes_s: int) -> None:
    assert left_s(a_job(prompts), servers=servers(on)) == takes_s


def test_what_a_server_was_given_ends_first_and_only_the_first_of_it_has_begun() -> None:
    on = [given(1, "gpu0", 4), given(2, "gpu0", 3)]
    assert left_s(a_job(1), given=on) == 6 + 10 + 10


def test_a_prompt_that_waited_on_its_server_began_when_the_one_before_ended() -> None:
    on = [given(9, "gpu0", 100)]
    assert left_s(a_job(0, 1), given=on, ended_at={"gpu0": NOW - 2}) == 8


def test_one_that_takes_longer_than_usual_is_given_a_little_more() -> None:
    assert left_s(a_job(0, 1), given=[given(9, "gpu0", 40)]) == 4


def test_a_job_is_done_when_the_last_of_what_runs_is() -> None:
    on = [given(9, "gpu0"), given(1, "gpu1", 9), given(9, "gpu1", 8)]
    assert left_s(a_job(0, 2), given=on, servers=servers(2)) == 11


def test_what_comes_before_is_shared_by_the_servers_and_what_comes_after_is_not_counted() -> None:
    paces = {**EVEN, "wan": Pace(60.0, 0.0, 1000)}
    line = [
        InLine(1, 50, "wan", 2),
        InLine(2, 50, "never-measured", 2),
        InLine(9, 50, "image-scale", 2),
        InLine(10, 50, "wan", 100),
        InLine(11, 60, "wan", 1),
        InLine(3, 40, "wan", 100),
    ]
    before_s = (2 * 60 + 2 * 10 + 60) / 2
    told = left_s(a_job(2), paces=paces, line=line, servers=servers(2))
    assert told == before_s + 10


def test_jobs_that_share_the_servers_make_as_many_as_the_job_does_or_all_they_have() -> None:
    paces = {**EVEN, "wan": Pace(60.0, 0.0, 1000)}
    line = [
        InLine(1, 50, "wan", 100_000),
        InLine(2, 50, "image-scale", 2),
        InLine(9, 50, "image-scale", 3),
        InLine(10, 50, "never-measured", 500),
        InLine(11, 60, "wan", 7),
        InLine(3, 40, "wan", 100),
    ]
    facts: dict[str, Any] = {"paces": paces, "line": line, "servers": servers(2), "is_fair": True}
    beside_s = 3 * 60 + 2 * 10 + 3 * 10
    assert left_s(a_job(3), **facts) == (7 * 60 + beside_s) / 2 + 20
    fewer = (7 * 60 + 2 * 60 + 2 * 10 + 2 * 10) / 2 + 10
    assert left_s(a_job(2), **facts) == fewer  # one of its own was claimed since the queue was read
    assert left_s(a_job(0, 1), given=[given(9, "gpu0")], **facts) == 10
    alone = [InLine(9, 50, "image-scale", 3)]
    assert left_s(a_job(3), **{**facts, "line": alone}) == 20


def test_only_servers_that_are_up_and_fit_count_and_no_more_than_may_run_at_once() -> None:
    job = a_job(4, needs=Needs.of(["wan"], None))
    some = [*servers(2, tags=("wan",)), *(replace(one, server="x") for one in servers(1))]
    assert left_s(job, servers=some) == 20
    down = [*servers(1, tags=("wan",)), *servers(9, state="down", tags=("wan",))[1:]]
    assert left_s(job, servers=down) == 40
    few = a_job(4, max_parallel=1)
    assert left_s(few, servers=servers(4)) == 40


@pytest.mark.parametrize(
    ("job", "facts"),
    [
        (a_job(4), {"paces": {}}),
        (a_job(4), {"servers": servers(2, state="down")}),
        (a_job(4), {"servers": []}),
        (a_job(4, hold="suspended"), {}),
        (a_job(0), {}),
        (a_job(4, cancel_requested_at=NOW), {}),
    ],
)
def test_what_cannot_be_told_is_not_guessed(job: ListedJob, facts: dict[str, Any]) -> None:
    assert finish(job, **facts) is None


def test_what_no_calendar_tells_is_not_told() -> None:
    ages = {"image-scale": Pace(8e10, 0.0, 1000)}
    assert finish(a_job(2), paces=ages) is not None
    assert finish(a_job(4), paces=ages) is None


def test_what_runs_of_a_held_job_ends_all_the_same() -> None:
    assert left_s(a_job(0, 1, hold="suspended"), given=[given(9, "gpu0")]) == 10


def test_the_span_is_wide_after_one_measured_prompt_and_narrow_after_many() -> None:
    def width_s(pace: Pace, prompts: int) -> float:
        told = finish(a_job(prompts), paces={"image-scale": pace})
        assert told is not None
        return told.late_at - told.expected_at

    first, many = width_s(Pace(10.0, 0.0, 1), 4), width_s(Pace(10.0, 0.0, 20), 4)
    assert many < 6 < 20 < first
    assert width_s(Pace(10.0, 9.0, 20), 4) > many
    assert width_s(Pace(10.0, 9.0, 20), 400) < 50 * width_s(Pace(10.0, 9.0, 20), 4)


def test_a_workflow_that_takes_no_time_is_done_now() -> None:
    assert left_s(a_job(4), paces={"image-scale": Pace(0.0)}) == 0


def test_a_server_that_lacks_what_every_prompt_requires_does_not_count() -> None:
    outlook = Outlook(EVEN, [], [], servers(2), {}, NOW)
    told = outlook.finish(a_job(4), {"gpu1"})
    assert told is not None
    assert told.expected_at == NOW + 40
    assert outlook.finish(a_job(4), {"gpu0", "gpu1"}) is None

import errno
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, write
from tests.waiting import wait_for
from vqd.domain.lifecycle import JobState
from vqd.domain.outcome import Failed, FailureCode
from vqd.service.control import Answer, Control
from vqd.spool.layout import Spool
from vqd.spool.requests import is_steering
from vqd.store.store import Store
from vqd.watchers.seeing import Seeing
from vqd.watchers.steering import ANSWER_AGAIN_S, Steering


@pytest.fixture
def seeing() -> Iterator[Seeing]:
    with closing(Seeing("auto", type_of=lambda _: "ext4")) as made:
        yield made


@pytest.fixture
def steering(spool: Spool, store: Store, seeing: Seeing) -> Steering:
    return Steering(spool, Control(store, on_change=lambda: None), seeing, clock=lambda: NOW)


def put_last(path: Path) -> None:
    """Put a file there, later than all that is there by the clock of their file system."""

    def is_last() -> bool:
        write(path, "")
        others = [other.stat().st_ctime_ns for other in path.parent.iterdir() if other != path]
        return path.stat().st_ctime_ns > max(others, default=0)

    wait_for(is_last, within_s=30)


def is_suspended(store: Store, job_key: int) -> bool:
    with store.reading() as session:
        return session.schedules.standing(job_key).is_suspended


def answers(spool: Spool) -> list[str]:
    return sorted(path.name for path in (spool.active / "J").iterdir())


@pytest.mark.parametrize("name", ["CANCEL", "cancel", "Cancel.txt", "CANCEL.TXT"])
def test_cancel_stops_what_waits_and_is_answered_in_its_name(
    spool: Spool, store: Store, steering: Steering, name: str
) -> None:
    job_key = accept_a_job(store, "J", total=3)
    write(spool.active / "J" / name, "")
    steering.scan(whole=True)
    assert answers(spool) == ["CANCEL.done-141320"]
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert job.counts.cancelled == 3
    assert job.reason == "cancelled: CANCEL was put there"


def test_a_second_cancel_is_refused_with_the_reason(
    spool: Spool, store: Store, steering: Steering
) -> None:
    job_key = accept_a_job(store, "J", total=3)
    store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    for _ in range(2):
        write(spool.active / "J" / "CANCEL", "")
        steering.scan(whole=True)
    assert answers(spool) == ["CANCEL.done-141320", "CANCEL.refused-cancelled already"]
    with store.reading() as session:
        assert session.jobs.get(job_key).counts.running == 1


@pytest.mark.parametrize(
    ("wishes", "held"), [(["PAUSE", "RESUME"], False), (["RESUME", "PAUSE"], True)]
)
def test_what_was_asked_for_last_is_what_holds(
    spool: Spool, store: Store, steering: Steering, wishes: list[str], held: bool
) -> None:
    job_key = accept_a_job(store, "J", total=3)
    for verb in wishes:
        put_last(spool.active / "J" / verb)
    steering.scan(whole=True)
    assert is_suspended(store, job_key) is held


def test_a_request_that_is_put_there_anew_while_others_are_answered_is_answered_last(
    spool: Spool, store: Store, seeing: Seeing
) -> None:
    job_key = accept_a_job(store, "J", total=3)
    folder = spool.active / "J"
    told: list[str] = []

    class PutAgain(Control):
        """Somebody changes his mind while his first wish is carried out."""

        def suspend(self, job: str, *, now: float) -> Answer:
            if not told:
                put_last(folder / "RESUME")
            told.append("PAUSE")
            return super().suspend(job, now=now)

        def resume(self, job: str, *, now: float) -> Answer:
            told.append("RESUME")
            return super().resume(job, now=now)

        def retry(self, job: str, *, now: float) -> Answer:
            told.append("RETRY")
            return super().retry(job, now=now)

    for name in ["PAUSE", "RESUME", "RETRY"]:
        put_last(folder / name)
    steering = Steering(spool, PutAgain(store, on_change=lambda: None), seeing, clock=lambda: NOW)
    while steering.scan(whole=not told) is not None:
        assert len(told) < 9
    assert told == ["PAUSE", "RETRY", "RESUME"]
    assert not is_suspended(store, job_key)


def test_what_a_file_asks_for_is_done_once_though_the_daemon_dies_before_it_is_answered(
    spool: Spool, store: Store, steering: Steering, seeing: Seeing
) -> None:
    """Else the approval of a quote would be that of the proof, too."""

    class Killed(Control):
        def approve(self, job: str, *, now: float) -> Answer:
            super().approve(job, now=now)
            raise SystemExit

    planned = a_planned_job(3, has_proof=True)
    store.accept("J", planned, A_JOB_FILE, input_folder="", now=NOW, quote="quoted: 3 prompts")
    write(spool.active / "J" / "APPROVE", "")
    killed = Killed(store, on_change=lambda: None)
    with pytest.raises(SystemExit):
        Steering(spool, killed, seeing).scan(whole=True)
    steering.scan(whole=True)
    assert answers(spool) == ["APPROVE.done-141320"]
    with store.reading() as session:
        job = session.jobs.find("J")
        assert job is not None
        events = [event.kind for _, event in session.events.of_job(job.job_key)]
    assert events.count("job.approved") == events.count("job.steered") == 1


def test_retry_runs_failed_prompts_again(spool: Spool, store: Store, steering: Steering) -> None:
    job_key = accept_a_job(store, "J", total=2)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    lost = Failed(FailureCode.INVALID, "no picture")
    store.write(lambda session: session.prompts.fail(prompt.key, lost, now=NOW))
    write(spool.active / "J" / "RETRY", "")
    steering.scan(whole=True)
    assert answers(spool) == ["RETRY.done-141320"]
    with store.reading() as session:
        assert session.jobs.get(job_key).counts.pending == 2
        kinds = [event.kind for _, event in session.events.of_job(job_key)]
    assert kinds[-2:] == ["prompts.retried", "job.steered"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("resume.txt", "RESUME.refused-it is not suspended"),
        ("Approve", "APPROVE.refused-it waits for no approval"),
        ("PRIORITY", "PRIORITY.refused-name a priority from 0 to 100, as in PRIORITY 80"),
        ("priority 101.txt", "PRIORITY.refused-name a priority from 0 to 100, as in PRIORITY 80"),
        ("RETRY", "RETRY.refused-no prompt of it has failed"),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused_in_its_name(
    spool: Spool, store: Store, steering: Steering, name: str, answer: str
) -> None:
    job_key = accept_a_job(store, "J")
    write(spool.active / "J" / name, "")
    write(spool.active / "J" / "Priority 1.png", "")
    steering.scan(whole=True)
    assert set(answers(spool)) == {answer, "Priority 1.png"}
    with store.reading() as session:
        assert session.jobs.get(job_key).priority == 50


@pytest.mark.parametrize("name", ["PRIORITY 80", "priority 80.txt", "Priority 080"])
def test_a_priority_is_named_in_the_request(
    spool: Spool, store: Store, steering: Steering, name: str
) -> None:
    job_key = accept_a_job(store, "J")
    write(spool.active / "J" / name, "")
    steering.scan(whole=True)
    assert answers(spool) == ["PRIORITY.done-141320"]
    with store.reading() as session:
        assert session.jobs.get(job_key).priority == 80


def test_each_request_of_one_second_has_an_answer_of_its_own(
    spool: Spool, store: Store, steering: Steering
) -> None:
    job_key = accept_a_job(store, "J")
    for priority in (5, 90, 9):
        write(spool.active / "J" / f"PRIORITY {priority}", str(priority))
        steering.scan(whole=True)
    told = {name: (spool.active / "J" / name).read_text("utf-8") for name in answers(spool)}
    assert told == {
        "PRIORITY.done-141320": "5",
        "PRIORITY.done-141320-2": "90",
        "PRIORITY.done-141320-3": "9",
    }
    assert all(map(is_steering, told))
    with store.reading() as session:
        assert session.jobs.get(job_key).priority == 9


def test_approve_starts_a_quoted_job_once(spool: Spool, store: Store, steering: Steering) -> None:
    quote = "quoted: 2 prompts, time unknown; APPROVE starts it"
    store.accept("J", a_planned_job(2), A_JOB_FILE, input_folder="", now=NOW, quote=quote)
    for name in ["PAUSE", "Approve.txt", "APPROVE"]:
        write(spool.active / "J" / name, "")
        steering.scan(whole=True)
    assert answers(spool) == [
        "APPROVE.done-141320",
        "APPROVE.refused-it waits for no approval",
        "PAUSE.refused-it is quoted and waits for APPROVE",
    ]
    with store.reading() as session:
        found = session.jobs.find("J")
    assert found is not None
    assert found.state is JobState.QUEUED


def test_approve_lets_the_rest_of_a_proved_job_run_unless_it_was_cancelled(
    spool: Spool, store: Store, steering: Steering
) -> None:
    accept_a_job(store, "J", has_proof=True)
    cancelled = accept_a_job(store, "C", total=2)
    store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    store.write(lambda session: session.cancel(cancelled, now=NOW, why="x"))
    for job in ("J", "C"):
        write(spool.active / job / "APPROVE", "")
    steering.scan(whole=True)
    assert answers(spool) == ["APPROVE.done-141320"]
    (refused,) = (spool.active / "C").iterdir()
    assert refused.name == "APPROVE.refused-cancelled already"


def test_pause_holds_a_job_until_resume(spool: Spool, store: Store, steering: Steering) -> None:
    job_key = accept_a_job(store, "J")
    seen = []
    for name in ["Pause.txt", "PAUSE", "Resume"]:
        write(spool.active / "J" / name, "")
        steering.scan(whole=True)
        with store.reading() as session:
            seen.append(session.schedules.standing(job_key).is_suspended)
    assert seen == [True, True, False]
    assert answers(spool) == [
        "PAUSE.done-141320",
        "PAUSE.refused-suspended already",
        "RESUME.done-141320",
    ]


def test_a_cancelled_job_is_not_suspended(spool: Spool, store: Store, steering: Steering) -> None:
    job_key = accept_a_job(store, "J", total=3)
    store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    write(spool.active / "J" / "PAUSE", "")
    steering.scan(whole=True)
    assert answers(spool) == ["PAUSE.refused-cancelled already"]


def test_a_request_that_cannot_be_renamed_is_carried_out_once_all_the_same(
    spool: Spool, store: Store, steering: Steering
) -> None:
    accept_a_job(store, "J", total=3)
    request = write(spool.active / "J" / "CANCEL", "")
    in_the_way = spool.active / "J" / "CANCEL.done-141320"
    in_the_way.mkdir()
    for _ in range(3):
        steering.scan(whole=True)
    assert request.exists()
    in_the_way.rmdir()
    steering.scan(whole=True)
    assert answers(spool) == ["CANCEL.done-141320"]


def test_other_files_and_links_are_left_alone(
    spool: Spool, store: Store, steering: Steering
) -> None:
    accept_a_job(store, "J")
    folder = spool.active / "J"
    write(folder / "sub" / "CANCEL", "")
    write(folder / "CANCELLED.png", "")
    write(folder / "pause 1.txt", "a caption")
    (folder / "CANCEL").symlink_to(folder / "CANCELLED.png")
    steering.scan(whole=True)
    assert answers(spool) == ["CANCEL", "CANCELLED.png", "pause 1.txt", "sub"]


def test_only_what_was_hinted_at_is_looked_into_between_rescans(
    spool: Spool, store: Store, steering: Steering
) -> None:
    for job in ("J", "K"):
        accept_a_job(store, job, total=3)
        write(spool.active / job / "PAUSE", "")
    assert steering.hint(spool.active / "J" / "PAUSE")
    assert steering.scan(whole=False) is None
    assert answers(spool) == ["PAUSE.done-141320"]
    assert (spool.active / "K" / "PAUSE").exists()


class Sought(Spool):
    """A spool that remembers which jobs were looked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.jobs: list[str] = []

    def find(self, job: str) -> Path | None:
        self.jobs.append(job)
        return super().find(job)


@pytest.mark.parametrize(
    ("kind", "later_s", "again"),
    [("ext4", 60, []), ("ext4", 0, ["J"]), ("nfs4", 60, ["J"]), ("vfat", 60, ["J"])],
)
def test_a_folder_that_has_not_changed_for_a_while_is_looked_into_once_where_its_time_tells(
    spool: Spool, store: Store, kind: str, later_s: float, again: list[str]
) -> None:
    accept_a_job(store, "J", total=3)
    folder = spool.active / "J"
    folder.mkdir()
    sought, control = Sought(spool.root), Control(store, on_change=lambda: None)
    at = folder.stat().st_ctime + later_s
    with closing(Seeing("auto", type_of=lambda _: kind)) as seeing:
        steering = Steering(sought, control, seeing, clock=lambda: at)
        for expected in (["J"], again):
            sought.jobs.clear()
            steering.scan(whole=True)
            assert sought.jobs == expected
        put_last(folder / "PAUSE")
        steering.scan(whole=True)
    assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["PAUSE.done"]


def test_what_was_not_looked_into_for_a_fault_is_the_next_time(
    spool: Spool, store: Store, seeing: Seeing
) -> None:
    class Broken(Sought):
        """A share that fails once."""

        def find(self, job: str) -> Path | None:
            if not self.jobs:
                self.jobs.append(job)
                raise OSError(errno.EIO, "broken")
            return super().find(job)

    for job in ("J", "K"):
        accept_a_job(store, job, total=3)
        write(spool.active / job / "PAUSE", "")
    at = (spool.active / "K").stat().st_ctime + 60
    control = Control(store, on_change=lambda: None)
    steering = Steering(Broken(spool.root), control, seeing, clock=lambda: at)
    with pytest.raises(OSError, match="broken"):
        steering.scan(whole=True)
    steering.scan(whole=True)
    assert not [*spool.active.glob("*/PAUSE")]


def test_files_that_ask_for_nothing_are_no_reason_to_look(spool: Spool, steering: Steering) -> None:
    assert not steering.hint(spool.active)
    assert not steering.hint(spool.active / "J" / "STATUS.yaml")
    assert not steering.hint(spool.active / "J" / "CANCEL.done-141320")
    assert not steering.hint(spool.active / ".J.claim")
    assert not steering.hint(spool.active / ".J.part" / "CANCEL")
    assert steering.hint(spool.active / "J")
    assert steering.hint(spool.active / "J" / "priority 7.txt")


@pytest.mark.parametrize("is_hinted", [True, False])
def test_a_request_of_a_job_that_was_over_first_is_answered_where_the_job_went(
    spool: Spool, store: Store, steering: Steering, *, is_hinted: bool
) -> None:
    job_key = accept_a_job(store, "J")
    (spool.active / "J").mkdir()
    steering.scan(whole=True)
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    write(spool.active / "J" / "CANCEL", "")
    if is_hinted:
        steering.hint(spool.active / "J" / "CANCEL")
    (spool.active / "J").rename(spool.failed / "J")
    steering.scan(whole=not is_hinted)
    (answer,) = (spool.failed / "J").iterdir()
    assert answer.name == "CANCEL.refused-over already (publishing)"


def test_an_answer_that_finds_its_request_gone_is_forgotten(
    spool: Spool, store: Store, steering: Steering
) -> None:
    accept_a_job(store, "J", total=3)
    request = write(spool.active / "J" / "CANCEL", "")
    in_the_way = spool.active / "J" / "CANCEL.done-141320"
    in_the_way.mkdir()
    assert steering.scan(whole=True) == 1.0
    request.unlink()
    assert steering.scan(whole=False) is None


@pytest.mark.parametrize(
    ("place", "name", "answer"),
    [
        ("done", "CANCEL", "CANCEL.refused-over already (cancelled)"),
        ("failed", "pause.txt", "PAUSE.refused-over already (cancelled)"),
        (
            "failed",
            "RETRY",
            "RETRY.refused-over already (cancelled), move this folder into the inbox",
        ),
    ],
)
def test_what_is_asked_of_a_job_that_is_over_is_refused_where_it_lies(
    spool: Spool, store: Store, steering: Steering, place: str, name: str, answer: str
) -> None:
    job_key = accept_a_job(store, "J")
    store.write(lambda session: session.cancel(job_key, now=NOW, why="x"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW))
    folder = spool.root / place / "J"
    write(folder / "job.yaml", "")
    steering.scan(whole=True)
    write(folder / name, "")
    steering.scan(whole=False)
    assert (folder / name).exists()
    steering.scan(whole=True)
    assert sorted(path.name for path in folder.iterdir()) == [answer, "job.yaml"]


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_request_of_a_job_that_is_taken_in_anew_waits_until_it_is_accepted(
    spool: Spool, store: Store, steering: Steering, *, is_begun: bool
) -> None:
    job_key = accept_a_job(store, "J")
    store.write(lambda session: session.cancel(job_key, now=NOW, why="x"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW))
    if is_begun:
        store.forget_prompts("J")
    write(spool.active / "J" / "CANCEL", "")

    assert steering.scan(whole=True) == ANSWER_AGAIN_S
    assert answers(spool) == ["CANCEL"]

    accept_a_job(store, "J", total=3)
    assert steering.scan(whole=False) is None
    assert answers(spool) == ["CANCEL.done-141320"]

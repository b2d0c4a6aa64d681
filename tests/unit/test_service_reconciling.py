"""The folders decide: a queue that knows less is brought to what they tell before anything runs."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import A_GRAPH, NOW, accept_a_job, job_of, write
from vqd.domain.errors import Problem
from vqd.domain.lifecycle import JobState, PromptState
from vqd.domain.listing import Counts, JobFilter
from vqd.domain.outcome import Failed, FailureCode, OutputFile, Succeeded
from vqd.domain.queue import Job, JobFile, Prompt, PromptKey
from vqd.service.reconciling import Reconciled, Reconciling
from vqd.spool.failures import write_failures
from vqd.spool.layout import Spool
from vqd.spool.manifest import add_lines, lines_of
from vqd.spool.status import write_status
from vqd.store.store import Store

BEACH = "20260101-000000-beach"
NOTHING = Reconciled(0, 0, 0)
A_JOB = Job(
    job_key=0,
    job=BEACH,
    workflow="image-scale",
    state=JobState.DONE,
    counts=Counts(2, 0, 0, 2, 0, 0),
    plan=None,
    job_file=JobFile("job.yaml", ""),
    input_folder="",
    priority=50,
    accepted_at=NOW,
    started_at=NOW + 1,
    finished_at=NOW + 60,
)


def closed(spool: Spool, job: str = BEACH, **told: object) -> Path:
    """A folder that was laid out, as its STATUS.yaml tells."""
    one = replace(A_JOB, job=job, **told)  # type: ignore[arg-type]
    folder = (spool.done if one.state is JobState.DONE else spool.failed) / job
    folder.mkdir()
    write(folder / "job.yaml", "vqd: 1\nworkflow: image-scale\nlabels: {client: acme}\n")
    write_status(folder, one, now=NOW + 60, durable=True)
    return folder


def reconciled(spool: Spool, store: Store) -> Reconciled:
    return Reconciling(spool, store).carry_out(now=NOW + 100)


def known(store: Store) -> list[Job]:
    with store.reading() as session:
        found = [session.jobs.find(job) for job in sorted(session.adopted.states())]
    return [job for job in found if job is not None]


def test_a_job_that_is_unknown_is_listed_as_its_folder_tells(spool: Spool, store: Store) -> None:
    closed(spool)
    problem = Problem("unknown_key", "there is no key `stepps`.", "job.yaml", 3, key="stepps")
    closed(
        spool,
        "20260102-000000-bad",
        state=JobState.FAILED,
        counts=Counts(3, 0, 0, 1, 2, 0, kept=1),
        reason="two prompts failed",
        problems=(problem,),
    )
    assert reconciled(spool, store) == Reconciled(adopted=2, ended=0, anew=0)
    good, bad = known(store)
    assert (good.job, good.state, good.counts) == (BEACH, JobState.DONE, A_JOB.counts)
    assert (good.accepted_at, good.started_at, good.finished_at) == (NOW, NOW + 1, NOW + 60)
    assert good.job_file.name == "job.yaml"
    assert good.is_brief
    assert (bad.state, bad.reason, bad.problems) == (
        JobState.FAILED,
        "two prompts failed",
        (problem,),
    )
    assert bad.counts.kept == 1
    assert reconciled(spool, store) == NOTHING


def test_the_oldest_are_listed_first_wherever_they_lie(spool: Spool, store: Store) -> None:
    ends = [
        (JobState.DONE, Counts(1, 0, 0, 1, 0, 0)),
        (JobState.FAILED, Counts(1, 0, 0, 0, 1, 0)),
        (JobState.DONE, Counts(1, 0, 0, 1, 0, 0)),
        (JobState.CANCELLED, Counts(1, 0, 0, 0, 0, 1)),
    ]
    for day, (state, counts) in enumerate(ends, 1):
        closed(spool, f"2026010{day}-000000-a", state=state, counts=counts)
    reconciled(spool, store)
    assert [job.job_key for job in known(store)] == [1, 2, 3, 4]


def test_what_is_no_folder_of_its_own_job_is_left_alone(spool: Spool, store: Store) -> None:
    closed(spool).rename(spool.done / "renamed")
    (spool.done / "20260101-000000-mine").mkdir()
    write(spool.done / "20260101-000000-notes" / "STATUS.yaml", "job: [")
    write(spool.failed / "a file", "")
    for job, counts in (
        ("20260103-000000-a", Counts(2, 0, 0, 1, 0, 0)),
        ("20260103-000000-b", Counts(2, 1, 0, 1, 0, 0)),
        ("20260103-000000-c", Counts(1, 0, 0, 1, 0, 0, kept=2)),
        ("20260103-000000-d", Counts(0, 0, 0, 1, -1, 0)),
    ):
        closed(spool, job, counts=counts)
    closed(spool, "20260104-000000-a", state=JobState.RUNNING)
    assert reconciled(spool, store) == NOTHING
    assert known(store) == []


def test_a_folder_that_was_renamed_is_known_by_its_first_line(spool: Spool, store: Store) -> None:
    renamed = closed(spool).rename(spool.done / "20260101-000000-final")
    with (renamed / "STATUS.yaml").open("a") as status:
        status.write(f"job: {renamed.name}\n")  # which nobody reads so far
    assert reconciled(spool, store) == NOTHING


def test_a_job_whose_folder_tells_what_no_queue_can_hold_is_not_let_go_of(
    spool: Spool, store: Store
) -> None:
    job_key = accept_a_job(store, BEACH)
    closed(spool, counts=Counts(10**30, 0, 0, 10**30, 0, 0))
    assert reconciled(spool, store) == NOTHING
    assert job_of(store, job_key).state is JobState.QUEUED


@pytest.mark.parametrize("at", ["0001-01-01T00:00:01Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("key", ["accepted_at", "started_at", "finished_at"])
def test_a_job_of_a_time_that_some_zone_cannot_tell_is_left_alone(
    spool: Spool, store: Store, key: str, at: str
) -> None:
    status = closed(spool) / "STATUS.yaml"
    status.write_text(re.sub(f"^{key}: .*", f"{key}: '{at}'", status.read_text(), flags=re.M))
    assert reconciled(spool, store) == NOTHING


@pytest.mark.parametrize("ending", ["1", "1.5"])
def test_a_number_that_yaml_would_count_up_for_hours_is_none(
    spool: Spool, store: Store, ending: str
) -> None:
    status = closed(spool) / "STATUS.yaml"
    told = status.read_text().replace("total: 2", f"total: {'1:' * 2_000_000}{ending}")
    status.write_text(told)
    assert reconciled(spool, store) == NOTHING


@pytest.mark.parametrize("began", [True, False])
def test_a_job_that_ended_since_is_closed_and_nothing_of_it_runs(
    spool: Spool, store: Store, *, began: bool
) -> None:
    job_key = accept_a_job(store, BEACH)
    if began:
        store.write(lambda session: session.prompts.claim("gpu0", "p-1", now=NOW))
    closed(spool)
    assert reconciled(spool, store) == Reconciled(adopted=0, ended=1, anew=0)
    job = job_of(store, job_key)
    assert (job.state, job.counts, job.finished_at) == (JobState.DONE, A_JOB.counts, NOW + 60)
    with store.reading() as session:
        assert session.prompts.running() == []
        assert session.prompts.next("gpu0", now=NOW + 200) is None
        assert session.servers.strays() == ([("gpu0", "p-1")] if began else [])
    assert reconciled(spool, store) == NOTHING


def test_a_job_that_failed_by_the_queue_and_is_done_by_its_folder_is_done(
    spool: Spool, store: Store
) -> None:
    closed(spool, state=JobState.FAILED, counts=Counts(2, 0, 0, 1, 1, 0))
    reconciled(spool, store)
    (spool.failed / BEACH).rename(spool.done / BEACH)
    assert reconciled(spool, store) == NOTHING  # moved by hand: it tells the same
    write_status(spool.done / BEACH, A_JOB, now=NOW, durable=True)
    assert reconciled(spool, store) == Reconciled(adopted=0, ended=1, anew=0)
    assert [(job.state, job.counts) for job in known(store)] == [(JobState.DONE, A_JOB.counts)]


def test_a_job_that_is_being_closed_is_left_to_that(spool: Spool, store: Store) -> None:
    job_key = accept_a_job(store, BEACH, total=1)
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    closed(spool)
    assert reconciled(spool, store) == NOTHING
    assert job_of(store, job_key).state is JobState.PUBLISHING


def test_a_copy_of_an_active_jobs_folder_in_done_closes_nothing(spool: Spool, store: Store) -> None:
    job_key = accept_a_job(store, BEACH)
    (spool.active / BEACH).mkdir()
    closed(spool)
    assert reconciled(spool, store) == NOTHING
    assert job_of(store, job_key).state is JobState.QUEUED


@pytest.fixture
def running(spool: Spool, store: Store) -> int:
    """A job in active/ of whose three prompts one is made and one runs."""
    job_key = accept_a_job(store, BEACH, total=3)
    (spool.active / BEACH).mkdir()
    make(spool, store, job_key)
    store.write(lambda session: session.prompts.claim("gpu0", "p-2", now=NOW))
    return job_key


def make(spool: Spool, store: Store, job_key: int, *, number: int = 1, told: bool = True) -> None:
    """Make a prompt as an attempt does: its output and its line, and if `told` its commit."""
    folder = spool.active / BEACH
    output = OutputFile("image", f"outputs/a_{number}.png", "image", "f" * 64, 3, 8, 8)
    write(folder / output.path, "png")
    with store.reading() as session:
        job, prompt = session.jobs.get(job_key), session.prompts.get(PromptKey(job_key, number))
    assert job.plan is not None
    made = replace(prompt, server="gpu0", attempt=1, claimed_at=NOW, seconds=1.0, outputs=(output,))
    add_lines(folder, lines_of(made, job.plan, "0" * 64, None))
    if told:
        store.write(lambda session: session.prompts.claim("gpu0", f"p-{number}", now=NOW))
        outcome = Succeeded((output,), 1.0, {})
        store.write(lambda session: session.prompts.succeed(prompt.key, outcome, now=NOW))


def prompts_of(store: Store, job_key: int) -> list[Prompt]:
    with store.reading() as session:
        return list(session.prompts.of_job(job_key))


def test_a_queue_that_knows_as_much_as_the_folder_is_left_alone(
    spool: Spool, store: Store, running: int
) -> None:
    assert reconciled(spool, store) == NOTHING
    states = [prompt.state for prompt in prompts_of(store, running)]
    assert states == [PromptState.SUCCEEDED, PromptState.RUNNING, PromptState.PENDING]


def test_what_a_running_prompt_made_before_a_crash_is_no_news(
    spool: Spool, store: Store, running: int
) -> None:
    make(spool, store, running, number=2, told=False)
    assert reconciled(spool, store) == NOTHING


def test_a_line_whose_output_is_gone_is_no_news(spool: Spool, store: Store, running: int) -> None:
    make(spool, store, running, number=3, told=False)
    (spool.active / BEACH / "outputs" / "a_3.png").unlink()
    assert reconciled(spool, store) == NOTHING


def test_a_folder_that_tells_of_more_is_taken_in_anew(
    spool: Spool, store: Store, running: int
) -> None:
    make(spool, store, running, number=3, told=False)
    assert reconciled(spool, store) == Reconciled(adopted=0, ended=0, anew=1)
    assert job_of(store, running).state is JobState.ASSEMBLING
    assert prompts_of(store, running) == []
    with store.reading() as session:
        assert session.servers.strays() == [("gpu0", "p-2")]


@pytest.fixture
def begun(spool: Spool, store: Store) -> int:
    """A job that was being accepted when the daemon ended; its key. Its folder is in active/."""
    job_key = accept_a_job(store, BEACH)
    (spool.active / BEACH).mkdir()
    store.disown(BEACH, now=NOW)
    return job_key


def test_a_job_that_was_being_accepted_goes_on_where_its_folder_is(
    spool: Spool, store: Store, begun: int
) -> None:
    reconciled(spool, store)
    assert job_of(store, begun).state is JobState.ASSEMBLING


def test_a_job_that_was_being_accepted_and_whose_folder_was_deleted_is_over(
    spool: Spool, store: Store, begun: int
) -> None:
    (spool.active / BEACH).rmdir()
    with capture_logs() as log:
        reconciled(spool, store)
    assert [line["job"] for line in log if line["event"] == "job.gone"] == [BEACH]
    job = job_of(store, begun)
    assert (job.state, job.reason) == (JobState.CANCELLED, "cancelled: its folder was deleted")
    assert reconciled(spool, store) == NOTHING


def test_a_share_that_is_away_ends_no_job_that_was_being_accepted(
    spool: Spool, store: Store, begun: int
) -> None:
    (spool.active / BEACH).rmdir()
    spool.marker.path.unlink()
    reconciled(spool, store)
    assert job_of(store, begun).state is JobState.ASSEMBLING


@pytest.fixture
def lost(spool: Spool, store: Store, tmp_path: Path) -> Iterator[Store]:
    """An empty queue beside a job in failed/ of which the folder tells everything."""
    job_key = accept_a_job(store, BEACH, total=3, params={"steps": 4})
    (spool.active / BEACH).mkdir()
    make(spool, store, job_key)
    store.write(lambda session: session.prompts.claim("gpu1", "p-2", now=NOW))
    failed = Failed(FailureCode.NODE_ERROR, "KSampler raised", seconds=2.0)
    store.write(lambda session: session.prompts.fail(PromptKey(job_key, 2), failed, now=NOW))
    store.write(lambda session: session.cancel(job_key, now=NOW, why="asked"))
    job, prompts = job_of(store, job_key), prompts_of(store, job_key)
    folder = spool.active / BEACH
    assert job.plan is not None
    write_failures(folder, prompts[1:], job.plan)
    write(folder / "graphs" / f"{A_GRAPH.sha256}.json", json.dumps(A_GRAPH.nodes, indent=1))
    over = replace(job, state=JobState.FAILED, finished_at=NOW + 60)
    write_status(folder, over, now=NOW, durable=True)
    folder.rename(spool.failed / BEACH)
    opened = Store(tmp_path / "lost.db")
    yield opened
    opened.close()


def test_the_prompts_of_a_job_are_told_by_its_folder(spool: Spool, lost: Store) -> None:
    reconciled(spool, lost)
    (job,) = known(lost)
    assert not job.is_brief
    made, failed, cancelled = prompts_of(lost, job.job_key)
    assert [output.path for output in made.outputs] == ["outputs/a_1.png"]
    assert (made.state, made.server, made.attempt) == (PromptState.SUCCEEDED, "gpu0", 1)
    assert (made.params, made.graph_sha256) == ({"steps": 4, "cfg": 1.5}, A_GRAPH.sha256)
    assert (failed.failure_code, failed.failure_message) == ("node_error", "KSampler raised")
    assert cancelled.state is PromptState.CANCELLED
    with lost.reading() as session:
        assert [one.prompts for one in session.prompts.failures(job.job_key, 9)] == [1]


def drop_last_line(folder: Path) -> None:
    path = folder / "failures.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def tell_twice(folder: Path) -> None:
    path = folder / "failures.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")


def lead_outside(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_text(path.read_text().replace("outputs/a_1.png", "outputs/../../../secret.png"))


def with_a_huge_seed(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_text(re.sub(r'"seed":[^,]*', f'"seed":{2**64 - 1}', path.read_text()))


def without_a_code(folder: Path) -> None:
    path = folder / "failures.jsonl"
    path.write_text(path.read_text().replace('"node_error"', "null"))


def another_graph(folder: Path) -> None:
    (path,) = folder.glob("graphs/*.json")
    path.write_text('{"1": {"class_type": "Other", "inputs": {}}}')


@pytest.mark.parametrize(
    "harm",
    [
        drop_last_line,
        tell_twice,
        lead_outside,
        with_a_huge_seed,
        without_a_code,
        another_graph,
        lambda folder: (folder / "manifest.jsonl").unlink(),
        lambda folder: (folder / "manifest.jsonl").write_bytes(b"\xff\x00{"),
    ],
)
def test_of_a_job_whose_files_do_not_agree_only_the_job_is_told(
    spool: Spool, lost: Store, harm: Callable[[Path], object]
) -> None:
    harm(spool.failed / BEACH)
    assert reconciled(spool, lost) == Reconciled(adopted=1, ended=0, anew=0)
    (job,) = known(lost)
    assert (job.is_brief, job.counts.total) == (True, 3)
    assert prompts_of(lost, job.job_key) == []


def test_inputs_from_elsewhere_are_names_alone(spool: Spool, lost: Store) -> None:
    path = spool.failed / BEACH / "failures.jsonl"
    for said in ("/etc/shadow", "inputs/../../x"):
        inputs = json.dumps({"image": said, "mask": "inputs/a/b.png"})
        path.write_text(path.read_text().replace('"inputs":{}', f'"inputs":{inputs}', 1))
    reconciled(spool, lost)
    (job,) = known(lost)
    assert [dict(prompt.inputs) for prompt in prompts_of(lost, job.job_key)] == [
        {},
        {"image": "shadow", "mask": "a/b.png"},
        {"image": "x", "mask": "a/b.png"},
    ]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("total: 3", f"total: {10**30}"),
        ('workflow: "?image-scale"?', 'workflow: "\\ud800"'),
        ("accepted_at: .*", "accepted_at: 0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_status_that_no_queue_can_hold_keeps_no_other_job_from_it(
    spool: Spool, lost: Store, was: str, becomes: str
) -> None:
    path = spool.failed / BEACH / "STATUS.yaml"
    path.write_text(re.sub(was, lambda _: becomes, path.read_text(), count=1))
    closed(spool, "20260102-000000-good")
    reconciled(spool, lost)
    assert "20260102-000000-good" in [job.job for job in known(lost)]


@pytest.mark.parametrize("name", ["manifest.jsonl", "failures.jsonl", "graphs", "job.yaml"])
def test_what_somebody_put_in_the_place_of_a_file_keeps_no_queue_from_its_start(
    spool: Spool, lost: Store, name: str
) -> None:
    path = spool.failed / BEACH / name
    if path.is_dir():
        path.rename(path.with_name("aside"))
        path.write_text("no folder")
    else:
        path.unlink(missing_ok=True)
        path.mkdir()
    closed(spool, "20260102-000000-good")
    reconciled(spool, lost)
    assert "20260102-000000-good" in [job.job for job in known(lost)]


def test_what_somebody_put_in_the_place_of_a_manifest_is_no_news(
    spool: Spool, store: Store, running: int
) -> None:
    path = spool.active / BEACH / "manifest.jsonl"
    path.unlink()
    path.mkdir()
    assert reconciled(spool, store) == NOTHING


def test_killed_after_it_let_go_of_a_job_it_goes_on_with_that(
    spool: Spool, store: Store, running: int
) -> None:
    store.write(lambda session: session.adopted.disown(BEACH, now=NOW))
    assert len(prompts_of(store, running)) == 3
    assert reconciled(spool, store) == NOTHING
    assert prompts_of(store, running) == []
    (spool.active / BEACH / "manifest.jsonl").unlink()
    (spool.active / BEACH / "outputs" / "a_1.png").unlink()
    (spool.active / BEACH / "outputs").rmdir()
    (spool.active / BEACH).rmdir()
    closed(spool)
    assert reconciled(spool, store) == Reconciled(adopted=0, ended=1, anew=0)
    assert job_of(store, running).state is JobState.DONE


def test_what_the_queue_has_no_events_of_is_told_by_the_log_of_before(
    spool: Spool, store: Store, running: int
) -> None:
    closed(spool, "20260102-000000-a")
    make(spool, store, running, number=3, told=False)
    reconciled(spool, store)
    with store.reading() as session:
        for job in (BEACH, "20260102-000000-a", "20260103-000000-unknown"):
            assert session.adopted.lacks_events(job)
    accept_a_job(store, BEACH)
    with store.reading() as session:
        assert not session.adopted.lacks_events(BEACH)


def test_a_queue_that_was_lost_says_that_it_was_made_of_the_folders(
    spool: Spool, store: Store, tmp_path: Path
) -> None:
    closed(spool)
    (spool.active / "20260102-000000-a").mkdir()
    with capture_logs() as said:
        reconciled(spool, store)
    (told,) = said
    assert (told["event"], told["adopted"], told["waiting"]) == ("queue.rebuilt", 1, 1)
    store.close()
    again = Store(tmp_path / "queue.db")
    closed(spool, "20260103-000000-b")
    with capture_logs() as said:
        reconciled(spool, again)
    again.close()
    (told,) = said
    assert (told["event"], told["adopted"]) == ("queue.reconciled", 1)


def test_a_job_that_was_listed_is_found_by_its_labels_and_its_workflow(
    spool: Spool, store: Store
) -> None:
    closed(spool)
    reconciled(spool, store)
    with store.reading() as session:
        for asked in (
            JobFilter(labels={"client": "acme"}),
            JobFilter(workflow="image-scale", name="beach"),
        ):
            (found,) = session.joblist.page(asked, limit=2)
            assert found.job == BEACH

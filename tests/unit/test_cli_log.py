"""vqd log and vqd show --spool, as somebody types them who only mounts the share."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.builders import NOW, accept_a_job, write
from tests.house import House
from tests.waiting import wait_for
from vqd.cli.app import vqd
from vqd.cli.codes import EXIT_REFUSED, EXIT_UNKNOWN_JOB
from vqd.domain.errors import Problem
from vqd.domain.queue import Event
from vqd.spool.joblog import LOG, Facts, write_log
from vqd.spool.layout import Spool
from vqd.spool.status import write_status
from vqd.store.store import Store

JOB = "20260101-000000-cats"


def happened(*kinds: str) -> list[Event]:
    facts: Facts = {"server": "gpu0", "code": "lost", "message": "gone\x1b[31m", "seconds": 1.0}
    return [Event(NOW, f"prompt.{kind}", 7, facts) for kind in kinds]


def run(spool: Spool, *words: str) -> Result:
    return CliRunner().invoke(vqd, [*words, "--spool", str(spool.root)])


@pytest.fixture
def folder(spool: Spool) -> Path:
    """A job's folder in active/, with a log."""
    made = spool.active / JOB
    made.mkdir()
    write_log(made, happened("claimed"))
    return made


@pytest.mark.parametrize("place", ["active", "done", "failed"])
def test_a_log_is_told_wherever_the_jobs_folder_is(spool: Spool, folder: Path, place: str) -> None:
    folder.rename(spool.root / place / JOB)
    told = run(spool, "log", "cats")
    assert (told.exit_code, told.output) == (
        0,
        "2026-09-21T14:13:20.000Z prompt 7 goes to gpu0\n",
    )


def test_a_line_is_an_object_for_programs(spool: Spool, folder: Path) -> None:
    write_log(folder, [*happened("requeued"), Event(NOW, "job.released", None, {})])
    lines = [json.loads(line) for line in run(spool, "log", JOB, "--json").output.splitlines()]
    at = "2026-09-21T14:13:20.000Z"
    said = "prompt 7 goes back into the queue: lost: gone\\x1b[31m"
    assert lines == [
        {"at": at, "prompt": 7, "said": said},
        {"at": at, "prompt": None, "said": "waits no longer"},
    ]


def test_a_log_is_followed_until_its_job_is_over(spool: Spool, folder: Path) -> None:
    results: list[Result] = []
    asking = threading.Thread(target=lambda: results.append(run(spool, "log", "cats", "--follow")))
    asking.start()
    write_log(folder, happened("claimed", "requeued"))
    with (folder / LOG).open("a") as half:
        half.write("2026-09-21T14:13:21.000Z half a li")
    assert asking.is_alive()
    write_log(folder, happened("claimed", "requeued", "claimed", "succeeded"))
    folder.rename(spool.done / JOB)
    wait_for(lambda: results, within_s=30)
    asking.join()
    said = [line.partition(" ")[2].partition(" on ")[0] for line in results[0].output.splitlines()]
    assert said == [
        "prompt 7 goes to gpu0",
        "prompt 7 goes back into the queue",
        "prompt 7 goes to gpu0, attempt 2",
        "prompt 7 succeeded",
    ]


def test_what_somebody_else_wrote_there_cannot_act_on_the_terminal(
    spool: Spool, folder: Path
) -> None:
    (folder / LOG).write_bytes(b"\x1b[2J\xff\n")
    assert run(spool, "log", "cats").output == "\\x1b[2J\ufffd\n"


def test_a_line_without_an_end_does_not_hide_what_comes_after(spool: Spool, folder: Path) -> None:
    write(folder / LOG, f"one\n{'x' * (3 << 20)}\nlast\n")
    lines = run(spool, "log", "cats").output.splitlines()
    assert (lines[0], lines[-1], "".join(lines[1:-1])) == ("one", "last", "x" * (3 << 20))


def test_without_a_log_it_is_said_why(spool: Spool, folder: Path) -> None:
    (folder / LOG).unlink()
    told = run(spool, "log", "cats")
    assert told.exit_code == EXIT_REFUSED
    assert "It begins when something happens to the job" in told.output
    folder.rename(spool.done / JOB)
    assert "as long as `keep`" in run(spool, "log", "cats").output
    assert run(spool, "log", "dogs").exit_code == EXIT_UNKNOWN_JOB


def test_a_job_whose_folder_is_gone_is_not_said_to_be_unknown(tmp_path: Path) -> None:
    house = House(tmp_path)
    store = house.store()
    accept_a_job(store, JOB)
    store.close()
    for verb in ("retry", "cancel", "log"):
        told = house.vqd(verb, "cats")
        assert told.exit_code == EXIT_REFUSED
        assert f"{JOB} is queued, and its folder is not in the spool any more." in told.output
    assert house.vqd("retry", "dogs").exit_code == EXIT_UNKNOWN_JOB


def test_a_job_is_shown_by_its_folder_alone(store: Store, spool: Spool, folder: Path) -> None:
    job_key = accept_a_job(store, JOB)
    with store.reading() as session:
        job = session.jobs.get(job_key)
    assert run(spool, "show", "cats").exit_code == EXIT_REFUSED
    write_status(folder, job, now=NOW, durable=False)
    lines = [
        {"output": f"outputs/{name}.png", "prompt": number, "params": {"cfg": 1.5}}
        for name, number in (("b", 2), ("a", 1), ("a2", 1))
    ]
    write(folder / "manifest.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    told = run(spool, "show", "cats").output
    assert f"{JOB}  queued  0/2" in told
    assert "    1  succeeded  cfg=1.5  outputs/a.png  outputs/a2.png\n" in told
    told = json.loads(run(spool, "show", "cats", "--json", "--prompts", "1").output)
    assert (told["job"], told["counts"]["total"], told["folder"]) == (JOB, 2, str(folder))
    assert [one["outputs"] for one in told["prompts"]] == [["outputs/a.png", "outputs/a2.png"]]


def test_faults_are_shown_by_the_folder_alone(store: Store, spool: Spool, folder: Path) -> None:
    fault = Problem("unknown_key", "unknown key.", "job.yaml", 3, key="paramz", hint="params?")
    job_key = accept_a_job(store, JOB)
    with store.reading() as session:
        job = session.jobs.get(job_key)
    write_status(folder, replace(job, problems=(fault,)), now=NOW, durable=True)
    assert "error: job.yaml:3: paramz: unknown key. params?\n" in run(spool, "show", JOB).output


def test_a_log_that_somebody_edited_is_told_with_the_numbers_that_are_some(
    spool: Spool, folder: Path
) -> None:
    at = "2026-01-01T00:00:00Z"
    write(folder / LOG, f"{at} prompt {'9' * 5000} ends\n{at} prompt ٣ ends\n{at} prompt 3 ends\n")
    told = run(spool, "log", JOB, "--json")
    lines = [json.loads(line) for line in told.output.splitlines()]
    assert (told.exit_code, [line["prompt"] for line in lines]) == (0, [None, None, 3])


def tell_status(store: Store, folder: Path) -> None:
    """Accept the job, and write its STATUS.yaml."""
    job_key = accept_a_job(store, JOB)
    with store.reading() as session:
        write_status(folder, session.jobs.get(job_key), now=NOW, durable=False)


def edit_status(folder: Path, key: str, value: str) -> None:
    """Give a key of STATUS.yaml another value, as YAML."""
    lines = (folder / "STATUS.yaml").read_text(encoding="utf-8").splitlines()
    others = [line for line in lines if not line.startswith(f"{key}:")]
    write(folder / "STATUS.yaml", "\n".join([*others, f"{key}: {value}", ""]))


@pytest.mark.parametrize("key", ["job", "state", "reason", "heartbeat_at"])
def test_no_status_that_somebody_edited_says_anything_to_the_terminal(
    store: Store, spool: Spool, folder: Path, key: str
) -> None:
    tell_status(store, folder)
    edit_status(folder, key, r'"a\e]0;b\a"')
    told = run(spool, "show", "cats")
    assert (told.exit_code, "\x1b" in told.output) == (0, False)
    assert "a\\x1b]0;b\\x07" in told.output


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("STATUS.yaml", "counts: 3\n", "no_status"),
        ("STATUS.yaml", "counts: {}\njob: x\n", "no_status"),
        ("manifest.jsonl", "[]\n", "not_a_manifest"),
        ("manifest.jsonl", "nothing\n", "not_a_manifest"),
    ],
)
def test_what_somebody_edited_in_the_folder_is_told(
    store: Store, spool: Spool, folder: Path, name: str, text: str, code: str
) -> None:
    tell_status(store, folder)
    write(folder / name, text)
    told = run(spool, "show", "cats")
    assert (told.exit_code, f"[{code}]" in told.output) == (EXIT_REFUSED, True)


@pytest.mark.parametrize("key", ["accepted_at", "started_at", "finished_at"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_report_is_refused_of_a_job_that_happened_in_no_time_of_clocks(
    store: Store, spool: Spool, folder: Path, key: str, at: str
) -> None:
    tell_status(store, folder)
    edit_status(folder, key, f"'{at}'")
    told = run(spool, "report", JOB)
    assert (told.exit_code, "[no_status]" in told.output) == (EXIT_REFUSED, True)
    assert run(spool, "show", JOB).exit_code == 0

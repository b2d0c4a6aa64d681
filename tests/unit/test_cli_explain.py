"""`vqd explain` and `vqd show --prompt`, while no daemon runs."""

import json
import os
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.house import House
from vqd.domain.lifecycle import Move
from vqd.domain.outcome import Failed, FailureCode, Succeeded
from vqd.domain.queue import PromptKey
from vqd.domain.schedule import Judgement
from vqd.spool.layout import Spool
from vqd.spool.waiting import HEADING, waiting_file

JOB = "20260101-000000-a"
DEAD = "the daemon is not running"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.store().close()
    return made


def spool_of(house: House) -> Spool:
    return Spool(house.folder / "spool")


def accepts(house: House, total: int = 3) -> int:
    store = house.store()
    job_key = accept_a_job(store, JOB, total=total)
    store.close()
    (spool_of(house).active / JOB).mkdir()
    return job_key


def holds(house: House, job_key: int, hold: str) -> None:
    store = house.store()
    store.write(lambda session: session.schedules.judged(job_key, Judgement(hold), now=NOW))
    store.close()


def tries(house: House, job_key: int) -> None:
    """Let prompt 1 be lost once, then fail, and prompt 2 succeed."""
    store = house.store()

    def act(turn: int) -> None:
        store.write(lambda session: session.prompts.claim(f"gpu{turn}", "p", now=NOW + 10 * turn))

    first, second = PromptKey(job_key, 1), PromptKey(job_key, 2)
    act(0)
    lost = {"code": "lost", "message": "gpu0 was restarted.", "strike": 0, "not_before_at": 0.0}
    store.write(lambda session: session.prompts.move(first, Move.REQUEUE, now=NOW + 5, **lost))
    act(1)
    failed = Failed(FailureCode.NODE_ERROR, "KSampler: it raised.")
    store.write(lambda session: session.prompts.fail(first, failed, now=NOW + 13))
    act(2)
    store.write(lambda session: session.prompts.succeed(second, Succeeded((), 2.0), now=NOW + 24))
    store.close()


def told(house: House, *words: str) -> list[str]:
    result = house.vqd("explain", *words)
    assert result.exit_code == 0
    return [line.strip() for line in result.output.splitlines() if line]


def test_it_names_the_job_where_it_lies_and_every_reason(house: House) -> None:
    holds(house, accepts(house), "waits for the job plates")
    spool_of(house).pause()
    lines = told(house, "00-a")
    assert lines[:4] == [
        f"{JOB}  queued",
        str(spool_of(house).active / JOB),
        f"3 prompts wait, because {DEAD}.",
        "vqd run starts it.",
    ]
    assert lines[4] == "3 prompts wait, because PAUSE lies in the spool."
    assert lines[6].startswith("3 prompts wait for the job plates. Since ")
    assert lines[7] == "It starts by itself when that job is done."


def test_what_failed_is_told_with_its_attempts(house: House) -> None:
    tries(house, accepts(house))
    lines = told(house, JOB)
    at = next(turn for turn, line in enumerate(lines) if line.startswith("Prompt 1 failed"))
    assert lines[at].startswith("Prompt 1 failed: node_error: KSampler: it raised. Since ")
    attempts = [line.split(maxsplit=2) for line in lines[at + 2 :]]
    assert [attempt[:2] for attempt in attempts] == [["attempt", "1"], ["attempt", "2"]]
    assert attempts[0][2].startswith("gpu0 ")
    assert attempts[0][2].endswith("5 s  lost: gpu0 was restarted.")
    assert attempts[1][2].endswith("3 s  node_error: KSampler: it raised.")


def test_a_program_is_told_the_same(house: House) -> None:
    holds(house, accepts(house), "waiting: lora film.safetensors on no server")
    found = json.loads(house.vqd("explain", JOB, "--json").output)
    assert (found["job"], found["state"]) == (JOB, "queued")
    assert [reason["code"] for reason in found["reasons"]] == ["daemon_down", "unavailable"]
    assert found["reasons"][1]["prompts"] == 3
    assert found["reasons"][1]["since_at"] == "2026-09-21T14:13:20.000Z"


def test_outputs_that_cannot_be_written_are_told_by_what_the_daemon_noted(house: House) -> None:
    accepts(house)
    store = house.store()
    said = "outputs/a.png cannot be written: No space left"
    store.write(lambda session: session.refusals.note(said))
    store.close()
    assert any(
        "because outputs/a.png cannot be written: No space" in one for one in told(house, JOB)
    )


def test_what_somebody_put_in_place_of_the_status_is_neither_followed_nor_believed(
    house: House,
) -> None:
    accepts(house)
    store = house.store()
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    store.close()
    status = spool_of(house).active / JOB / "STATUS.yaml"
    for text in ("- a", "{", "counts: {}\nreason: [1]\nrunning: 3", "counts: {}\nrunning: [{}, 1]"):
        write(status, text)
        assert house.vqd("status", JOB).exit_code == 0
        assert len(told(house, JOB)) == 5
    status.unlink()
    os.mkfifo(status)
    assert house.vqd("status", JOB).exit_code == 0
    assert len(told(house, JOB)) == 5


def test_a_drop_that_is_not_taken_yet_is_told_by_what_it_waits_for(house: House) -> None:
    inbox = spool_of(house).inbox
    (inbox / "cats").mkdir()
    assert told(house, "cats")[1:] == [
        "It lies in the inbox and was not looked at yet.",
        "vqd run starts it.",
    ]
    write(waiting_file(inbox), f"{HEADING}cats: assembling: READY is not here yet.\n")
    assert told(house, "cats")[1] == (
        "It lies in the inbox and is not taken yet: assembling: READY is not here yet."
    )


def test_a_folder_that_the_queue_does_not_know_is_told_by_where_it_lies(house: House) -> None:
    (spool_of(house).failed / JOB).mkdir()
    assert "failed, and the queue knows nothing of it." in told(house, JOB)[1]


def test_what_is_nowhere_is_unknown(house: House) -> None:
    for name in ("nobody", "..", "a/b", "\x1b[31m"):
        assert house.vqd("explain", name).exit_code == 4


def test_one_prompt_is_shown_with_what_became_of_each_attempt(house: House) -> None:
    tries(house, accepts(house))
    lines = house.vqd("show", JOB, "--prompt", "1").output.splitlines()
    assert lines[0] == f"{JOB}  prompt 1  failed"
    assert "  cfg   1.5" in lines
    assert [line.split()[:3] for line in lines[-2:]] == [
        ["attempt", "1", "gpu0"],
        ["attempt", "2", "gpu1"],
    ]
    found = json.loads(house.vqd("show", JOB, "--prompt", "1", "--json").output)
    assert [(one["outcome"], one["seconds"]) for one in found["attempts"]] == [
        ("lost", 5.0),
        ("node_error", 3.0),
    ]
    assert found["attempts"][1]["message"] == "KSampler: it raised."


def test_a_prompt_that_is_not_there_is_told_with_how_many_there_are(house: House) -> None:
    accepts(house)
    assert house.vqd("show", JOB, "--prompt", str(1 << 70)).exit_code == 2
    result = house.vqd("show", JOB, "--prompt", "9")
    assert result.exit_code == 5
    assert result.stderr == f"error: {JOB} has no prompt 9. It has 3, from 1. [unknown_prompt]\n"

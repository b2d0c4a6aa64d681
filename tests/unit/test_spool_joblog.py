"""log.txt in words."""

from pathlib import Path

import pytest

from tests.builders import NOW
from vqd.domain.queue import Event
from vqd.spool import joblog
from vqd.spool.joblog import LOG, Teller, add_to_log, begin_log, write_log


def job(kind: str, **facts: str | int) -> Event:
    return Event(NOW, kind, None, facts)


def prompt(number: int, kind: str, at: float = NOW, **facts: str | float) -> Event:
    return Event(at, f"prompt.{kind}", number, facts)


def told(*events: Event) -> list[str]:
    """What the log says of these, without the times."""
    return [line.partition(" ")[2] for line in Teller().lines_of(events)]


def test_a_line_begins_with_its_time_as_utc() -> None:
    (line,) = Teller().lines_of([job("job.released")])
    assert line == "2026-09-21T14:13:20.000Z waits no longer"


def test_what_a_job_waits_for_is_told_with_one_word_for_that() -> None:
    down = "waits for server gpu1, which is down since 14:02"
    assert told(job("job.held", why="suspended"), job("job.held", why=down)) == [
        "waits: suspended",
        down,
    ]


def test_every_attempt_is_told_with_its_server_how_long_it_took_and_why_it_ended() -> None:
    assert told(
        job("job.accepted", workflow="wan-i2v", prompts=2, kept=1),
        prompt(2, "claimed", server="gpu0"),
        prompt(2, "requeued", NOW + 3.21, code="lost", message="gpu0 knows nothing of it."),
        prompt(2, "claimed", NOW + 4, server="gpu1"),
        prompt(2, "requeued", NOW + 5, code="out_of_memory", message="It.", step="free_memory"),
        prompt(2, "claimed", NOW + 6, server="gpu1"),
        prompt(2, "succeeded", NOW + 16, seconds=8.04),
        job("job.done", total=2, succeeded=2, failed=0, cancelled=0),
    ) == [
        "accepted: wan-i2v, 2 prompts, 1 of them kept as made before",
        "prompt 2 goes to gpu0",
        "prompt 2 goes back into the queue on gpu0 after 3.2 s: lost: gpu0 knows nothing of it.",
        "prompt 2 goes to gpu1, attempt 2",
        "prompt 2 goes back into the queue on gpu1 after 1.0 s: out_of_memory: It."
        " Tried next: free_memory.",
        "prompt 2 goes to gpu1, attempt 3",
        "prompt 2 succeeded on gpu1 after 10.0 s (8.0 s at work)",
        "done: 2 succeeded",
    ]


def test_a_job_that_came_back_counts_its_attempts_anew() -> None:
    again = job("job.accepted", workflow="w", prompts=1)
    failed = prompt(1, "failed", code="node_error", message="it raised")
    claimed = prompt(1, "claimed", server="g")
    assert told(claimed, failed, job("prompts.retried", prompts=1), claimed, again, claimed) == [
        "prompt 1 goes to g",
        "prompt 1 failed on g after 0.0 s: node_error: it raised",
        "put into the queue again: 1 prompt",
        "prompt 1 goes to g, attempt 2",
        "accepted: w, 1 prompt",
        "prompt 1 goes to g",
    ]


def test_what_was_asked_of_a_job_is_told_once_with_its_answer() -> None:
    refused = {"what": "RESUME", "done": 0, "said": "it is not suspended"}
    assert told(
        job("job.suspended"),
        job("job.steered", what="PAUSE", done=1, said="suspended"),
        job("job.steered", **refused),  # type: ignore[arg-type]
    ) == [
        "somebody asked for PAUSE: done: suspended",
        "somebody asked for RESUME: refused: it is not suspended",
    ]


def test_what_is_told_stays_on_its_line_whatever_a_server_said() -> None:
    (said,) = told(prompt(1, "failed", code="node_error", message="a\nb\x1b[31m"))
    assert said == "prompt 1 failed: node_error: a\\nb\\x1b[31m"


def test_the_log_of_a_very_large_job_is_bounded_and_goes_on_to_tell_of_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joblog, "ROUTINE_LIMIT", 3)
    monkeypatch.setattr(joblog, "TROUBLE_LIMIT", 5)
    monkeypatch.setattr(joblog, "_FROM_HERE", {3: "no more of success", 5: "no more"})
    went_well = [prompt(n, "succeeded", seconds=1.0) for n in range(1, 9)]
    failed = [prompt(n, "failed", code="lost", message="x") for n in range(9, 14)]
    said = told(*went_well, *failed, *went_well, job("job.failed", failed=5))
    assert [line.partition(" (")[0] for line in said] == [
        "prompt 1 succeeded",
        "prompt 2 succeeded",
        "prompt 3 succeeded",
        "no more of success",
        "prompt 9 failed: lost: x",
        "prompt 10 failed: lost: x",
        "no more",
        "failed: 5 failed",
    ]


def test_a_log_that_grew_is_the_same_as_one_written_whole(tmp_path: Path) -> None:
    events = [
        job("job.accepted", workflow="w", prompts=1),
        prompt(1, "claimed", server="g"),
        prompt(1, "requeued", code="lost", message="x"),
        prompt(1, "claimed", server="h"),
    ]
    write_log(tmp_path, events)
    whole = (tmp_path / LOG).read_bytes()
    begin_log(tmp_path)
    teller = Teller()
    for event in events:
        add_to_log(tmp_path, [event], teller)
    assert (tmp_path / LOG).read_bytes() == whole


def test_nothing_is_written_through_a_link_that_has_the_name_of_the_log(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / LOG).symlink_to(other)
    begin_log(tmp_path)
    add_to_log(tmp_path, [job("job.released")], Teller())
    assert other.read_text() == "mine"
    (tmp_path / LOG).unlink()
    (tmp_path / LOG).symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        add_to_log(tmp_path, [job("job.released")], Teller())

from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.queue import Job
from vqd.runner.keeping import LOOK_AGAIN_S, Keeping
from vqd.spool import drops
from vqd.spool.layout import Spool
from vqd.spool.status import write_status
from vqd.store.store import Session, Store

KEPT_S = 3600.0
GRAPH = "a" * 64 + ".json"


def closed(store: Store, spool: Spool, job: str = "a", total: int = 600) -> Path:
    """Give the folder of a job that was closed, with everything in it that vqd writes."""
    job_key = accept_a_job(store, job, total=total)

    def close(session: Session) -> Job:
        session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
        session.jobs.begin_publishing(job_key)
        session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)
        return session.jobs.get(job_key)

    folder = spool.failed / job
    for name in ("outputs/a.png", "inputs/p.png", "job.yaml", "report.html", "manifest.jsonl"):
        write(folder / name, name)
    write(folder / "log.txt", "log")
    write(folder / "graphs" / GRAPH, "{}")
    write_status(folder, store.write(close), now=NOW, durable=True)
    return folder


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


KEPT = ["STATUS.yaml", "inputs/p.png", "job.yaml", "manifest.jsonl", "outputs/a.png", "report.html"]
WHOLE = sorted([*KEPT, "log.txt", f"graphs/{GRAPH}"])


def keeping(store: Store, spool: Spool, now: float) -> Keeping:
    return Keeping(store, spool, KEPT_S, clock=lambda: now)


def prompts(store: Store, job: str = "a") -> int:
    with store.reading() as session:
        found = session.jobs.find(job)
        assert found is not None
        return len(list(session.prompts.of_job(found.job_key)))


def test_nothing_goes_before_its_time(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    assert keeping(store, spool, NOW + KEPT_S - 60).trim() == 60
    assert Keeping(store, spool, None, clock=lambda: NOW + 1e9).trim() == LOOK_AGAIN_S
    assert left(folder) == WHOLE
    assert prompts(store) == 600


def test_rows_log_and_graphs_go_and_all_that_people_wait_for_stays(
    store: Store, spool: Spool
) -> None:
    folders = [closed(store, spool, name) for name in ("a", "b")]
    assert keeping(store, spool, NOW + KEPT_S).trim() == LOOK_AGAIN_S
    for folder in folders:
        assert left(folder) == KEPT
        assert not (folder / "graphs").exists()
        assert prompts(store, folder.name) == 0


def test_what_somebody_put_beside_the_graphs_stays(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    write(folder / "graphs" / "mine.json", "{}")
    keeping(store, spool, NOW + KEPT_S).trim()
    assert left(folder) == sorted([*KEPT, "graphs/mine.json"])


def test_a_folder_that_is_another_jobs_by_now_is_left_alone(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    write(folder / "STATUS.yaml", "job: other\nheartbeat_at: 2026-01-01\n")
    keeping(store, spool, NOW + KEPT_S).trim()
    assert left(folder) == WHOLE
    assert prompts(store) == 0


def test_while_the_share_is_away_everything_waits(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    away = spool.root.rename(spool.root.with_name("away"))
    assert keeping(store, spool, NOW + KEPT_S).trim() == LOOK_AGAIN_S
    assert prompts(store) == 600
    away.rename(spool.root)
    keeping(store, spool, NOW + KEPT_S).trim()
    assert left(folder) == KEPT


def test_trimming_goes_on_where_it_was_cut_off(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    with store.reading() as session:
        found = session.jobs.find("a")
    assert found is not None
    store.write(lambda session: session.records.trim(found.job_key, 250))
    assert prompts(store) == 350
    Keeping(store, spool, None, clock=lambda: NOW).trim()
    assert prompts(store) == 0
    assert left(folder) == KEPT


def test_a_folder_that_cannot_be_trimmed_holds_up_no_other(store: Store, spool: Spool) -> None:
    stuck, other = closed(store, spool, "a"), closed(store, spool, "b")
    (stuck / "graphs" / GRAPH).unlink()
    (stuck / "graphs" / GRAPH).mkdir()
    keeping(store, spool, NOW + KEPT_S).trim()
    assert (prompts(store, "a"), prompts(store, "b")) == (0, 0)
    assert left(other) == KEPT


def test_a_share_that_dies_while_a_folder_is_trimmed_is_waited_for(
    store: Store, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = closed(store, spool)
    away = spool.root.with_name("away")

    def die(_: Path) -> None:
        spool.root.rename(away)
        raise OSError(107, "Transport endpoint is not connected")

    with monkeypatch.context() as dying:
        dying.setattr(drops, "trim", die)
        assert keeping(store, spool, NOW + KEPT_S).trim() == LOOK_AGAIN_S
    away.rename(spool.root)
    assert left(folder) == WHOLE
    keeping(store, spool, NOW + KEPT_S).trim()
    assert left(folder) == KEPT


def test_a_done_that_somebody_renamed_is_left_as_it_is(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    aside = spool.failed.rename(spool.root / "failed of last year")
    assert keeping(store, spool, NOW + KEPT_S).trim() == LOOK_AGAIN_S
    assert prompts(store) == 0
    assert left(aside / folder.name) == WHOLE
    assert not spool.failed.exists()


def test_a_folder_that_is_moved_back_while_it_is_trimmed_is_not_looked_for_elsewhere(
    store: Store, spool: Spool
) -> None:
    folder = closed(store, spool)
    moved = folder.rename(spool.inbox / folder.name)
    keeping(store, spool, NOW + KEPT_S).trim()
    assert left(moved) == WHOLE


def test_a_shorter_keep_counts_for_the_jobs_that_closed_before(store: Store, spool: Spool) -> None:
    folder = closed(store, spool)
    Keeping(store, spool, 10 * KEPT_S, clock=lambda: NOW + KEPT_S).trim()
    assert left(folder) == WHOLE
    Keeping(store, spool, KEPT_S, clock=lambda: NOW + KEPT_S).trim()
    assert left(folder) == KEPT

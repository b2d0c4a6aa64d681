import os
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.canary import Canary
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.runner.housekeeping import EVERY_S, Housekeeping
from vqd.runner.server import ServerAddress
from vqd.spool.layout import Spool
from vqd.spool.leftovers import copy_name
from vqd.store.store import Session, Store

OWN = "0123456789abcdef0123456789abcdef.png"
CLOSED, OPEN = "20260101-000000-closed", "20260101-000000-open"
DAY_S = 86_400.0


@pytest.fixture
def all_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be as old as it must be to go: when an inode changed, nobody can set."""
    monkeypatch.setattr("vqd.runner.housekeeping.UNUSED_S", -60.0)
    monkeypatch.setattr("vqd.runner.housekeeping.MARGIN_S", -60.0)
    monkeypatch.setattr("vqd.runner.housekeeping.FRESH_S", 0.0)


@pytest.fixture
def server(tmp_path: Path) -> ServerAddress:
    """A server whose folders hold what vqd put there, and what other people did."""
    top = tmp_path / "comfy"
    for name in (f"input/vqd/{OWN}", f"input/vqd/.{'b' * 32}.part"):
        write(top / name, "ours")
    for name in (f"vqd/{CLOSED}/1-1/a_00001_.png", f"vqd/{CLOSED}/1790000000-2-3/deep/b.png"):
        write(top / "output" / name, "ours")
    return ServerAddress("gpu1", "http://gpu1:8188", top / "input", top / "output")


THEIRS = (
    f"input/{OWN}",
    "input/beach.png",
    "input/vqd/beach.png",
    f"input/vqd/sub/{OWN}",
    "output/ComfyUI_00001_.png",
    "output/vqd/notes.txt",
    f"output/vqd/{OPEN}/1-1/a.png",
    "output/vqd/20260101-000000-of-another-vqd/1-1/a.png",
    f"output/vqd/{CLOSED}/notes.txt",
    f"output/vqd/{CLOSED}/best/a.png",
    "temp/a.png",
)


def clean(store: Store, spool: Spool, *servers: ServerAddress, keep_s: float = -60.0) -> None:
    housekeeping = Housekeeping(store, spool, servers, keep_uploads_s=keep_s, clock=lambda: NOW)
    assert housekeeping.clean() == EVERY_S


def close(session: Session, job_key: int) -> None:
    session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)


@pytest.fixture(autouse=True)
def _jobs(store: Store) -> None:
    job_key = accept_a_job(store, CLOSED)
    store.write(lambda session: close(session, job_key))
    accept_a_job(store, OPEN)


def files(folder: Path) -> set[str]:
    """Whatever is in a folder, but for folders."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return {str(path.relative_to(folder)) for path in found}


@pytest.mark.usefixtures("all_is_old")
def test_on_a_server_only_what_is_vqds_goes_and_nothing_of_others_is_touched(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    top, elsewhere = tmp_path / "comfy", tmp_path / "elsewhere"
    for name in THEIRS:
        write(top / name, "theirs")
    os.mkdir(os.fsencode(top / "output" / "vqd") + b"/20260101-000000-\xff")  # noqa: PTH102
    write(elsewhere / OWN, "theirs")
    write(elsewhere / "1-1" / "a.png", "theirs")
    (top / "input" / "vqd" / f"{'e' * 32}.png").symlink_to(elsewhere / OWN)
    (top / "output" / "vqd" / CLOSED / "3-1").symlink_to(elsewhere / "1-1")
    links = {f"input/vqd/{'e' * 32}.png", f"output/vqd/{CLOSED}/3-1"}
    with Canary(elsewhere) as canary:
        clean(store, spool, server)
        assert canary.touched() == []
    assert files(top) == {*THEIRS, *links}
    assert all((top / name).read_text() == "theirs" for name in THEIRS)


@pytest.mark.usefixtures("all_is_old")
def test_where_vqds_own_folder_is_a_link_nothing_goes(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    for kind in ("input", "output"):
        folder = tmp_path / "comfy" / kind / "vqd"
        folder.rename(tmp_path / kind)
        folder.symlink_to(tmp_path / kind)
    before = files(tmp_path)
    clean(store, spool, server)
    assert files(tmp_path) == before


@pytest.mark.usefixtures("all_is_old")
def test_the_folder_of_a_job_goes_when_it_is_empty(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    clean(store, spool, server)
    assert not (tmp_path / "comfy" / "output" / "vqd" / CLOSED).exists()
    assert (tmp_path / "comfy" / "output" / "vqd").is_dir()


def test_nothing_goes_that_is_not_old(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    before = files(tmp_path / "comfy")
    clean(store, spool, server, keep_s=0.001)
    assert files(tmp_path / "comfy") == before


@pytest.mark.usefixtures("all_is_old")
def test_while_a_prompt_runs_what_was_put_there_since_stays(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW - DAY_S))
    clean(store, spool, server)
    assert (tmp_path / "comfy" / "input" / "vqd" / OWN).exists()


@pytest.mark.usefixtures("all_is_old")
def test_folders_that_are_away_or_cannot_be_read_hold_up_no_others(
    store: Store, spool: Spool, server: ServerAddress, tmp_path: Path
) -> None:
    away = ServerAddress("gone", "http://gone:8188", tmp_path / "gone", tmp_path / "gone")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    odd = ServerAddress("odd", "http://odd:8188", loop, loop)
    clean(store, spool, away, odd, server)
    assert files(tmp_path / "comfy") == set()
    assert not (tmp_path / "gone").exists()


@pytest.mark.usefixtures("all_is_old")
def test_in_the_spool_only_what_was_left_half_made_goes(store: Store, spool: Spool) -> None:
    write(spool.inbox / copy_name() / "job.yaml", "vqd: 1")
    (spool.active / ".vqd-probe-77").mkdir()
    kept = ["inbox/.hidden/a", "inbox/a.part", f"active/{OPEN}/.part/1-1-0.png", "done/x/a"]
    for name in kept:
        write(spool.root / name, "x")
    clean(store, spool)
    assert files(spool.root) == {*kept, ".vqd-spool"}
    assert not (spool.active / ".vqd-probe-77").exists()


@pytest.mark.usefixtures("all_is_old")
def test_in_a_spool_that_is_away_nothing_is_done(store: Store, spool: Spool) -> None:
    write(spool.inbox / copy_name() / "job.yaml", "vqd: 1")
    (spool.root / ".vqd-spool").unlink()
    clean(store, spool)
    assert len(files(spool.inbox)) == 1


@pytest.mark.usefixtures("all_is_old")
def test_of_the_engine_temp_is_emptied_but_for_what_tells_a_restart(
    store: Store, spool: Spool, tmp_path: Path
) -> None:
    engine = tmp_path / "engine"
    sentinel = "temp/vqd-123e4567-e89b-42d3-a456-426614174000.txt"
    for name in ("temp/preview.png", "temp/sub/deep/a.png", sentinel, "input/mine.png"):
        write(engine / name, "x")
    log = write(engine / "engine.log", "a line\n" * 1_000_000)
    Housekeeping(store, spool, [], keep_uploads_s=DAY_S, engine_folder=engine).clean()
    assert files(engine) == {sentinel, "input/mine.png", "engine.log", "engine.log.1"}
    assert log.stat().st_size == 0


def test_it_cleans_in_a_thread_of_its_own_and_ends(store: Store, spool: Spool) -> None:
    housekeeping = Housekeeping(store, spool, [], keep_uploads_s=DAY_S)
    housekeeping.start()
    housekeeping.stop()

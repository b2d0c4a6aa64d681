"""`vqd submit` beside the daemon: what it drops, and what it does not."""

import json
import stat
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.house import House
from tests.samples import TWO_LINES, picture_job
from vqd.cli.beside import Beside
from vqd.cli.follow import follow
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.names import why_never_taken
from vqd.store.store import Session

JOB = "20260101-000000-beach"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def close(session: Session, job_key: int) -> None:
    session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    session.jobs.begin_publishing(job_key)
    session.jobs.close(job_key, JobState.CANCELLED, "gone", now=NOW)


def dropped(house: House, path: Path | str) -> Path:
    return Path(json.loads(house.vqd("submit", str(path), "--json").stdout)["dropped"])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("x.part", "x.part-2"),
        (".hidden", "hidden"),
        ("~draft", "draft"),
        ("Thumbs.db", "Thumbs.db-2"),
        ("_vqd", "_vqd-2"),
        ("two\nlines", "two_lines"),
        ("L" * 255, "L" * 80),
        ("v1.5", "v1.5"),
    ],
)
def test_what_is_dropped_has_a_name_that_is_taken(house: House, folder: str, name: str) -> None:
    drop = dropped(house, picture_job(house.folder / "jobs" / folder, pictures=1))
    assert drop.name == name
    assert why_never_taken(drop.name) is None
    assert (drop / "p1.png").is_file()


def test_the_folder_above_is_dropped_under_its_own_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = picture_job(house.folder / "beach", pictures=1)
    (job / "inputs").mkdir()
    monkeypatch.chdir(job / "inputs")
    assert dropped(house, "..").name == "beach"
    assert dropped(house, "../job.yaml").name == "beach-2"


def test_the_copy_of_a_folder_that_nobody_may_write_can_be_moved_and_written(
    house: House,
) -> None:
    job = picture_job(house.folder / "beach", pictures=1)
    (job / "below").mkdir(mode=0o555)
    job.chmod(0o555)
    drop = dropped(house, job)
    job.chmod(0o755)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (drop, drop / "below")] == [0o755] * 2


def test_a_folder_with_the_spool_in_it_is_not_copied_into_itself(house: House) -> None:
    write(house.folder / "job.yaml", TWO_LINES)
    picture_job(house.folder, pictures=1)
    refused = house.vqd("submit", str(house.folder))
    assert refused.exit_code == 5
    assert "Put the job into a folder of its own. [spool_inside]" in refused.stderr
    assert [*(house.folder / "spool" / "inbox").iterdir()] == []


def test_a_job_whose_folder_somebody_took_away_is_waited_for_until_it_is_over(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    store = house.store()
    job_key = accept_a_job(store, JOB, total=2)
    way = Beside.by_settings(house.settings)
    assert way.progress(JOB) is None
    assert way.progress("20260101-000000-never-taken") is None
    store.write(lambda session: close(session, job_key))
    store.close()
    assert follow(way, JOB, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["reason"], told["folder"]) == ("cancelled", "gone", None)

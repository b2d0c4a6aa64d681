import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import write
from vqd.domain.errors import VqdError
from vqd.spool import claims
from vqd.spool.layout import Spool

Steps = Iterator[None]


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A hot folder on another file system than the spool's."""
    folder = Path(f"/dev/shm/vqd-test-{os.getpid()}")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def a_bare_job(spool: Spool) -> Steps:
    job_file = write(spool.inbox / "j.yaml", "vqd: 1")
    inputs = [write(spool.inbox / name, name) for name in ("a.png", "a.yaml", "in/b.png")]
    return claims.claiming_file(job_file, inputs, spool.active / "J", alone=True)


def a_bare_job_among_others(spool: Spool) -> Steps:
    job_file = write(spool.inbox / "j.yaml", "vqd: 1")
    inputs = [write(spool.inbox / name, name) for name in ("a.png", "a.yaml", "in/b.png")]
    return claims.claiming_file(job_file, inputs, spool.active / "J", alone=False)


def a_bare_job_alone(spool: Spool) -> Steps:
    job_file = write(spool.inbox / "j.yaml", "vqd: 1")
    return claims.claiming_file(job_file, [], spool.active / "J", alone=True)


def hot_files(spool: Spool) -> Steps:
    hot = spool.inbox / "hot"
    files = [write(hot / name, name) for name in ("a.png", "a.yaml", "b.png")]
    return claims.claiming_files(files, spool.active / "J", b"vqd: 1", hot)


def a_hot_folder_of_files(spool: Spool) -> Steps:
    sub = write(spool.inbox / "hot" / "sub" / "a.png", "a.png").parent
    write(sub / "deep" / "b.png", "b.png")
    return claims.claiming_folder(sub, spool.active / "J", "job.yaml", b"vqd: 1")


CLAIMS = [a_bare_job, a_bare_job_among_others, a_bare_job_alone, hot_files, a_hot_folder_of_files]


def carry_out(steps: Steps, most: int | None = None) -> bool:
    """Go so many steps and stop as a kill would; tell whether that was all of them."""
    return all(number != most for number, _ in enumerate(steps, 1))


def count(steps: Steps) -> int:
    return sum(1 for _ in steps)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_killed_at_any_step_is_finished_or_taken_back_whole(
    tmp_path: Path, claim: Callable[[Spool], Steps]
) -> None:
    whole = Spool.create(tmp_path / "whole")
    total = count(claim(whole))
    taken = files_in(whole.active / "J")
    for killed_after in range(1, total + 1):
        spool = Spool.create(tmp_path / str(killed_after))
        steps = claim(spool)
        dropped = files_in(spool.inbox)
        carry_out(steps, killed_after)
        claims.recover_claims(spool.active, spool.inbox)
        if (spool.active / "J").exists():
            assert files_in(spool.active) == {f"J/{name}": text for name, text in taken.items()}
            assert files_in(spool.inbox) == files_in(whole.inbox)
        else:
            assert files_in(spool.inbox) == dropped
            assert [*spool.active.iterdir()] == []
        claims.recover_claims(spool.active, spool.inbox)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_that_cannot_be_finished_gives_back_all_that_was_dropped_and_nothing_else(
    spool: Spool, claim: Callable[[Spool], Steps]
) -> None:
    steps = claim(spool)
    dropped = files_in(spool.inbox)
    write(spool.active / "J" / "job.yaml", "another's")
    with pytest.raises(VqdError, match="something of that name already"):
        carry_out(steps)
    assert files_in(spool.inbox) == dropped
    assert files_in(spool.active) == {"J/job.yaml": "another's"}


@pytest.mark.parametrize("claim", ["files", "folder"])
def test_what_lies_on_another_file_system_is_copied_and_stays_there(
    tmp_path: Path, elsewhere: Path, claim: str
) -> None:
    def started(spool: Spool) -> Steps:
        shutil.rmtree(elsewhere)
        if claim == "files":
            files = [write(elsewhere / name, name) for name in ("a.png", "b.png")]
            return claims.claiming_files(files, spool.active / "J", b"vqd: 1", elsewhere)
        sub = write(elsewhere / "sub" / "a.png", "a.png").parent
        write(sub / "deep" / "b.png", "b.png")
        return claims.claiming_folder(sub, spool.active / "J", "job.yaml", b"vqd: 1")

    whole = Spool.create(tmp_path / "whole")
    total = count(started(whole))
    taken = files_in(whole.active / "J")
    assert sorted(taken) == (
        ["a.png", "b.png", "job.yaml"] if claim == "files" else ["a.png", "deep/b.png", "job.yaml"]
    )
    held = files_in(elsewhere)
    assert sorted(held.values()) == ["a.png", "b.png"]
    assert all(name.startswith("_taken/J/") for name in held)
    for killed_after in range(1, total + 1):
        spool = Spool.create(tmp_path / str(killed_after))
        steps = started(spool)
        dropped = files_in(elsewhere)
        carry_out(steps, killed_after)
        claims.recover_claims(spool.active, spool.inbox, [elsewhere])
        if (spool.active / "J").exists():
            assert files_in(spool.active) == {f"J/{name}": text for name, text in taken.items()}
            assert files_in(elsewhere) == held
        else:
            assert files_in(elsewhere) == dropped
            assert [*spool.active.iterdir()] == []


@pytest.mark.parametrize("kind", ["files", "folder"])
def test_nothing_is_taken_through_a_link_that_came_after_the_look(
    spool: Spool, tmp_path: Path, elsewhere: Path, kind: str
) -> None:
    for theirs in (tmp_path / "theirs", elsewhere / "theirs"):
        write(theirs / "a.png", "theirs")
        shutil.rmtree(spool.inbox / "hot", ignore_errors=True)
        if kind == "files":
            steps = hot_files(spool)
            shutil.rmtree(spool.inbox / "hot")
            (spool.inbox / "hot").symlink_to(theirs)
            link = spool.inbox / "hot"
        else:
            steps = a_hot_folder_of_files(spool)
            link = spool.inbox / "hot" / "sub"
            shutil.rmtree(link)
            link.symlink_to(theirs)
        with pytest.raises((OSError, VqdError)):
            carry_out(steps)
        assert files_in(theirs) == {"a.png": "theirs"}
        assert link.readlink() == theirs
        assert [*spool.active.iterdir()] == []
        link.unlink()


@pytest.mark.parametrize("claim", [hot_files, a_hot_folder_of_files])
def test_nothing_goes_back_through_a_link_that_came_in_the_folder_s_place(
    spool: Spool, tmp_path: Path, claim: Callable[[Spool], Steps]
) -> None:
    steps = claim(spool)
    dropped = files_in(spool.inbox)
    carry_out(steps, 2 if claim is a_hot_folder_of_files else 3)
    hot = spool.inbox / "hot"
    hot.rename(tmp_path / "real")
    (tmp_path / "theirs").mkdir()
    hot.symlink_to(tmp_path / "theirs")
    claims.recover_claims(spool.active, spool.inbox)
    assert files_in(tmp_path / "theirs") == {}
    hot.unlink()
    (tmp_path / "real").rename(hot)
    claims.recover_claims(spool.active, spool.inbox)
    assert [*spool.active.iterdir()] == []
    assert files_in(spool.inbox) == dropped


def test_a_link_that_was_taken_before_a_kill_goes_back(spool: Spool, tmp_path: Path) -> None:
    write(tmp_path / "theirs" / "job.yaml", "theirs")
    steps = a_hot_folder_of_files(spool)
    carry_out(steps, 1)
    drop = spool.inbox / "hot" / "sub"
    shutil.rmtree(drop)
    (spool.active / ".J.part").symlink_to(tmp_path / "theirs")
    claims.recover_claims(spool.active, spool.inbox)
    assert drop.readlink() == tmp_path / "theirs"
    assert [*spool.active.iterdir()] == []


def test_a_note_that_was_not_written_to_its_end_is_taken_away_and_nothing_of_others(
    spool: Spool, tmp_path: Path
) -> None:
    write(spool.active / "..J.claim.part", '{"origin": "inb')
    write(tmp_path / "theirs", "theirs")
    (spool.active / "..K.claim.part").symlink_to(tmp_path / "theirs")
    write(spool.active / "..J.part", "theirs")
    claims.recover_claims(spool.active, spool.inbox)
    left = sorted(path.name for path in spool.active.iterdir())
    assert left == ["..J.part", "..K.claim.part"]


def test_what_was_dropped_again_meanwhile_is_not_written_over(spool: Spool) -> None:
    steps = hot_files(spool)
    carry_out(steps, 3)
    write(spool.inbox / "hot" / "a.png", "another")
    claims.recover_claims(spool.active, spool.inbox)
    assert files_in(spool.inbox / "hot") == {
        "a (2).png": "a.png",
        "a.png": "another",
        "a.yaml": "a.yaml",
        "b.png": "b.png",
    }


def test_what_was_taken_goes_back_into_a_folder_that_was_taken_away(spool: Spool) -> None:
    steps = hot_files(spool)
    carry_out(steps, 3)
    shutil.rmtree(spool.inbox / "hot")
    claims.recover_claims(spool.active, spool.inbox)
    assert [*files_in(spool.inbox / "hot")] == ["a.png"]


def test_what_was_held_on_a_share_that_is_away_is_left_until_it_is_back(
    spool: Spool, elsewhere: Path
) -> None:
    files = [write(elsewhere / name, name) for name in ("a.png", "b.png")]
    steps = claims.claiming_files(files, spool.active / "J", b"vqd: 1", elsewhere)
    carry_out(steps, 5)
    away = elsewhere.with_name(f"{elsewhere.name}-away")
    elsewhere.rename(away)
    for _ in range(2):
        claims.recover_claims(spool.active, spool.inbox, [elsewhere])
        elsewhere.mkdir(exist_ok=True)
    assert files_in(elsewhere) == {}
    elsewhere.rmdir()
    away.rename(elsewhere)
    claims.recover_claims(spool.active, spool.inbox, [elsewhere])
    assert [*files_in(elsewhere)] == ["a.png", "b.png"]
    assert [*spool.active.iterdir()] == []


def test_nothing_is_copied_where_there_is_no_room_for_all_of_it(
    spool: Spool, elsewhere: Path
) -> None:
    big = elsewhere / "big.png"
    with big.open("wb") as file:
        file.truncate(1 << 50)
    with pytest.raises(OSError, match="No space left"):
        claims.claim_files([big], spool.active / "J", b"vqd: 1", elsewhere)
    assert big.stat().st_size == 1 << 50
    assert [*spool.active.iterdir()] == []


def test_a_file_that_its_owner_took_away_is_not_missed(spool: Spool) -> None:
    steps = hot_files(spool)
    (spool.inbox / "hot" / "b.png").unlink()
    assert carry_out(steps)
    assert [*files_in(spool.active / "J")] == ["a.png", "a.yaml", "job.yaml"]


def test_nothing_is_taken_where_all_files_were_taken_away(spool: Spool) -> None:
    steps = hot_files(spool)
    shutil.rmtree(spool.inbox / "hot")
    (spool.inbox / "hot").mkdir()
    with pytest.raises(FileNotFoundError):
        carry_out(steps)
    assert [*spool.active.iterdir()] == []


def test_inputs_go_back_when_their_job_file_was_taken_away(spool: Spool) -> None:
    steps = a_bare_job(spool)
    (spool.inbox / "j.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        carry_out(steps)
    assert [*files_in(spool.inbox)] == ["a.png", "a.yaml", "in/b.png"]
    assert [*spool.active.iterdir()] == []


def test_two_claims_of_one_name_do_not_mix(spool: Spool) -> None:
    first = hot_files(spool)
    carry_out(first, 3)
    other = write(spool.inbox / "other" / "c.png", "c.png")
    with pytest.raises(VqdError) as caught:
        claims.claim_files([other], spool.active / "J", b"vqd: 1", other.parent)
    assert caught.value.code == "name_taken"
    assert carry_out(first)
    assert [*files_in(spool.active / "J")] == ["a.png", "a.yaml", "b.png", "job.yaml"]
    assert other.exists()


@pytest.mark.parametrize(
    "origin", ["/etc", "../..", "inbox/../..", "inbox/a/b", "done", "inbox/link"]
)
def test_a_note_that_somebody_forged_moves_nothing(
    spool: Spool, tmp_path: Path, origin: str
) -> None:
    (spool.inbox / "link").symlink_to(tmp_path)
    told = {"origin": origin, "last": "job.yaml", "is_folder": False, "by": "rename"}
    write(spool.active / ".J.claim", json.dumps(told))
    write(spool.active / ".J.part" / "cron", "theirs")
    claims.recover_claims(spool.active, spool.inbox)
    assert (spool.active / ".J.part" / "cron").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"origin": 5}', '{"origin": "x", "y": 1}'])
def test_a_file_that_is_no_note_is_left_alone(spool: Spool, text: str) -> None:
    write(spool.active / ".J.claim", text)
    claims.recover_claims(spool.active, spool.inbox)
    assert (spool.active / ".J.claim").read_text() == text


def test_nothing_goes_back_through_a_link(spool: Spool, tmp_path: Path) -> None:
    steps = a_bare_job(spool)
    carry_out(steps, 5)
    (spool.inbox / "in").rmdir()
    (spool.inbox / "in").symlink_to(tmp_path)
    claims.recover_claims(spool.active, spool.inbox)
    assert not (tmp_path / "b.png").exists()
    assert (spool.active / ".J.part" / "in" / "b.png").exists()


def test_a_folder_that_became_a_link_is_put_back(spool: Spool, tmp_path: Path) -> None:
    (spool.inbox / "job").symlink_to(tmp_path)
    with pytest.raises(VqdError, match="became a link"):
        claims.claim_folder(spool.inbox / "job", spool.active / "20260101-000000-job")
    assert (spool.inbox / "job").readlink() == tmp_path
    assert [*spool.active.iterdir()] == []

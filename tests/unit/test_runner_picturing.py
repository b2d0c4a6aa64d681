import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.builders import NOW, accept_a_job
from tests.samples import picture
from vqd.domain.job import Notify
from vqd.domain.notice import JobNews
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.media.thumbnails import Thumbnails
from vqd.notify.message import Picture
from vqd.runner.picturing import picture_of
from vqd.store.store import Session, Store

MOST = 1_000_000


@pytest.fixture
def kept(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


def make(
    store: Store, kept: Thumbnails | None, folder: Path, *, prompts: int, each: int = 1
) -> int:
    """Let every prompt of a job make `each` pictures; gives the job's key."""
    job_key = accept_a_job(store, total=prompts, notify=Notify(("done",), "studio"))
    for number in range(1, prompts + 1):
        made = [an_output(folder, number, turn, kept) for turn in range(each)]
        store.write(lambda session, made=made: succeed(session, made))  # type: ignore[misc]
    return job_key


def an_output(folder: Path, number: int, turn: int, kept: Thumbnails | None) -> OutputFile:
    path = picture(folder / f"{number:03}_{turn}.png", size=(80, 60), shade=number % 256)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if kept is not None:
        kept.make(path, sha256, below=folder)
    return OutputFile("image", f"outputs/{path.name}", "image", sha256, 10, 80, 60)


def succeed(session: Session, made: list[OutputFile]) -> None:
    claimed = session.prompts.claim("gpu1", "p", now=NOW)
    assert claimed is not None
    session.prompts.succeed(claimed.key, Succeeded(tuple(made), 1.0), now=NOW)


def pictured(
    store: Store, job_key: int, kept: Thumbnails, most_bytes: int = MOST
) -> Picture | None:
    with store.reading() as session:
        job = session.jobs.get(job_key)
        news = JobNews(job_key, "20260101-a", "a", "w", job.state, None, job.counts)
        return picture_of(session, news, kept, most_bytes=most_bytes)


def size_of(picture: Picture | None) -> tuple[int, int]:
    assert picture is not None
    assert (picture.name, picture.mime) == ("20260101-a.jpg", "image/jpeg")
    with Image.open(BytesIO(picture.data)) as opened:
        return opened.size


def test_one_output_is_shown_alone(store: Store, kept: Thumbnails, tmp_path: Path) -> None:
    job_key = make(store, kept, tmp_path, prompts=1)
    assert size_of(pictured(store, job_key, kept)) == (80, 60)


def test_many_prompts_are_shown_by_nine_from_all_over_the_job(
    store: Store, kept: Thumbnails, tmp_path: Path
) -> None:
    job_key = make(store, kept, tmp_path, prompts=27)
    assert size_of(pictured(store, job_key, kept)) == (3 * 86 + 6, 3 * 66 + 6)
    with store.reading() as session:
        spread = session.outputs.spread(job_key, 27, most=9)
    assert [one.path for one in spread] == [
        f"outputs/{number:03}_0.png" for number in range(1, 28, 3)
    ]


def test_several_outputs_of_a_prompt_are_shown_each(
    store: Store, kept: Thumbnails, tmp_path: Path
) -> None:
    job_key = make(store, kept, tmp_path, prompts=2, each=2)
    assert size_of(pictured(store, job_key, kept)) == (2 * 86 + 6, 2 * 66 + 6)


def test_what_has_no_thumbnail_that_was_kept_is_left_out(
    store: Store, kept: Thumbnails, tmp_path: Path
) -> None:
    job_key = make(store, None, tmp_path, prompts=3)
    assert pictured(store, job_key, kept) is None
    an_output(tmp_path, 2, 0, kept)
    assert size_of(pictured(store, job_key, kept)) == (80, 60)


def test_who_takes_no_pictures_and_what_made_none_has_none(
    store: Store, kept: Thumbnails, tmp_path: Path
) -> None:
    assert pictured(store, make(store, kept, tmp_path, prompts=1), kept, 0) is None
    assert pictured(store, accept_a_job(store, "b"), kept) is None

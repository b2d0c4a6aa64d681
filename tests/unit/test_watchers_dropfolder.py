import threading
import time
from collections.abc import Callable, Iterator
from errno import ENOSPC
from itertools import cycle
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import A_JOB_FILE, write
from tests.waiting import wait_for
from vqd.service.draft import Draft
from vqd.spool.layout import Spool
from vqd.watchers import reading as watchers_reading
from vqd.watchers.candidate import Candidate
from vqd.watchers.dropfolder import SLICE_S, DropFolder, Take
from vqd.watchers.seeing import Seeing
from vqd.watchers.settle import Settling, Waiting
from vqd.watchers.waiting import WaitingList

SETTLE_S = 0.5


@pytest.fixture
def seeing() -> Iterator[Seeing]:
    made = Seeing("native")
    yield made
    made.close()


def drop_folder(
    folder: Path, seeing: Seeing, take: Take, on_taken: Callable[[float], None] = lambda _: None
) -> DropFolder:
    return DropFolder(
        folder,
        "",
        take,
        settling=Settling(settle_s=SETTLE_S),
        seeing=seeing,
        waiting=WaitingList(Spool.create(folder.with_name("spool"))),
        on_taken=on_taken,
    )


def test_drops_that_take_long_let_everything_else_have_its_turn(
    tmp_path: Path, seeing: Seeing
) -> None:
    now, taken = 0.0, []

    def take(name: str, now: float) -> None:
        taken.append(name)
        busy(SLICE_S)

    drops = drop_folder(tmp_path, seeing, take)
    drops.look(["c", "a", "b"], now)
    assert taken == ["a"]
    assert drops.again_s(now) == 0.0
    drops.look(drops.due(now), now)
    drops.look(drops.due(now), now)
    assert taken == ["a", "b", "c"]
    assert drops.again_s(now) is None


def read(drops: DropFolder, found: Candidate, draft: Draft, now: float) -> Draft | Waiting:
    """Look at a job file that asks for this by then."""
    return drops.ready("beach.yaml", found, lambda _: draft, now, peek=lambda _: draft)


def test_what_was_only_peeked_at_is_not_taken_for_a_draft(
    tmp_path: Path, seeing: Seeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers_reading, "PATIENCE_S", 0.01)
    found = a_candidate(tmp_path)
    drops = drop_folder(tmp_path, seeing, lambda _name, _now: None)
    may_end, peeked, draft = threading.Event(), a_draft(inputs=()), a_draft(inputs=())

    def peek(_: Path) -> Draft:
        may_end.wait(60)
        return peeked

    drops.ready("beach.yaml", found, lambda _: draft, 0.0, peek=peek)
    may_end.set()
    told = wait_for(
        lambda: _unless_waiting(
            drops.ready("beach.yaml", found, lambda _: draft, SETTLE_S, peek=peek)
        ),
        within_s=30,
    )
    assert told is draft


def _unless_waiting(told: Draft | Waiting) -> Draft | None:
    return None if isinstance(told, Waiting) else told


def test_the_inputs_of_a_copied_job_file_settle_while_it_does(
    tmp_path: Path, seeing: Seeing
) -> None:
    found = a_candidate(tmp_path)
    write(tmp_path / "p.png", "a picture")
    drops = drop_folder(tmp_path, seeing, lambda _name, _now: None)
    draft = a_draft(inputs=("p.png",))
    assert isinstance(read(drops, found, draft, 0.0), Waiting)
    assert read(drops, found, draft, SETTLE_S) is draft


def test_a_drop_that_is_taken_tells_since_when_it_had_not_changed(
    tmp_path: Path, seeing: Seeing
) -> None:
    lags: list[float] = []
    write(tmp_path / "p.png", "a picture")
    drops = drop_folder(tmp_path, seeing, lambda _name, _now: None, on_taken=lags.append)
    copied_at = time.monotonic() - 20.0
    drops.settle("p.png", [tmp_path / "p.png"], copied_at)
    drops.conclude("p.png", lambda: Waiting("it has just changed", 1.0), copied_at)
    assert lags == []

    def take() -> None:
        drops.settle("p.png", [tmp_path / "p.png"], copied_at + SETTLE_S)

    drops.conclude("p.png", take, copied_at + SETTLE_S)
    assert lags == [pytest.approx(20.0, abs=10.0)]
    drops.conclude("p.png", lambda: None, time.monotonic())
    assert len(lags) == 1


def test_an_input_that_changes_last_is_waited_for(tmp_path: Path, seeing: Seeing) -> None:
    found = a_candidate(tmp_path)
    picture = write(tmp_path / "p.png", "half")
    drops = drop_folder(tmp_path, seeing, lambda _name, _now: None)
    draft = a_draft(inputs=("p.png",))
    read(drops, found, draft, 0.0)
    write(picture, "the whole picture")
    assert isinstance(read(drops, found, draft, SETTLE_S), Waiting)
    assert read(drops, found, draft, 4 * SETTLE_S) is draft


def test_what_the_job_file_names_in_the_end_is_waited_for(tmp_path: Path, seeing: Seeing) -> None:
    found = a_candidate(tmp_path)
    write(tmp_path / "p.png", "a picture")
    drops = drop_folder(tmp_path, seeing, lambda _name, _now: None)
    read(drops, found, a_draft(inputs=()), 0.0)
    draft = a_draft(inputs=("p.png",))
    assert isinstance(read(drops, found, draft, SETTLE_S), Waiting)
    assert read(drops, found, draft, 2 * SETTLE_S) is draft


def test_a_drop_that_cannot_be_taken_is_logged_once_an_hour(tmp_path: Path, seeing: Seeing) -> None:
    write(tmp_path / "beach.yaml", "vqd: 1")
    turns = cycle([True, False])

    def take(_name: str, now: float) -> Waiting:
        if next(turns):
            return Waiting("complete", 0.5)
        raise OSError(ENOSPC, "No space left on device", f"active/20261125-{now:06}-beach")

    drops = drop_folder(tmp_path, seeing, take)
    with capture_logs() as log:
        for now in range(0, 3600, 5):
            drops.look(["beach.yaml"], now)
        assert [line["event"] for line in log] == ["drop.refused"]
        for now in (3600, 3605):
            drops.look(["beach.yaml"], now)
    assert [line["event"] for line in log] == ["drop.refused"] * 2


def a_candidate(folder: Path) -> Candidate:
    job_file = write(folder / "beach.yaml", "vqd: 1")
    return Candidate(job_file, job_file)


def a_draft(*, inputs: tuple[str, ...]) -> Draft:
    return Draft("beach", "image-scale", A_JOB_FILE, "", inputs)


def busy(seconds: float) -> None:
    """Let time go by, as work does."""
    threading.Event().wait(seconds)


@pytest.mark.parametrize("copied", ["manifest.jsonl", "graphs/a.json", "report.html"])
def test_a_copy_of_a_job_that_ran_waits_a_while_for_its_status(
    tmp_path: Path, seeing: Seeing, copied: str
) -> None:
    drops = drop_folder(tmp_path / "inbox", seeing, lambda _, __: None)
    job = tmp_path / "inbox" / "20260101-000000-cats"
    write(job / copied, "")
    found = Candidate(job, write(job / "job.yaml", "vqd: 1\nworkflow: image-scale\n"))

    def said(now: float) -> str:
        draft = a_draft(inputs=())
        ready = drops.ready(job.name, found, lambda _: draft, now, peek=lambda _: draft)
        return ready.reason if isinstance(ready, Waiting) else "taken"

    assert "it has just changed" in said(0.0)
    assert said(1.0) == "it looks like a job that ran; its STATUS.yaml is not here yet"
    assert said(10.5) == "taken"
    write(job / "STATUS.yaml", "job: 20260101-000000-cats\n")
    assert "it has just changed" in said(11.0)
    assert said(32.0) == "taken"

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import NOW, write
from tests.samples import picture
from vqd.domain.quote import QuoteOver
from vqd.service.accepting import Accepting
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.service.together import Together
from vqd.spool.layout import Spool
from vqd.store.store import Store

MakeDrop = Callable[..., tuple[Path, Draft]]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "spool")


@pytest.fixture
def together(spool: Spool, store: Store) -> Together:
    accepting = Accepting(spool, store, QuoteOver(), lambda: None)
    return Together(spool, accepting.begin, lambda job: job in jobs_of(store))


@pytest.fixture
def a_drop(spool: Spool) -> MakeDrop:
    """Drop a job file with its picture, and draft it."""
    drafting = Drafting(spool, workflows=(), input_roots=())

    def drop(name: str, *lines: str, image: str = "") -> tuple[Path, Draft]:
        image = image or f"{name}.png"
        picture(spool.inbox / image)
        text = f"vqd: 1\nworkflow: image-scale\ninputs: {{image: {image}}}\n"
        job_file = write(spool.inbox / f"{name}.yaml", text + "".join(lines))
        return job_file, drafting.draft(job_file, now=NOW)

    return drop


def test_job_files_are_accepted_in_their_order(
    together: Together, a_drop: MakeDrop, spool: Spool, store: Store
) -> None:
    drops = [a_drop(f"shot{number:03}") for number in range(40)]
    told = taken(together, drops)
    assert told == [f"20260921-141320-shot{number:03}" for number in range(40)]
    assert jobs_of(store) == told
    assert {path.name for path in (spool.active / str(told[7])).iterdir()} == {
        "shot007.png",
        "shot007.yaml",
        "STATUS.yaml",
    }
    assert [path for path in spool.inbox.iterdir() if path.suffix == ".yaml"] == []


def test_job_files_of_one_name_get_a_folder_each(together: Together, a_drop: MakeDrop) -> None:
    names = ("beach", "Beach", "beach")
    drops = [a_drop(f"shot{at}", f"name: {name}\n") for at, name in enumerate(names)]
    assert taken(together, drops) == [
        "20260921-141320-beach",
        "20260921-141320-Beach-2",
        "20260921-141320-beach-3",
    ]


def test_job_files_that_share_an_input_all_have_it(
    together: Together, a_drop: MakeDrop, spool: Spool
) -> None:
    drops = [a_drop(f"shot{number}", image="shared.png") for number in range(20)]
    for job in taken(together, drops):
        assert (spool.active / str(job) / "shared.png").is_file()


def test_pictures_that_another_of_them_might_want_stay_where_they_lie(
    together: Together, a_drop: MakeDrop, spool: Spool
) -> None:
    taken(together, [a_drop(f"shot{number:03}") for number in range(40)])
    left = {path.name for path in spool.inbox.iterdir()}
    assert {f"shot{number:03}.png" for number in range(39)} <= left


def test_one_that_cannot_be_taken_keeps_no_other_from_it(
    together: Together, a_drop: MakeDrop, store: Store
) -> None:
    drops = [a_drop(name) for name in "abc"]
    drops[1][0].unlink()
    first, gone, last = taken(together, drops)
    assert isinstance(gone, FileNotFoundError)
    assert jobs_of(store) == [first, last]


def test_what_is_at_fault_is_rejected_among_the_others(
    together: Together, a_drop: MakeDrop, store: Store
) -> None:
    drops = [a_drop("a"), a_drop("b", "nonsense: 1\n"), a_drop("c")]
    told = taken(together, drops)
    with store.reading() as session:
        states = [str(job.state) for job in reversed(session.joblist.newest(10))]
    assert sorted(jobs_of(store)) == told
    assert sorted(states) == ["publishing", "queued", "queued"]


def taken(together: Together, drops: list[tuple[Path, Draft]]) -> list[str | Exception]:
    """Take them, and give the JOB of each, or why it was not taken."""
    begun = together.begin(drops, now=NOW)
    for one in begun:
        if not isinstance(one, Exception):
            one.end()
    return [one if isinstance(one, Exception) else one.job for one in begun]


def jobs_of(store: Store) -> list[str]:
    """The names of all jobs, in their order in the queue."""
    with store.reading() as session:
        return [job.job for job in reversed(session.joblist.newest(100))]

"""What is large lets by what is small, wherever it goes through a long list."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.bench.meanwhile import DEFINITION, GRAPH, HEAD
from tests.builders import NOW, write
from tests.waiting import wait_for
from vqd.domain.breaks import EVERY, taking_breaks, with_breaks
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.hot import HotFolders
from vqd.service.submit import Submission
from vqd.spool.layout import Spool
from vqd.store import calm
from vqd.store.calm import Breaks, Calm
from vqd.store.store import SLICE, Store
from vqd.watchers.hotfolder import Pace
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing

MANY = 20 * EVERY


@contextmanager
def counted() -> Iterator[list[None]]:
    """Give the breaks that are taken in the block."""
    breaks: list[None] = []
    with taking_breaks(lambda: breaks.append(None)):
        yield breaks


def test_there_is_a_break_after_so_many_items_in_the_block_alone() -> None:
    with counted() as breaks:
        assert [*with_breaks(range(3 * EVERY + 1))] == [*range(3 * EVERY + 1)]
        assert len(breaks) == 3
    assert [*with_breaks(range(EVERY))] == [*range(EVERY)]
    assert len(breaks) == 3


JOB = f"{HEAD}fan_out: "


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path / "spool")


@pytest.fixture
def drafting(spool: Spool, tmp_path: Path) -> Drafting:
    write(tmp_path / "workflows" / "timed.json", json.dumps(GRAPH))
    write(tmp_path / "workflows" / "timed.yaml", DEFINITION)
    return Drafting(spool, workflows=[tmp_path / "workflows"], input_roots=())


def table_job(folder: Path) -> Path:
    rows = "".join(f"shot {at}\n" for at in range(MANY))
    write(folder / "shots.csv", f"tag\n{rows}")
    return write(folder / "job.yaml", f"{JOB}{{rows: shots.csv}}\n")


def long_job(folder: Path) -> Path:
    texts = ", ".join(f"shot {at}" for at in range(MANY))
    return write(folder / "job.yaml", f"{JOB}{{matrix: {{tag: [{texts}]}}}}\n")


def many_in_few_words(folder: Path) -> Path:
    return write(folder / "job.yaml", f"{JOB}{{matrix: {{width: 1-40, color: 1-{MANY // 40}}}}}\n")


def many_inputs(folder: Path) -> Path:
    for at in range(MANY):
        write(folder / f"{at}.png", "")
    return write(folder / "job.yaml", "vqd: 1\nworkflow: image-scale\nparams: {size: 16x16}\n")


@pytest.mark.parametrize(
    ("job", "lists"),
    [
        (table_job, ["lines", "cells", "rows", "prompts"]),
        (long_job, ["values", "prompts"]),
        (many_in_few_words, ["prompts"]),
        (many_inputs, ["prompts"]),
    ],
)
def test_a_large_job_is_read_and_planned_with_breaks(
    spool: Spool, drafting: Drafting, job: Callable[[Path], Path], lists: list[str]
) -> None:
    with counted() as breaks:
        draft = drafting.draft(job(spool.inbox / "large"), now=NOW)
        assert draft.planned is not None
        assert len([*draft.planned.prompts()]) == MANY
    assert len(breaks) >= len(lists) * MANY // EVERY


def test_whoever_computes_for_long_waits_until_nothing_small_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calm, "WORK_S", 0)
    monkeypatch.setattr(calm, "CALM_S", 0.05)
    monkeypatch.setattr(calm, "APART_S", 60)
    quiet = Calm()
    take_break = Breaks(quiet)
    take_break()
    quiet.disturb()
    assert quiet.in_s(time.monotonic()) > 0
    take_break()
    assert quiet.in_s(time.monotonic()) == 0


def test_however_much_small_is_under_way_the_large_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calm, "WORK_S", 0)
    monkeypatch.setattr(calm, "CALM_S", 600)
    monkeypatch.setattr(calm, "APART_S", 0.01)
    noisy = Calm()
    noisy.disturb()
    Breaks(noisy)()
    assert noisy.in_s(time.monotonic()) > 0


def test_a_thread_takes_no_break_before_it_has_computed_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Calm, "in_s", lambda _, since: waited.append(since))
    take_break = Breaks(Calm())
    monkeypatch.setattr(calm, "WORK_S", 600)
    take_break()
    assert not waited
    monkeypatch.setattr(calm, "WORK_S", 0)
    take_break()
    assert len(waited) == 1


def test_a_drop_is_let_by_from_its_hint_on_and_a_large_one_lets_others_by(
    spool: Spool, drafting: Drafting, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Calm, "disturb", lambda _: told.append("small"))
    monkeypatch.setattr(Breaks, "__call__", lambda _: told.append("break"))
    submission = Submission(spool, store, drafting, Aside("returns"), on_change=lambda: None)
    with closing(Seeing("native")) as seeing:
        inbox = Inbox(
            spool,
            submission,
            HotFolders(spool.active, drafting, submission),
            seeing,
            pace=Pace(settle_s=0.0, gather_s=0.0),
            shortage=lambda: None,
            clock=lambda: NOW,
        )
        long_job(spool.inbox / "long")
        inbox.hint("long", renamed=False)
        assert not told
        inbox.hint("long", renamed=True)
        assert told == ["small"]
        wait_for(lambda: inbox.scan(1.0, whole=False) is None, within_s=60)
    assert "break" in told


def test_a_large_job_is_brought_in_with_breaks(
    spool: Spool, drafting: Drafting, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Breaks, "__call__", lambda _: told.append("break"))
    draft = drafting.draft(long_job(spool.inbox / "long"), now=NOW)
    assert draft.planned is not None
    assert draft.planned.plan.total > SLICE
    assert not told
    store.accept("long", draft.planned, draft.job_file, input_folder="", now=NOW)
    assert told

"""Whatever bytes a file system takes for names: what is dropped is taken, or told of, and kept."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.samples import TWO_LINES
from vqd.domain.names import safe_name
from vqd.domain.queue import Job, Prompt
from vqd.planning.naming import is_safe
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.hot import HotFolders
from vqd.service.submit import Submission
from vqd.spool.layout import OWN_FOLDER, Spool
from vqd.spool.leftovers import copy_name
from vqd.store.store import Store
from vqd.watchers.hotfolder import Pace
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing

JOB = re.compile(r"\d{8}-\d{6}-.+", re.DOTALL)


def names(longest_bytes: int) -> st.SearchStrategy[bytes]:
    """Give what a name may be on Linux: any bytes but `/` and NUL."""
    texts = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
    either = st.one_of(st.binary(min_size=1, max_size=255), texts.map(str.encode))
    whole = either.map(lambda name: name.translate(None, b"/\0")[:longest_bytes])
    return whole.filter(lambda name: name not in (b"", b".", b".."))


class Door:
    """An inbox with one daemon's parts behind it, and no thread."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool.create(folder / "spool")
        self.store = Store(folder / "queue.db")
        drafting = Drafting(self.spool, workflows=(), input_roots=())
        submission = Submission(
            self.spool, self.store, drafting, Aside("returns"), on_change=lambda: None
        )
        self.seeing = Seeing("native")
        self.inbox = Inbox(
            self.spool,
            submission,
            HotFolders(self.spool.active, drafting, submission),
            self.seeing,
            pace=Pace(settle_s=0.0, gather_s=0.0),
            shortage=lambda: None,
            clock=lambda: NOW,
        )

    def look(self) -> None:
        """Look until nothing may still come."""
        for now in (0.0, 1.0, 30.0):
            while (self.inbox.scan(now, whole=True) or 1) <= 0:
                pass

    @property
    def waiting(self) -> str:
        return (self.spool.inbox / OWN_FOLDER / "WAITING.txt").read_text(encoding="utf-8")

    def job(self, name: str) -> tuple[Job, list[Prompt]]:
        with self.store.reading() as session:
            job = session.jobs.find(name)
            assert job is not None
            return job, [*session.prompts.of_job(job.job_key)]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.seeing.close()
    made.store.close()


def test_a_job_folder_of_any_name_with_an_input_of_any_name(door: Door) -> None:
    @given(folder=names(255), inside=names(250))
    @example(folder=b"\xe9t\xe9", inside=b"\xff")
    @example(folder=b"CON", inside=b"a\nb")
    @example(folder=b"x" * 255, inside=b"y" * 250)
    @settings(max_examples=50)
    def drop(folder: bytes, inside: bytes) -> None:
        made = door.spool.inbox / os.fsdecode(folder)
        made.mkdir()
        (made / "job.yaml").write_text(TWO_LINES)
        (made / f"{os.fsdecode(inside)}.png").write_bytes(b"12345")
        assert_taken_or_told(door, made, b"12345")

    drop()


def test_what_vqd_copies_into_the_inbox_is_told_of_by_nobody(door: Door) -> None:
    (door.spool.inbox / ".hidden").mkdir()
    (door.spool.inbox / copy_name()).mkdir()
    door.look()
    assert [line for line in door.waiting.splitlines() if ": " in line] == [
        ".hidden: ignored: its name begins with . or ~"
    ]


def test_a_job_file_of_any_name(door: Door) -> None:
    @given(name=names(250))
    @example(name=b"\xe9t\xe9")
    @example(name=b"nul")
    @settings(max_examples=50)
    def drop(name: bytes) -> None:
        made = door.spool.inbox / f"{os.fsdecode(name)}.yaml"
        made.write_bytes(TWO_LINES.encode())
        assert_taken_or_told(door, made, TWO_LINES.encode())

    drop()


def assert_taken_or_told(door: Door, dropped: Path, content: bytes) -> None:
    before = {*door.spool.active.iterdir()}
    door.look()
    taken = {*door.spool.active.iterdir()} - before
    if os.path.lexists(dropped):
        lines = [line for line in door.waiting.splitlines() if ": " in line]
        assert (taken, len(lines)) == (set(), 1), door.waiting
        dropped.rename(door.spool.root / "told")
        shutil.rmtree(door.spool.root / "told", ignore_errors=True)
        (door.spool.root / "told").unlink(missing_ok=True)
        return
    (folder,) = taken
    assert JOB.fullmatch(folder.name)
    assert safe_name(folder.name) == folder.name
    assert content in {path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    job, prompts = door.job(folder.name)
    assert bool(prompts) != bool(job.problems)
    for prompt in prompts:
        assert (folder / prompt.inputs["image"]).read_bytes() == content
        assert is_safe(prompt.stem)

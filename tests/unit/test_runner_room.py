"""Whether there is room for more beside what runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import A_JOB_FILE, NOW, a_made, a_planned_job, accept_a_job, kept
from vqd.runner.room import Room
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks, Space
from vqd.store.store import Store

MB = 10**6
RESERVE = Reserve(100 * MB, 1.0)


class Disk:
    """A disk that a test fills and empties."""

    def __init__(self, free_mb: float) -> None:
        self.space = Space(Path("/srv/vqd"), 0, 10_000 * MB, None, None, is_read_only=False)
        self.free_mb = free_mb

    def look(self) -> Disks:
        """Look at it."""
        return Disks(replace(self.space, free_bytes=int(self.free_mb * MB)), None, RESERVE)


class Changes:
    """Counts how often the loop was woken."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def makes(store: Store, workflow: str, megabytes: int) -> None:
    """Let prompts of a workflow have made so much each; a job of it is open."""
    made = a_made("a_1")
    output = replace(made.outputs[0], bytes=megabytes * MB)
    planned = kept(a_planned_job(2, workflow=workflow), 1)
    first, second = planned.prompts()
    one = replace(first, made=replace(made, outputs=(output,)))
    store.accept(
        f"20260101-000000-{workflow}",
        replace(planned, prompts=lambda: iter([one, second])),
        A_JOB_FILE,
        input_folder="",
        now=NOW,
    )


def test_below_the_reserve_nothing_is_sent_and_the_loop_is_told_when_that_changes(
    store: Store,
) -> None:
    disk, changes = Disk(99), Changes()
    room = Room(store, disk.look, on_change=changes)
    assert room.look() is not None
    said = "/srv/vqd has 99 MB free, less than the 100 MB that stay free (reserve): make room there"
    assert room.held_by((), 0.0) == f"parked: {said}"
    assert str(room.shortage) == said
    assert changes.count == 1
    disk.free_mb = 105
    room.look()
    assert room.shortage is not None, "one prompt more would be the end again"
    disk.free_mb = 111
    assert room.look() is None, "it looks by itself only while there is too little"
    assert room.held_by((), 0.0) is None
    assert changes.count == 2


def test_so_many_prompts_are_sent_as_there_is_room_for_what_they_make(store: Store) -> None:
    makes(store, "clips", 50)
    disk = Disk(100 + 225)
    room = Room(store, disk.look, on_change=lambda: None)
    room.look()
    assert room.places(range(64), ()) == range(4)
    assert room.places(range(64), ["clips"] * 3) == range(1)
    assert room.held_by(["clips"] * 3, 0.0) is None
    assert room.places(range(64), ["clips"] * 4) == range(0)
    assert room.held_by(["clips"] * 4, 0.0) == (
        "parked: /srv/vqd has 325 MB free, less than the 100 MB that stay free (reserve) and"
        " the 250 MB that are wanted: make room there"
    )


def test_a_prompt_that_is_next_counts_like_the_largest_of_the_workflows(store: Store) -> None:
    makes(store, "clips", 50)
    makes(store, "stills", 2)
    disk = Disk(100 + 99)
    room = Room(store, disk.look, on_change=lambda: None)
    room.look()
    assert room.places(range(64), ["stills"]) == range(1)
    disk.free_mb = 100 + 49
    room.look()
    assert room.shortage is not None


def test_of_a_workflow_that_never_ran_nothing_is_known(store: Store) -> None:
    accept_a_job(store)
    room = Room(store, Disk(101).look, on_change=lambda: None)
    room.look()
    assert room.places(range(64), ["image-scale"]) == range(64)


def test_what_a_disk_refused_holds_everything_until_it_is_tried_again(store: Store) -> None:
    now, changes = [100.0], Changes()
    room = Room(store, Disk(1000).look, on_change=changes, clock=lambda: now[0])
    room.look()
    said = "outputs/a.png cannot be written: Disk quota exceeded"
    room.refuse(said, 105.0)
    room.refuse(said, 105.0)
    assert changes.count == 1, "the loop is not woken by what it says itself, again and again"
    assert room.held_by((), now[0]) == f"parked: {said}"
    assert room.look() == pytest.approx(5.0)
    assert refused(store) == said
    now[0] = 105.0
    assert room.held_by((), now[0]) is None
    assert room.look() is None
    assert refused(store) is None


def test_what_an_earlier_process_was_refused_is_forgotten_at_the_first_look(store: Store) -> None:
    store.write(lambda session: session.refusals.note("a.png cannot be written"))
    Room(store, Disk(1000).look, on_change=lambda: None).look()
    assert refused(store) is None


def refused(store: Store) -> str | None:
    with store.reading() as session:
        return session.refusals.said()


def test_before_the_first_look_nothing_is_in_the_way(store: Store) -> None:
    room = Room(store, Disk(0).look, on_change=lambda: None)
    assert (room.held_by(["clips"], 0.0), room.places(range(8), ["clips"])) == (None, range(8))

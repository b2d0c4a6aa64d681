import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.inotify_c import InotifyFD

from tests.builders import write
from tests.waiting import wait_for
from vqd.spool.mounts import WatchMode
from vqd.watchers.hints import Hint
from vqd.watchers.lookout import Lookout, Place
from vqd.watchers.seeing import Seeing


class Ear:
    """A lookout, and all that it told."""

    def __init__(self, seeing: Seeing, most_watches: int) -> None:
        self.heard: list[Hint] = []
        self.losses = 0
        self.is_free = threading.Event()
        self.is_free.set()
        self.lookout = Lookout(
            seeing, on_hint=self._hear, on_loss=self._lose, most_watches=most_watches
        )

    def has_heard_of(self, path: Path) -> bool:
        """Wait until it was told of a path."""
        wait_for(lambda: path in self._paths, within_s=30, what=f"a hint of {path}")
        return True

    def hears_nothing_from(self, folder: Path, *, before: Path) -> bool:
        """Tell whether nothing in a folder is told of until a file is that is made now."""
        before.touch()
        self.has_heard_of(before)
        return folder not in [path.parent for path in self._paths]

    @property
    def _paths(self) -> list[Path]:
        return [hint.path for hint in self.heard]

    def _hear(self, hint: Hint) -> None:
        self.is_free.wait(60)
        self.heard.append(hint)

    def _lose(self) -> None:
        self.losses += 1


Listening = Callable[..., Ear]


@pytest.fixture
def listen() -> Iterator[Listening]:
    """Makes lookouts, and ends them."""
    made: list[Ear] = []
    seen: list[Seeing] = []

    def listening(mode: WatchMode = "native", *, most_watches: int = 100) -> Ear:
        seeing = Seeing(mode, settle_poll_s=1.0)
        seen.append(seeing)
        made.append(Ear(seeing, most_watches))
        return made[-1]

    yield listening
    for ear in made:
        ear.lookout.stop()
    for seeing in seen:
        seeing.close()


def test_what_is_written_comes_or_goes_is_told(tmp_path: Path, listen: Listening) -> None:
    ear = listen()
    ear.lookout.keep([Place(tmp_path)], 0.0)
    path = write(tmp_path / "a.txt", "x")
    assert ear.has_heard_of(path)
    moved = tmp_path / "b.txt"
    path.rename(moved)
    wait_for(lambda: Hint(moved, renamed=True) in ear.heard, within_s=30)
    ear.heard.clear()
    moved.unlink()
    assert ear.has_heard_of(moved)


def test_folders_below_are_watched_as_deep_as_was_asked(tmp_path: Path, listen: Listening) -> None:
    deep = tmp_path / "one" / "two" / "three"
    deep.mkdir(parents=True)
    ear = listen()
    ear.lookout.keep([Place(tmp_path, depth=2)], 0.0)
    assert ear.has_heard_of(write(deep.parent / "a.txt", "x"))
    write(deep / "a.txt", "x")
    assert ear.hears_nothing_from(deep, before=deep.parent / "b.txt")


def test_a_folder_that_comes_is_watched_and_looked_into_once(
    tmp_path: Path, listen: Listening
) -> None:
    ear = listen()
    ear.lookout.keep([Place(tmp_path, depth=2)], 0.0)
    (tmp_path / "job" / "frames").mkdir(parents=True)
    ear.has_heard_of(tmp_path / "job")
    ear.lookout.look(0.0)
    assert ear.has_heard_of(tmp_path / "job" / "frames")
    assert ear.has_heard_of(write(tmp_path / "job" / "frames" / "a.png", "x"))


def test_a_folder_that_moves_away_is_told_and_watched_no_more(
    tmp_path: Path, listen: Listening
) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "job").mkdir(parents=True)
    ear = listen()
    ear.lookout.keep([Place(inbox, depth=1)], 0.0)
    ear.heard.clear()
    (inbox / "job").rename(tmp_path / "job")
    assert ear.has_heard_of(inbox / "job")
    ear.lookout.look(0.0)
    write(tmp_path / "job" / "a.txt", "x")
    assert ear.hears_nothing_from(inbox / "job", before=inbox / "b.txt")


def test_a_folder_that_was_deleted_and_made_again_is_watched_again(
    tmp_path: Path, listen: Listening
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    ear = listen()
    ear.lookout.keep([Place(inbox)], 0.0)
    ear.heard.clear()
    shutil.rmtree(inbox)
    assert ear.has_heard_of(inbox)
    ear.lookout.look(0.0)
    inbox.mkdir()
    ear.lookout.keep([Place(inbox)], 1.0)
    assert ear.has_heard_of(write(inbox / "a.txt", "x"))


def test_what_vqd_writes_and_what_is_never_taken_is_not_watched(
    tmp_path: Path, listen: Listening
) -> None:
    for name in ("_vqd", ".hidden", "@eaDir"):
        (tmp_path / name).mkdir()
    ear = listen()
    ear.lookout.keep([Place(tmp_path, depth=3)], 0.0)
    for name in ("_vqd", ".hidden", "@eaDir"):
        write(tmp_path / name / "a.txt", "x")
        assert ear.hears_nothing_from(tmp_path / name, before=tmp_path / f"{name}.txt")


def test_a_place_with_more_folders_than_watches_is_looked_at_as_well(
    tmp_path: Path, listen: Listening
) -> None:
    for number in range(5):
        (tmp_path / f"job{number}").mkdir()
    ear = listen(most_watches=3)
    ear.lookout.keep([Place(tmp_path, depth=1)], 0.0)
    assert ear.lookout.look(0.0) == 1.0
    ear.heard.clear()
    for number in range(5):
        os.utime(tmp_path / f"job{number}", (number, number))
    ear.lookout.look(1.0)
    assert {hint.path.name for hint in ear.heard} == {f"job{number}" for number in range(5)}
    shutil.rmtree(tmp_path / "job1")
    shutil.rmtree(tmp_path / "job2")
    shutil.rmtree(tmp_path / "job3")

    def is_watched_alone() -> bool:
        ear.lookout.keep([Place(tmp_path, depth=1)], 2.0)
        return ear.lookout.look(2.0) is None

    wait_for(is_watched_alone, within_s=30)


def test_after_lost_hints_everything_is_watched_anew(tmp_path: Path, listen: Listening) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
    if limit > 200_000:
        pytest.skip(f"too many events to make before {limit} are lost")
    ear = listen()
    ear.lookout.keep([Place(tmp_path)], 0.0)
    ear.is_free.clear()
    for number in range(limit + 5000):
        (tmp_path / str(number)).symlink_to("x")
    ear.is_free.set()
    wait_for(lambda: ear.losses, within_s=60, what="word of the loss")
    ear.lookout.keep([Place(tmp_path)], 1.0)
    assert ear.has_heard_of(write(tmp_path / "after.txt", "x"))


def test_polled_places_are_looked_at_less_often_while_nothing_changes(
    tmp_path: Path, listen: Listening
) -> None:
    ear = listen("poll")
    ear.lookout.keep([Place(tmp_path, depth=1)], 0.0)
    now, waits = 0.0, []
    for _ in range(9):
        wait_s = ear.lookout.look(now)
        assert wait_s is not None
        waits.append(wait_s)
        now += wait_s
    assert waits[0] == 1.0
    assert waits == sorted(waits)
    assert 2.4 < waits[-1] <= 2.5
    assert ear.heard == []
    path = write(tmp_path / "a.txt", "x")
    assert ear.lookout.look(now) == 1.0
    assert ear.heard == [Hint(path)]


def test_a_polled_folder_in_which_something_came_is_told_of(
    tmp_path: Path, listen: Listening
) -> None:
    (tmp_path / "job").mkdir()
    os.utime(tmp_path / "job", (1, 1))
    write(tmp_path / "left alone.txt", "x")
    ear = listen("poll")
    ear.lookout.keep([Place(tmp_path)], 0.0)
    write(tmp_path / "job" / "a.txt", "x")
    ear.lookout.look(1.0)
    assert ear.heard == [Hint(tmp_path / "job")]


def test_a_place_that_is_not_there_is_no_error_and_is_seen_when_it_comes(
    tmp_path: Path, listen: Listening
) -> None:
    for mode in ("native", "poll"):
        ear = listen(mode)
        place = Place(tmp_path / mode)
        ear.lookout.keep([place], 0.0)
        assert ear.lookout.look(9.0) is None
        place.folder.mkdir()
        ear.lookout.keep([place], 10.0)
        path = write(place.folder / "a.txt", "x")
        ear.lookout.look(12.0)
        assert ear.has_heard_of(path)


def test_a_folder_that_cannot_be_read_keeps_no_other_from_being_watched(
    tmp_path: Path, listen: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mine", "yours", "others"):
        (tmp_path / name).mkdir()
    add = InotifyFD.add_callback

    def add_if_allowed(self: InotifyFD, path: bytes, *given: Any) -> int:
        return -1 if path.endswith(b"yours") else add(self, path, *given)

    monkeypatch.setattr(InotifyFD, "add_callback", add_if_allowed)
    ear = listen()
    ear.lookout.keep([Place(tmp_path, depth=1)], 0.0)
    assert ear.lookout.look(0.0) is None
    for name in ("mine", "others"):
        assert ear.has_heard_of(write(tmp_path / name / "a.txt", "x"))


def test_a_place_that_is_a_link_is_seen_as_what_it_leads_to(
    tmp_path: Path, listen: Listening
) -> None:
    (tmp_path / "shown").symlink_to("/proc/self/net", target_is_directory=True)
    ear = listen("auto")
    ear.lookout.keep([Place(tmp_path / "shown")], 0.0)
    assert ear.lookout.look(0.0) == 1.0

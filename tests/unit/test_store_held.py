"""Whether the file that was opened still lies there."""

import errno
import os
from pathlib import Path

import pytest

from vqd.store.held import HeldFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "state" / "queue.db"
    made.parent.mkdir()
    made.touch()
    return made


def test_a_file_that_is_gone_or_another_is_not_held(path: Path) -> None:
    held = HeldFile(path)
    assert held.is_held()
    path.rename(path.with_name("moved.db"))
    assert not held.is_held()
    path.touch()
    assert not held.is_held()


def test_a_file_whose_folder_is_gone_is_not_held(path: Path) -> None:
    held = HeldFile(path)
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.touch()
    assert not held.is_held()


def test_a_disk_that_does_not_tell_lets_no_file_be_taken_for_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldFile(path)

    def refuse(_: Path) -> os.stat_result:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "stat", refuse)
    assert held.is_held()

"""Whether drops are seen is tried out, and tells by what."""

from pathlib import Path

import pytest

from vqd.domain.finding import Finding, Level
from vqd.spool.mounts import WatchMode
from vqd.watchers.examine import examine_watching

AUTO = ["sed -i /^watch:/d vqd.yaml"]


def examined(folder: Path, mode: WatchMode = "auto", *, watches: Path) -> list[Finding]:
    return [*examine_watching(folder, mode, AUTO, watches=watches)]


@pytest.fixture
def watches(tmp_path: Path) -> Path:
    path = tmp_path / "max_user_watches"
    path.write_text("65536\n")
    return path


def test_a_trial_on_a_local_disk_is_seen_and_leaves_nothing(tmp_path: Path, watches: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (found,) = examined(folder, watches=watches)
    assert (found.level, found.code) in [(Level.OK, "events"), (Level.OK, "polled")]
    assert [*folder.iterdir()] == []


def test_what_is_polled_by_the_settings_is_not_tried(tmp_path: Path, watches: Path) -> None:
    (found,) = examined(tmp_path, "poll", watches=watches)
    assert found.said.endswith("and is looked at since watch is poll")


def test_few_watches_are_told_with_what_gives_more(tmp_path: Path, watches: Path) -> None:
    watches.write_text("512\n")
    *_, found = examined(tmp_path, watches=watches)
    assert (found.level, found.code) == (Level.WARN, "few_watches")
    assert found.cure == ("sudo sysctl -w fs.inotify.max_user_watches=524288",)


def test_a_hot_folder_that_is_not_there_is_wrong(tmp_path: Path, watches: Path) -> None:
    (found,) = examined(tmp_path / "gone", watches=watches)
    assert (found.level, found.code) == (Level.WRONG, "folder_away")
    assert found.cure == (f"sudo mount {tmp_path}/gone  # or mkdir it",)

"""Settings that are read again: all of them count, or none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.builders import write
from vqd.domain.errors import VqdError
from vqd.reloading import Reloading
from vqd.settings.changes import Step
from vqd.settings.load import load_settings
from vqd.settings.model import Settings
from vqd.settings.standing import told

REQUIRED = "spool: spool\nstate_dir: state\n"


class Recorder:
    """A part that notes what it goes by, and refuses what `fits` does not."""

    def __init__(self, fits: Callable[[Settings], bool] = lambda _: True) -> None:
        self.fits = fits
        self.taken: list[Settings] = []

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""

    def prepare(self, old: Settings, new: Settings) -> Step:  # noqa: ARG002 - as of every part
        """Give the step to other settings."""
        if not self.fits(new):
            raise VqdError("port_taken", "127.0.0.1:80: something listens there already.")
        return lambda: self.taken.append(new)


class Full(list[Settings]):
    """Takes nothing more."""

    def append(self, _: Settings) -> None:
        raise MemoryError


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file that is edited."""
    for name in [name for name in os.environ if name.startswith("VQD_")]:
        monkeypatch.delenv(name)
    (tmp_path / "state").mkdir()
    return write(tmp_path / "vqd.yaml", REQUIRED)


def reloading(
    main: Path, *parts: Recorder, on_failure: Callable[[], None] = lambda: None
) -> Reloading:
    return Reloading(load_settings(main), lambda: load_settings(main), parts, on_failure=on_failure)


def test_every_part_goes_by_the_new_settings_and_what_changed_is_said(main: Path) -> None:
    first, second = Recorder(), Recorder()
    made = reloading(main, first, second)
    write(main, REQUIRED + "rescan_s: 5\nkeep: 30d\n")
    with capture_logs() as lines:
        made.reload()
    assert made.settings.rescan_s == 5
    assert first.taken == second.taken == [made.settings]
    (line,) = lines
    assert (line["event"], line["changed"]) == ("settings.reloaded", ["keep", "rescan_s"])


def test_of_faulty_settings_nothing_counts_and_all_that_is_wrong_is_said(main: Path) -> None:
    part = Recorder()
    made = reloading(main, part)
    before = made.settings
    write(main, REQUIRED + "rescan_s: 5\nkeep: much\nrescan: 3\n")
    with capture_logs() as lines:
        made.reload()
    assert (made.settings, part.taken) == (before, [])
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("settings.refused", "error")
    assert len(line["problems"]) == 2
    assert f"{main}:4: keep: much is not a duration" in line["problems"][0]
    assert "[wrong_type] (and 1 more)" in (told(before.state_dir) or "")


def test_no_part_goes_by_settings_that_one_of_them_cannot_go_by(main: Path) -> None:
    ready, stuck = Recorder(), Recorder(fits=lambda settings: settings.rescan_s != 5)
    made = reloading(main, ready, stuck)
    write(main, REQUIRED + "rescan_s: 5\n")
    with capture_logs() as lines:
        made.reload()
    assert ready.taken == stuck.taken == []
    assert made.settings.rescan_s == 60
    assert lines[0]["problems"] == ["127.0.0.1:80: something listens there already. [port_taken]"]


def test_what_needs_a_restart_stays_as_it_was_and_is_told_until_it_is_taken_back(
    main: Path, tmp_path: Path
) -> None:
    part = Recorder()
    made = reloading(main, part)
    moved = "spool: other\nstate_dir: state\nhot_folders: {a: {path: spool/x, workflow: w}}\n"
    write(main, moved + "rescan_s: 5\n")
    with capture_logs() as lines:
        made.reload()
    assert lines[0]["waiting"] == ["spool", "hot_folders"]
    assert lines[0]["changed"] == ["rescan_s"]
    (taken,) = part.taken
    assert (taken.spool, taken.hot_folders, taken.rescan_s) == (tmp_path / "spool", {}, 5)
    assert told(taken.state_dir) == "spool, hot_folders: as before until the daemon is restarted"
    write(main, REQUIRED)
    made.reload()
    assert told(taken.state_dir) is None


def test_where_a_step_fails_the_daemon_is_to_end(main: Path) -> None:
    failures: list[str] = []
    part = Recorder()
    part.taken = Full()
    made = reloading(main, part, on_failure=lambda: failures.append("end"))
    write(main, REQUIRED + "rescan_s: 5\n")
    with pytest.raises(MemoryError):
        made.reload()
    assert failures == ["end"]


def test_settings_that_are_gone_are_refused(main: Path) -> None:
    made = reloading(main, Recorder())
    main.unlink()
    with capture_logs() as lines:
        made.reload()
    assert lines[0]["event"] == "settings.refused"
    assert "no such settings file" in lines[0]["problems"][0]


def test_what_is_to_be_told_is_gone_with_the_next_start(main: Path) -> None:
    made = reloading(main, Recorder())
    write(main, "spool: [")
    made.reload()
    assert told(made.settings.state_dir)
    made.start()
    assert told(made.settings.state_dir) is None


def test_a_state_dir_that_cannot_be_written_keeps_nobody_from_going_on(main: Path) -> None:
    made = reloading(main, Recorder())
    (main.parent / "state").rmdir()
    write(main, REQUIRED + "rescan: 1\n")
    with capture_logs() as lines:
        made.reload()
    assert lines[0]["event"] == "settings.refused"
    assert told(made.settings.state_dir) is None

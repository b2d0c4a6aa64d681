"""What keeps the daemon from what it alone uses."""

import os
import pwd
from pathlib import Path

import pytest

from tests.builders import write
from tests.killed import killed_as_it_forks
from vqd.domain.errors import VqdError
from vqd.premises import only_one


def test_two_do_not_use_one_state(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "state"),
        pytest.raises(VqdError, match=r"uses .+ already") as raised,
        only_one(tmp_path / "state"),
    ):
        pass
    assert raised.value.code == "already_running"


def test_what_a_killed_daemon_was_just_starting_is_waited_for(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with killed_as_it_forks(_HAS_THE_STATE, str(state)) as ends, only_one(state):
        assert ends.is_set()
        assert (state / "daemon.lock").read_text().startswith(f"pid {os.getpid()} since")


_HAS_THE_STATE = """
from pathlib import Path
from vqd.premises import only_one

kept = only_one(Path(sys.argv[1]))
kept.__enter__()
"""


def test_a_state_that_cannot_be_written_is_told_with_its_cure(tmp_path: Path) -> None:
    write(tmp_path / "state", "a file in its place")
    with (
        pytest.raises(VqdError, match="Let the daemon's user write") as raised,
        only_one(tmp_path / "state"),
    ):
        pass
    assert raised.value.code == "state_unwritable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can begin what another goes on with")
def test_what_root_begins_in_a_state_its_owner_goes_on_with(tmp_path: Path) -> None:
    state, nobody = tmp_path / "state", pwd.getpwnam("nobody").pw_uid
    state.mkdir()
    os.chown(state, nobody, -1)
    with only_one(state):
        assert (state / "daemon.lock").stat().st_uid == nobody

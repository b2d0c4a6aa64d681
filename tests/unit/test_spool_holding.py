import os
import shutil
from pathlib import Path

import pytest

from tests.killed import killed_as_it_forks
from vqd.domain.errors import VqdError
from vqd.spool.holding import held
from vqd.spool.layout import Spool


def test_a_spool_is_held_by_one_who_is_named_to_the_second(spool: Spool) -> None:
    with held(spool):
        with pytest.raises(VqdError, match=f"pid {os.getpid()}") as caught, held(spool):
            pass
        assert caught.value.code == "spool_taken"
    with held(spool):
        pass


def test_what_a_killed_daemon_was_just_starting_is_waited_for(spool: Spool) -> None:
    with killed_as_it_forks(_HAS_THE_SPOOL, str(spool.root)) as ends, held(spool):
        assert ends.is_set()


_HAS_THE_SPOOL = """
from pathlib import Path
from vqd.spool.holding import held
from vqd.spool.layout import Spool

kept = held(Spool(Path(sys.argv[1])))
kept.__enter__()
"""


def test_a_copy_of_a_spool_is_another_spool(spool: Spool, tmp_path: Path) -> None:
    shutil.copytree(spool.root, tmp_path / "copy")
    with held(spool), held(Spool(tmp_path / "copy")):
        pass


def test_a_spool_that_is_away_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(VqdError) as caught, held(Spool(tmp_path)):
        pass
    assert caught.value.code == "spool_away"

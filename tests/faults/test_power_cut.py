"""The power is cut after every sync, commit, rename and HTTP call of a job's life: of the disk only
what was synced is there again, and the job comes back once and whole all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crashes.laboratory import Laboratory, trials_of
from tests.crashes.life import Fault
from tests.crashes.powercut import why_no_cut

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    why = why_no_cut(tmp_path)
    if why is not None:
        pytest.skip(f"no power can be cut here: {why}")
    made = Laboratory(tmp_path)
    yield made
    made.close()


def test_whenever_the_power_is_cut_a_job_comes_back_once_and_whole(
    laboratory: Laboratory,
) -> None:
    untroubled = laboratory.record("folder")
    assert untroubled.wrong is None
    told = [*laboratory.carry_out(trials_of(untroubled, Fault.POWER))]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    struck = {one.trial.at for one in told if one.was_hit}
    assert {"after publisher: rename to done/JOB", "after store-writer: commit job.done"} <= struck

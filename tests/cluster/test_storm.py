"""Three daemons over a primary and a standby, each in a network of its own: whatever befalls them,
each prompt is made once."""

from pathlib import Path

import pytest

from tests.cluster.storm import FAIL_OVER, FAULTS, storm

PICTURES, EACH = 6, 10
JOB = """\
vqd: 1
workflow: image-scale
fan_out:
  matrix:
    size: [1280x800, 1440x900, 1600x1000, 1760x1100, 1920x1200]
    method: [lanczos, area]
"""
"""Of prompts that take a while, so that faults find some running."""
WITHIN_S = 300

pytestmark = pytest.mark.timeout(600)


def test_each_prompt_is_made_once_while_daemons_are_killed_frozen_and_cut_off_and_the_standby_takes_over(  # noqa: E501
    tmp_path: Path,
) -> None:
    with storm(tmp_path, seed=1) as daemons:
        daemons.drop(tmp_path, pictures=PICTURES, job=JOB)

        daemons.rage(pause_s=4)

        done = daemons.calm(within_s=WITHIN_S)
        daemons.assert_made_once(done, PICTURES * EACH)
        assert {*FAULTS, FAIL_OVER} <= {fault.kind for fault in daemons.faults}

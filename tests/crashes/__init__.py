"""Ending a process at a chosen point: before a rename, a sync, a new file or a commit.

points.py          names each point as it is reached; vqd itself knows nothing of it
sitecustomize.py   puts that under a daemon that has PATHS in its PYTHONPATH
trial.py           carries something out in a process that is killed at a point
publishing.py      publishes a job that is over
upkeeping.py       backs a queue up, restores it, sets it aside, changes its schema
"""

import os
from pathlib import Path

_HERE = Path(__file__).parent
PATHS = os.pathsep.join(map(str, (_HERE, _HERE.parents[1])))
"""What a daemon needs in its PYTHONPATH to be ended at a point."""

"""Ending a process at a chosen point: before or after a rename, a sync, a new file, a commit or a
request.

points.py          names each point as it is reached; vqd itself knows nothing of it
sitecustomize.py   puts that under a daemon that has PATHS in its PYTHONPATH
trial.py           carries something out in a process that is killed at a point
publishing.py      publishes a job that is over
upkeeping.py       backs a queue up, restores it, sets it aside, changes its schema

named.py           what every life consists of
kinds.py           jobs: how each is dropped, and what comes back
states.py          the legal states of one, S0 to S5
life.py            the life of one, cut off at a point and gone on with
back.py            how it must be back then
forked.py          the daemon and its engine, in processes that need not import anything
powercut.py        a disk of which only what was synced is left
laboratory.py      many lives at once
"""

import os
from pathlib import Path

_HERE = Path(__file__).parent
PATHS = os.pathsep.join(map(str, (_HERE, _HERE.parents[1])))
"""What a daemon needs in its PYTHONPATH to be ended at a point."""

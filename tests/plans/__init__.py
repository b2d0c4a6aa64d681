"""Which statements a daemon puts to its queue, and how SQLite carries them out.

statements.py     writes down every statement of a process, and reads them again
sitecustomize.py  puts that under whatever has PATHS in its PYTHONPATH and $STATEMENTS
plan.py           what SQLite says of a statement, and what of that grows with the queue
"""

import os
from pathlib import Path

PATHS = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
"""What a process needs in its PYTHONPATH to have its statements written down."""

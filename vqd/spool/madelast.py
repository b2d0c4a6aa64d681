"""What a job's folder tells that was made last, read from the end of its manifest."""

import os
from collections.abc import Iterator
from pathlib import Path

from vqd.documents.opening import opened
from vqd.spool.files import concerns_one_name, is_real_file
from vqd.spool.manifest import MANIFEST, Line, line_of

_END_BYTES = 256 << 10
"""Some 200 lines: more than prompts that can be on their way home at once."""


def made_last(folder: Path) -> Iterator[Line]:
    """Give those of the last lines of a folder's manifest whose outputs lie there, newest first.

    So many as the end of it has, some 200; none where there is no manifest that can be read.
    """
    try:
        with opened(folder / MANIFEST) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _END_BYTES))
            texts = file.read(_END_BYTES).split(b"\n")
    except OSError as error:
        if not concerns_one_name(error):
            raise
        return
    for line in map(line_of, reversed(texts)):  # half a line is none
        if line is not None and is_real_file(folder / line.output):
            yield line

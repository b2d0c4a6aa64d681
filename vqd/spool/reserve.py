"""What stays free of the disks that vqd writes to."""

import math
import re

from vqd.documents.sizes import size_bytes
from vqd.domain.frozen import frozen

DEFAULT_BYTES = 1 << 30
DEFAULT_SHARE = 0.02
MOST_FILES = 1000

_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,3})?)\s*%")


@frozen
class Reserve:
    """So many bytes of a disk, or that share of it if that is less.

    Of its files (inodes) it is 1,000, or 2 % of them if that is less.
    """

    bytes: float = DEFAULT_BYTES
    share: float = DEFAULT_SHARE

    def bytes_of(self, total_bytes: int) -> float:
        """Give how many bytes stay free of so many."""
        return min(self.bytes, self.share * total_bytes)

    def files_of(self, total_files: int) -> float:
        """Give how many files stay free of so many."""
        is_none = not self.bytes or not self.share
        return 0.0 if is_none else min(MOST_FILES, DEFAULT_SHARE * total_files)


def reserve_of(text: str) -> Reserve | None:
    """Give the reserve that a text says, `2G` or `5%`; None if it is none."""
    share = _SHARE.fullmatch(text.strip())
    if share is not None:
        return Reserve(math.inf, float(share[1]) / 100)
    size = size_bytes(text)
    return None if size is None else Reserve(size, 1.0)

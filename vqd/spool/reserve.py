"""What stays free of the disks that vqd writes to, as the settings say it."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import text_like
from vqd.documents.schema import fault
from vqd.documents.sizes import size_bytes

DEFAULT_BYTES = 1 << 30
DEFAULT_SHARE = 0.02
MOST_FILES = 1000

_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,3})?)\s*%")


@dataclass(frozen=True, slots=True)
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


def _reserve(given: Any) -> Any:
    if isinstance(given, Reserve):
        return given
    text = str(given).strip() if isinstance(given, str | int) else ""  # the environment's are JSON
    share = _SHARE.fullmatch(text)
    if share is not None:
        return Reserve(math.inf, float(share[1]) / 100)
    size = size_bytes(text)
    if size is None:
        allowed = "a size or a share of the disk: 2G, 500M, 5%"
        raise fault("wrong_type", "is no size and no share.", allowed=allowed)
    return Reserve(size, 1.0)


ReserveKey = Annotated[
    Reserve,
    BeforeValidator(_reserve),
    WithJsonSchema(
        text_like(
            r"^\s*(\d{1,12}\s*[kMGT]?|\d{1,2}(\.\d{1,3})?\s*%)\s*$",
            "a size or a share of the disk: 2G, 5%",
            examples=["2G", "5%"],
        )
    ),
]
"""A reserve as it stands in the settings."""

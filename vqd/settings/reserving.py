"""What stays free of the disks that vqd writes to, as the settings write it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from vqd.documents.json_schema import text_like
from vqd.documents.schema import fault
from vqd.documents.sizes import SIZE
from vqd.spool.reserve import Reserve, reserve_of


def _reserve(given: Any) -> Any:
    if isinstance(given, Reserve):
        return given
    reserve = reserve_of(str(given)) if isinstance(given, str | int) else None
    if reserve is None:
        allowed = "a size or a share of the disk: 2G, 500M, 5%"
        raise fault("wrong_type", "is no size and no share.", allowed=allowed)
    return reserve


ReserveKey = Annotated[
    Reserve,
    BeforeValidator(_reserve),
    WithJsonSchema(
        text_like(
            rf"^\s*({SIZE}|\d{{1,2}}(\.\d{{1,3}})?\s*%)\s*$",
            "a size or a share of the disk: 2G, 5%",
            examples=["2G", "5%"],
        )
    ),
]
"""A reserve as it stands in the settings."""

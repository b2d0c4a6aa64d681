"""Drops that were claimed: told of once they are in the queue, which takes long for large ones."""

from concurrent.futures import Future

import structlog

from vqd.service.draft import Draft
from vqd.service.submit import Coming

_log = structlog.get_logger(__name__)


def tell_of(drop: str, draft: Draft, coming: Coming) -> None:
    """Tell of a drop now if it is in the queue, else as soon as it is.

    Raises:
        OSError, VqdError: it cannot be accepted now.
    """
    if coming.accepted.done():
        coming.accepted.result()

    def tell(accepted: Future[None]) -> None:
        error = accepted.exception()
        if error is not None:  # as it was claimed, the next rescan finds it in active/
            _log.warning("drop.refused", drop=drop, error=str(error))
            return
        _log.info(
            "drop.taken",
            drop=drop,
            job=coming.job,
            prompts=draft.total,
            workflow=draft.workflow,
        )

    coming.accepted.add_done_callback(tell)

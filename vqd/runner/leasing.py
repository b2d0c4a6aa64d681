"""Keeps the lease of a spool, so that no daemon on another machine serves it too."""

from collections.abc import Callable

import structlog

from vqd.domain.errors import VqdError
from vqd.runner.beside import Beside
from vqd.spool.lease import RENEWED_EVERY_S, Lease

_AGAIN_S = 15.0

_log = structlog.get_logger(__name__)


class Leasing(Beside):
    """Renews the lease in time; `on_loss` is called when another machine has taken it."""

    def __init__(self, lease: Lease, *, on_loss: Callable[[], None]) -> None:
        super().__init__("lease", self._renew, after_fault_s=_AGAIN_S)
        self._lease = lease
        self._on_loss = on_loss

    def _renew(self) -> float:
        try:
            self._lease.renew()
        except VqdError as error:
            _log.error("lease.lost", said=str(error))
            self._on_loss()
        return RENEWED_EVERY_S

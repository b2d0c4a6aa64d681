"""A connection on which statements run ahead of their answers."""

from contextlib import ExitStack, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus


class AheadConnection(psycopg.Connection[Any]):
    """One of psycopg's. From `run_ahead` to `catch_up` nothing that is said waits for its answer;
    `hear` waits for all of them, one way there and back for whatever was said so far. So what is at
    fault may be told of by a later statement.
    """

    _ahead: psycopg.Pipeline | None = None
    _ended_by: ExitStack | None = None

    def run_ahead(self) -> None:
        """Wait for no answer from now on.

        Raises:
            psycopg.Error: the connection is cut off.
        """
        with ExitStack() as ended_by:
            self._ahead = ended_by.enter_context(self.pipeline())
            self._ended_by = ended_by.pop_all()

    @property
    def is_ahead(self) -> bool:
        """Tell whether nobody waits for answers now."""
        return self._ahead is not None

    def hear(self) -> None:
        """Wait for the answers that are still due.

        PostgreSQL hears that this was all for now: else it would not take the connection for idle,
        however long its client is frozen.

        Raises:
            psycopg.Error: what was said is at fault, or the connection is cut off.
        """
        is_due = self.info.transaction_status == TransactionStatus.ACTIVE
        if self._ahead is not None and is_due:
            self._ahead.sync()

    def catch_up(self) -> None:
        """Wait for the answers that are still due, and for each from now on; raises as `hear`."""
        ended_by, self._ahead, self._ended_by = self._ended_by, None, None
        if ended_by is not None:
            ended_by.close()

    def close(self) -> None:
        """Close it, whatever is still on its way."""
        super().close()
        with suppress(psycopg.Error):  # that it is closed
            self.catch_up()

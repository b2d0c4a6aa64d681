"""What PostgreSQL says of itself rather than of a statement, as vqd tells it."""

import psycopg
from psycopg import errors

from vqd.domain.errors import STORE_DISK, STORE_UNREACHABLE, VqdError

WHEN_IT_ANSWERS = "vqd goes on by itself when PostgreSQL answers."


def passing(error: psycopg.Error) -> VqdError | None:
    """Tell of what passes by itself, or once somebody makes room; None if a statement is at fault,
    this one or, where they run ahead of their answers, one before."""
    said = _first_line(error)
    if isinstance(error, errors.DiskFull):
        return VqdError(
            STORE_DISK,
            f"The queue cannot be written: {said}.",
            "Make room where PostgreSQL's data lies.",
        )
    is_ended = error.diag.severity_nonlocalized in _FATAL
    is_too_much = (error.sqlstate or "").startswith(_LIMIT)
    is_of_another = isinstance(error, psycopg.errors.PipelineAborted)
    if is_ended or (isinstance(error, _PASSING) and not (is_too_much or is_of_another)):
        return unreachable(said)
    return None


def unreachable(said: str) -> VqdError:
    """Tell that the queue cannot be reached now."""
    return VqdError(STORE_UNREACHABLE, f"The queue cannot be reached: {said}.", WHEN_IT_ANSWERS)


def _first_line(error: psycopg.Error) -> str:
    """Give what an error says, without its full stop and the hints that libpq adds."""
    return next(iter(str(error).strip().splitlines()), "").removesuffix(".")


_FATAL = frozenset({"FATAL", "PANIC"})
"""How severe is what ends a connection (libpq's PG_DIAG_SEVERITY_NONLOCALIZED)."""
_LIMIT = "54"
"""How the code begins of what PostgreSQL will never do: a name as long as a book in an index."""
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,  # said of a connection that was closed
    errors.ReadOnlySqlTransaction,  # the server is a standby by now
)

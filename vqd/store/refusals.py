"""What the daemon was refused last, by a disk above all, for whoever asks beside it."""

from vqd.store.homes import OWN_REFUSALS
from vqd.store.rows import Connection


class RefusalRows:
    """One row of each daemon, while something is refused; none while nothing is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, said: str | None) -> None:
        """Write what is refused and why, or with None that nothing is."""
        self._connection.execute(f"DELETE FROM refusals WHERE true{OWN_REFUSALS}")
        if said is not None:
            self._connection.execute("INSERT INTO refusals (said) VALUES (?)", (said,))

    def all(self) -> list[str]:
        """Give what is refused and why: this daemon, or any, for who looks on as none of them."""
        rows = self._connection.execute(f"SELECT said FROM refusals WHERE true{OWN_REFUSALS}")
        return [str(row["said"]) for row in rows]

    def said(self) -> str | None:
        """Give one of these; None if nothing is refused."""
        return next(iter(self.all()), None)

"""What the daemon was refused last, by a disk above all, for whoever asks beside it."""

from vqd.store.rows import Connection


class RefusalRows:
    """One row while something is refused; none while nothing is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, said: str | None) -> None:
        """Write what is refused and why, or with None that nothing is."""
        self._connection.execute("DELETE FROM refusals")
        if said is not None:
            self._connection.execute("INSERT INTO refusals (said) VALUES (?)", (said,))

    def said(self) -> str | None:
        """Give what is refused and why; None if nothing is."""
        row = self._connection.execute("SELECT said FROM refusals").fetchone()
        return None if row is None else str(row["said"])

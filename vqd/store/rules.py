"""By which rules the queue goes, for daemons and for whoever looks on beside them."""

from vqd.store.rows import Connection


class RuleRows:
    """The rules, which are one for all that use the queue."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_fair(self) -> bool:
        """Tell whether jobs of one priority share the servers, instead of going by their turns."""
        row = self._connection.execute("SELECT fair_share FROM rules").fetchone()
        return row is not None and bool(row["fair_share"])

    def keep(self, *, is_fair: bool) -> None:
        """Let it be so from now on."""
        if is_fair != self.is_fair():
            self._connection.execute("DELETE FROM rules")
            self._connection.execute("INSERT INTO rules (fair_share) VALUES (?)", (int(is_fair),))

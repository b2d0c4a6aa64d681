"""By which rules the queue goes, for daemons and for whoever looks on beside them."""

from collections.abc import Callable

from vqd.store.rows import Connection


class RuleRows:
    """The rules, which are one for all that use the queue."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_fair(self) -> bool:
        """Tell whether jobs of one priority share the servers, instead of going by their turns."""
        return self.asked_whether_fair()()

    def asked_whether_fair(self) -> Callable[[], bool]:
        """Ask what `is_fair` tells, and give what waits for the answer: on PostgreSQL it comes with
        that of the next question."""
        asked = self._connection.execute("SELECT fair_share FROM rules")
        return lambda: any(row["fair_share"] for row in asked.fetchall())

    def keep(self, *, is_fair: bool) -> None:
        """Let it be so from now on."""
        if is_fair != self.is_fair():
            self._connection.execute("DELETE FROM rules")
            self._connection.execute("INSERT INTO rules (fair_share) VALUES (?)", (int(is_fair),))

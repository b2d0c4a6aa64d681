"""The house as it is told of: whether the queue is empty, and what was told of each subject."""

from collections.abc import Collection, Mapping

import orjson

from vqd.domain.frozen import frozen
from vqd.domain.notice import Closed, HouseEvent, HouseNews
from vqd.store.homes import AND_HOME, HOUSE_ELSEWHERE, OWN, OWN_HOUSE
from vqd.store.notices import NoticeRows
from vqd.store.rows import Connection

_OPEN = "state IN ('assembling', 'quoted', 'queued', 'running', 'publishing')"


@frozen
class Told:
    """What was told of a subject last, and since when that was so; of the queue, what closed after
    that is yet to be told of.

    Of something bad nothing more is told before `quiet_until`. Times are UTC seconds.
    """

    event: HouseEvent
    since_at: float
    quiet_until: float


class HouseRows:
    """What was told of the queue, of the disks and of each server."""

    def __init__(self, connection: Connection, notices: NoticeRows) -> None:
        self._connection = connection
        self._notices = notices

    def told(self) -> Mapping[str, Told]:
        """Give what was told last, by subject."""
        rows = self._connection.execute(f"SELECT * FROM house WHERE true{OWN_HOUSE}")
        return {
            row["subject"]: Told(HouseEvent(row["event"]), row["since_at"], row["quiet_until"])
            for row in rows
        }

    def lost_elsewhere(self) -> Mapping[str, float]:
        """Give since when servers have been down of which another daemon told that last, by
        subject."""
        rows = self._connection.execute(
            "SELECT subject, max(since_at) AS since_at FROM house WHERE event = 'server_down'"
            f" AND (false{HOUSE_ELSEWHERE}) GROUP BY subject"
        )
        return {row["subject"]: float(row["since_at"]) for row in rows}

    def begin(self, subject: str, event: HouseEvent, *, now: float) -> None:
        """Let what happens from now on be told of a subject of which nothing was told yet."""
        self._connection.execute(
            "INSERT INTO house (subject, event, since_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (subject, event, now),
        )

    def tell(
        self,
        subject: str,
        event: HouseEvent,
        news: HouseNews,
        *,
        to: str | None,
        since_at: float,
        quiet_until: float | None,
        now: float,
    ) -> None:
        """Note what is told of a subject, and write the notice of it, if `to` a target.

        `quiet_until` stays as it was where it is None.
        """
        self._connection.execute(
            "INSERT INTO house (subject, event, since_at, quiet_until)"
            " VALUES (:subject, :event, :since_at, coalesce(:quiet_until, 0))"
            f" ON CONFLICT (subject{AND_HOME}) DO UPDATE SET event = :event, since_at = :since_at,"
            " quiet_until = coalesce(:quiet_until, house.quiet_until)",
            {
                "subject": subject,
                "event": event,
                "since_at": since_at,
                "quiet_until": quiet_until,
            },
        )
        if to is not None:
            self._notices.add_of_house(event, news, to=to, now=now)

    def keep_only(self, subjects: Collection[str]) -> None:
        """Forget what was told of all but `subjects`."""
        self._connection.execute(
            f"DELETE FROM house WHERE subject NOT IN (SELECT value FROM json_each(?)){OWN_HOUSE}",
            (orjson.dumps([*subjects]).decode(),),
        )

    def is_idle(self) -> bool:
        """Tell whether nothing runs and nothing is next: open jobs all wait for something."""
        row = self._connection.execute(
            f"SELECT 1 FROM jobs INDEXED BY jobs_open WHERE {_OPEN} AND (hold IS NULL"
            f" OR running > 0 OR state IN ('assembling', 'publishing')){OWN} LIMIT 1"
        ).fetchone()
        return row is None

    def held(self) -> int:
        """Count the open jobs, which all wait for something where nothing runs."""
        row = self._connection.execute(
            f"SELECT count(*) AS jobs FROM jobs INDEXED BY jobs_open WHERE {_OPEN}{OWN}"
        ).fetchone()
        return int(row["jobs"])

    def closed_since(self, at: float) -> Closed | None:
        """Give what closed after that time (UTC seconds); None if nothing did."""
        row = self._connection.execute(
            "SELECT count(*) AS total, count(*) FILTER (WHERE state = 'done') AS done,"
            " count(*) FILTER (WHERE state = 'failed') AS failed,"
            " count(*) FILTER (WHERE state = 'cancelled') AS cancelled,"
            " sum(succeeded) AS made, sum(kept) AS kept, sum(jobs.failed) AS unmade,"
            " sum(jobs.cancelled) AS stopped,"
            " max(finished_at) AS last_at, min(coalesce(started_at, accepted_at)) AS first_at"
            f" FROM jobs INDEXED BY jobs_finished WHERE finished_at > ?{OWN}",
            (at,),
        ).fetchone()
        if not row["total"]:
            return None
        return Closed(
            jobs={state: row[state] for state in ("done", "failed", "cancelled")},
            prompts={
                "succeeded": row["made"] - row["kept"],
                "failed": row["unmade"],
                "cancelled": row["stopped"],
                "kept": row["kept"],
            },
            seconds=round(max(0.0, row["last_at"] - row["first_at"]), 1),
            last_at=row["last_at"],
        )

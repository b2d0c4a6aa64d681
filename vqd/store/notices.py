"""Notices on their way out: written with what they tell of, deleted once they are delivered."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts
from vqd.domain.notice import Closed, HouseEvent, HouseNews, JobNews, Notice, NoticeEvent
from vqd.store.events import EventRows
from vqd.store.homes import OWN_NOTICES
from vqd.store.rows import Connection, Row

PAGE_WRITTEN_S = 5.0

_SELECT = (
    "SELECT notices.*, jobs.job, jobs.name, jobs.workflow"
    " FROM notices INDEXED BY notices_due LEFT JOIN jobs USING (job_key)"
)


class NoticeRows:
    """The notices of jobs that ask for some (`jobs.notify`), and of the house, by target."""

    def __init__(self, connection: Connection, events: EventRows) -> None:
        self._connection = connection
        self._events = events

    def add(self, job_key: int, event: NoticeEvent, *, now: float) -> None:
        """Write a notice of `event`, as the job is by now, if the job asks for it.

        That of a proof is due when its page should be written.
        """
        row = self._connection.execute(
            "SELECT notify, state, reason, total, pending, running, succeeded, failed, cancelled,"
            " kept, coalesce(started_at, accepted_at) AS since_at FROM jobs"
            " WHERE job_key = ? AND notify IS NOT NULL",
            (job_key,),
        ).fetchone()
        notify = {} if row is None else orjson.loads(row["notify"])
        if event not in notify.get("events", ()):
            return
        told = {
            "state": row["state"],
            "reason": row["reason"],
            "counts": [row[name] for name in Counts.__match_args__],
            "seconds": round(now - row["since_at"], 1),
        }
        due_at = now + PAGE_WRITTEN_S if event is NoticeEvent.PROOF else now
        self._add(job_key, event, told, to=notify["to"], now=now, due_at=due_at)

    def add_of_house(self, event: HouseEvent, news: HouseNews, *, to: str, now: float) -> None:
        """Write a notice of the house for a target."""
        self._add(None, event, asdict(news), to=to, now=now, due_at=now)

    def _add(
        self,
        job_key: int | None,
        event: NoticeEvent | HouseEvent,
        told: Mapping[str, Any],
        *,
        to: str,
        now: float,
        due_at: float,
    ) -> None:
        self._connection.execute(
            "INSERT INTO notices (job_key, event, target, at, due_at, told)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (job_key, event, to, now, due_at, orjson.dumps(told).decode()),
        )

    def due(self, target: str, now: float, *, beyond: float = math.inf) -> Notice | None:
        """Give the notice for `target` that has been due longest; what would wait until `beyond` is
        due too: the clock was set back since. Two seeks."""
        for is_due, at in ("due_at <= ?", now), ("due_at > ?", beyond):
            row = self._connection.execute(
                f"{_SELECT} WHERE target = ? AND {is_due}{OWN_NOTICES}"
                " ORDER BY due_at, notice_key LIMIT 1",
                (target, at),
            ).fetchone()
            if row is not None:
                return _notice(row)
        return None

    def next_at(self, target: str) -> float | None:
        """Give when the next notice for `target` is due, which may be past; one seek."""
        row = self._connection.execute(
            f"SELECT min(due_at) AS at FROM notices WHERE target = ?{OWN_NOTICES}", (target,)
        ).fetchone()
        return None if row["at"] is None else float(row["at"])

    def sent(self, notice: Notice, *, now: float) -> None:
        """Forget a notice that was delivered, and note that in the job's events, if it is of one.

        Nothing is done where it is forgotten already.
        """
        self._end("notice.sent", notice.notice_key, now=now, event=notice.event, to=notice.target)

    def put_off(self, notice: Notice, why: str, *, again_at: float | None, now: float) -> None:
        """Let a notice that was not delivered be due again later; None is never: it is given up.

        The first failure and the last are noted in the events of the job that it is of.
        """
        about = {"event": notice.event, "to": notice.target, "why": why}
        if again_at is None:
            self._end("notice.given_up", notice.notice_key, now=now, **about)
            return
        row = self._connection.execute(
            "UPDATE notices SET tries = tries + 1, due_at = ? WHERE notice_key = ?"
            " RETURNING job_key",
            (again_at, notice.notice_key),
        ).fetchone()
        if not notice.tries:
            self._note(row, "notice.postponed", now=now, **about)

    def keep_only(self, targets: Collection[str], *, now: float) -> int:
        """Give up the notices for all but `targets`; gives how many those were."""
        rows = self._connection.execute(
            "SELECT notice_key, event, target FROM notices WHERE target NOT IN"
            f" (SELECT value FROM json_each(?)){OWN_NOTICES}",
            (orjson.dumps([*targets]).decode(),),
        ).fetchall()
        why = "the settings do not name it any more"
        for key, event, target in rows:
            self._end("notice.given_up", key, now=now, event=event, to=target, why=why)
        return len(rows)

    def _end(
        self, kind: str, notice_key: int, *, now: float, event: str, to: str, why: str | None = None
    ) -> None:
        row = self._connection.execute(
            "DELETE FROM notices WHERE notice_key = ? RETURNING job_key", (notice_key,)
        ).fetchone()
        self._note(row, kind, now=now, event=event, to=to, why=why)

    def _note(
        self,
        row: Row | None,
        kind: str,
        *,
        now: float,
        event: str,
        to: str,
        why: str | None,
    ) -> None:
        if row is not None and row["job_key"] is not None:
            self._events.add(kind, at=now, job_key=row["job_key"], event=event, to=to, why=why)


def _notice(row: Row) -> Notice:
    told = orjson.loads(row["told"])
    of_job = row["job_key"] is not None
    return Notice(
        notice_key=row["notice_key"],
        event=NoticeEvent(row["event"]) if of_job else HouseEvent(row["event"]),
        target=row["target"],
        at=row["at"],
        news=_job_news(row, told) if of_job else _house_news(told),
        tries=row["tries"],
    )


def _job_news(row: Row, told: dict[str, Any]) -> JobNews:
    return JobNews(
        job_key=row["job_key"],
        job=row["job"],
        name=row["name"],
        workflow=row["workflow"],
        state=JobState(told["state"]),
        reason=told["reason"],
        counts=Counts(*told["counts"]),
        seconds=told["seconds"],
    )


def _house_news(told: dict[str, Any]) -> HouseNews:
    closed = told["closed"]
    return HouseNews(**{**told, "closed": None if closed is None else Closed(**closed)})

"""What the servers said of themselves, and what became of the attempts on them."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from vqd.domain.server import ServerRecord, ServerTally
from vqd.store.homes import AND_HOME, OR_ELSEWHERE, OWN_SERVERS, TAKES_HOME
from vqd.store.rows import Connection

if TYPE_CHECKING:
    from vqd.domain.outcome import Outcome


class ServerRows:
    """One row a server, as it was last seen, and one for what it did."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, records: Iterable[ServerRecord]) -> None:
        """Write how servers were seen. One whose state is as before has been so since then."""
        self._connection.executemany(
            "INSERT INTO servers"
            " (server, url, state, said, version, seen_at, since_at, vram_gb, tags)"
            " VALUES (:server, :url, :state, :said, :version, :seen_at, :seen_at, :vram_gb, :tags)"
            " ON CONFLICT (server) DO UPDATE SET url = excluded.url, state = excluded.state,"
            " said = excluded.said, version = excluded.version, seen_at = excluded.seen_at,"
            " since_at = CASE WHEN servers.state = excluded.state THEN servers.since_at"
            " ELSE excluded.seen_at END,"
            f" vram_gb = excluded.vram_gb, tags = excluded.tags{TAKES_HOME}",
            [{**asdict(one), "tags": json.dumps(one.tags)} for one in records],
        )

    def keep_only(self, names: set[str]) -> None:
        """Forget the servers that the settings no longer name."""
        left = [one for one in self._read(f"WHERE true{OWN_SERVERS}") if one.server not in names]
        for record in left:
            self._forget(record, "servers", "server_tallies", "strays")

    def lose(self, homes: Collection[str], *, now: float) -> None:
        """Write that the servers of these homes are down: their hosts are gone, and nobody drives
        them."""
        lost = [one for one in self._of(homes) if one.state != "down"]
        self._connection.executemany(
            "UPDATE servers SET state = 'down', said = 'the host that drove it is gone',"
            " since_at = ? WHERE server = ?",
            [(now, one.server) for one in lost],
        )

    def forget(self, homes: Collection[str]) -> list[str]:
        """Forget the servers of these homes, whose hosts are gone; gives their names. Prompts that
        may be on them are taken off when somebody drives those again."""
        left = self._of(homes)
        for record in left:
            self._forget(record, "servers", "server_tallies")
        return [record.server for record in left]

    def all(self) -> list[ServerRecord]:
        """Give every server, by name."""
        return self._read("WHERE true")

    def elsewhere(self) -> list[ServerRecord]:
        """Give every server that another daemon drives, by name."""
        return self._read(f"WHERE false{OR_ELSEWHERE}")

    def _of(self, homes: Collection[str]) -> list[ServerRecord]:
        return [one for one in self.elsewhere() if one.home in homes] if homes else []

    def _forget(self, record: ServerRecord, *tables: str) -> None:
        for table in tables:
            self._connection.execute(f"DELETE FROM {table} WHERE server = ?", (record.server,))

    def _read(self, which: str) -> list[ServerRecord]:
        rows = self._connection.execute(
            "SELECT server, url, state, said, version, seen_at, since_at, vram_gb, tags"
            f"{AND_HOME} FROM servers {which} ORDER BY server"
        )
        return [
            ServerRecord(**{**dict(row), "tags": tuple(json.loads(row["tags"]))}) for row in rows
        ]

    def add_stray(self, server: str, prompt_id: str, *, now: float) -> None:
        """Note a prompt that was given up while the server may have had it; the last 100 count."""
        self._connection.execute(
            "INSERT INTO strays (server, prompt_id, at) VALUES (?, ?, ?)"
            " ON CONFLICT (prompt_id) DO UPDATE SET server = excluded.server, at = excluded.at",
            (server, prompt_id, now),
        )
        self._connection.execute(
            "DELETE FROM strays WHERE server = ? AND prompt_id NOT IN"
            " (SELECT prompt_id FROM strays WHERE server = ? ORDER BY at DESC LIMIT 100)",
            (server, server),
        )

    def strays(self) -> list[tuple[str, str]]:
        """Give every stray as its server and its prompt_id."""
        rows = self._connection.execute("SELECT server, prompt_id FROM strays ORDER BY at")
        return [(row["server"], row["prompt_id"]) for row in rows]

    def forget_strays(self, prompt_ids: Iterable[str]) -> None:
        """Note that these are not on their servers any more."""
        self._connection.executemany(
            "DELETE FROM strays WHERE prompt_id = ?", [(prompt_id,) for prompt_id in prompt_ids]
        )

    def tally(self, server: str, outcome: Outcome, *, now: float) -> None:
        """Count an attempt that ended on a server. Of one that failed of something else than a
        server, only when it ended is noted."""
        from vqd.domain.outcome import OF_NO_SERVER, Succeeded

        is_good = isinstance(outcome, Succeeded)
        is_bad = not isinstance(outcome, Succeeded) and outcome.code not in OF_NO_SERVER
        self._connection.execute(
            "INSERT INTO server_tallies AS was (server, day, succeeded, failed_in_row, ended_at)"
            " VALUES (:server, :day, :good, :bad, :now)"
            " ON CONFLICT (server) DO UPDATE SET day = excluded.day, ended_at = excluded.ended_at,"
            " succeeded = excluded.succeeded"
            " + CASE WHEN was.day = excluded.day THEN was.succeeded ELSE 0 END,"
            " failed_in_row = CASE WHEN :good = 1 THEN 0 ELSE was.failed_in_row + :bad END",
            {
                "server": server,
                "day": _day(now),
                "now": now,
                "good": int(is_good),
                "bad": int(is_bad),
            },
        )

    def ended_at(self, server: str) -> float | None:
        """Give when the newest attempt on a server ended; None if none has."""
        row = self._connection.execute(
            "SELECT ended_at FROM server_tallies WHERE server = ?", (server,)
        ).fetchone()
        return None if row is None else float(row["ended_at"])

    def tallies(self, now: float) -> Mapping[str, ServerTally]:
        """Give what each server did, those that did nothing yet left out."""
        rows = self._connection.execute(
            "SELECT server, sum(prompts) AS prompts, sum(succeeded) AS succeeded,"
            " sum(failed_in_row) AS failed_in_row, max(ended_at) AS ended_at FROM ("
            " SELECT server, 0 AS prompts, failed_in_row, ended_at,"
            " CASE WHEN day = ? THEN succeeded ELSE 0 END"
            " AS succeeded FROM server_tallies"
            " UNION ALL SELECT server, 1, 0, NULL, 0 FROM prompts INDEXED BY prompts_running"
            " WHERE state = 'running') AS one GROUP BY server",
            (_day(now),),
        )
        return {
            row["server"]: ServerTally(
                row["prompts"], row["succeeded"], row["failed_in_row"], row["ended_at"]
            )
            for row in rows
        }


def _day(now: float) -> str:
    """Give the day, as it is called here."""
    return time.strftime("%Y-%m-%d", time.localtime(now))

"""How fast large jobs are read, planned and committed, as a ratio to SQLite alone.

SQLite alone is given rows as wide as a prompt's, in one statement and one durable commit.
"""

import json
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.meanwhile import DEFINITION, GRAPH, HEAD, LARGE, LARGE_JOBS
from tests.builders import NOW, write
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool
from vqd.store.store import Store

BLOCKS = 3
LEAST_PER_S = 25_000
LEAST_RATIOS: Mapping[str, float] = {"CSV": 0.5, "YAML": 0.25}


def rates(folder: Path) -> list[Figure]:
    """Bring jobs of 100,000 prompts into queues of their own, and as many rows into a table, in
    turns."""
    figures = []
    write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
    write(folder / "workflows" / "timed.yaml", DEFINITION)
    spool = Spool.create(folder / "spool")
    drafting = Drafting(spool, workflows=[folder / "workflows"], input_roots=[])
    for named, (text, files) in LARGE_JOBS.items():
        job = folder / named
        for file, content in files.items():
            write(job / file, content)
        write(job / "job.yaml", f"{HEAD}{text}")
        pairs = [
            (_raw_s(job / f"raw{turn}.db"), _taken_s(drafting, job, job / f"{turn}.db"))
            for turn in range(BLOCKS)
        ]
        raw_s, taken_s = (statistics.median(column) for column in zip(*pairs, strict=True))
        head = f"100,000 prompts by {named} to the last commit"
        figures += [
            Figure(head, LARGE / taken_s, "/s", at_least=LEAST_PER_S),
            Figure(f"{head} / rows alone", raw_s / taken_s, "x", at_least=LEAST_RATIOS[named]),
        ]
    return figures


def _taken_s(drafting: Drafting, job: Path, database: Path) -> float:
    with closing(Store(database)) as store:
        began = time.perf_counter()
        draft = drafting.draft(job / "job.yaml", now=NOW)
        assert draft.planned is not None
        store.accept("20260101-000000-a", draft.planned, draft.job_file, input_folder="", now=NOW)
        return time.perf_counter() - began


def _raw_s(database: Path) -> float:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE prompts (job, number, state, edits, stem, PRIMARY KEY (job, number))"
            " WITHOUT ROWID"
        )
        connection.execute("CREATE INDEX pending ON prompts (job, number) WHERE state = 'pending'")
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO prompts VALUES (1, ?, 'pending', ?, ?)", _rows())
        connection.execute("COMMIT")
        return time.perf_counter() - began


def _rows() -> Iterator[tuple[int, str, str]]:
    return ((number, "x" * 150, f"shot{number}") for number in range(1, LARGE + 1))

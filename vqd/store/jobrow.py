"""A job as it is kept: what goes into its row, and what is read from it."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import TypeAdapter

from vqd.domain.job import Notify, Plan
from vqd.domain.queue import Job, JobFile
from vqd.store.joblist import ON_THE_WAY, facts_of
from vqd.store.rows import Connection, Row

_OF_A_LIFE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("reason", "quote", "hold", "judge_at", "cancel_requested_at", "started_at"), "NULL"
        ),
        **dict.fromkeys(("finished_at", "not_before_at", "time_window", "deadline_at"), "NULL"),
        **dict.fromkeys(("placed", "plan"), "NULL"),
        **dict.fromkeys(("awaits_proof", "lacking", "suspended", "total", "pending"), "0"),
        **dict.fromkeys(("running", "succeeded", "failed", "cancelled", "kept"), "0"),
        "problems": "'[]'",
        "record": "'whole'",
        "needs_key": "1",
        "max_parallel": "1000000000",
    }
)
"""What a job that comes back has of its earlier life no more, unless it is written anew."""

WHOLE = f"SELECT *, {ON_THE_WAY} FROM jobs"
"""Gives rows that `job_of` reads."""

_REMEMBERED = 8
"""So many plans are not read anew: a job is asked for again and again while it runs."""


def write_job(connection: Connection, values: Mapping[str, object], *, over: str) -> int | None:
    """Write the row of a job, of these columns, and let nothing be left of an earlier life of it,
    whose prompts are gone already; give its key.

    If there is one of that name for which the condition `over` is not met, give None.
    """
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    anew = _written_anew({name: f"excluded.{name}" for name in values})
    row = connection.execute(
        f"INSERT INTO jobs ({columns}) VALUES ({marks}) ON CONFLICT (job) DO UPDATE"
        f" SET {anew} WHERE {over} RETURNING job_key",
        values,
    ).fetchone()
    if row is None:
        return None
    job_key = int(row["job_key"])
    for table in ("awaited", "labels"):
        connection.execute(f"DELETE FROM {table} WHERE job_key = ?", (job_key,))
    return job_key


def _written_anew(values: Mapping[str, str]) -> str:
    """Give what an UPDATE sets of a job that begins another life: these columns, by what stands
    for their values, and what there is of no other life."""
    return ", ".join(f"{name} = {value}" for name, value in {**_OF_A_LIFE, **values}.items())


NOT_WHOLE = _written_anew({"state": "'assembling'"})
"""What an UPDATE sets of a job that is to be taken in anew, and has nothing yet."""


def job_of(row: Row) -> Job:
    """Give the job of a row."""
    plan = _plan(row["plan"]) if row["plan"] else None
    return Job(
        **facts_of(row),
        **(_told_of(plan) if plan else {}),
        plan=plan,
        job_file=JobFile(row["job_file"], row["job_file_sha256"]),
        input_folder=row["input_folder"],
        is_brief=row["record"] != "whole",
    )


@lru_cache(maxsize=_REMEMBERED)
def _plan(text: str) -> Plan:
    return plans().validate_json(text)


def _told_of(plan: Plan) -> dict[str, Any]:
    """Give what lists tell of a plan."""
    return {
        "labels": plan.labels,
        "comment": plan.comment,
        "drift": plan.drift,
        "needs": plan.schedule.needs,
        "max_parallel": plan.schedule.max_parallel,
    }


def notify_text(notify: Notify | None) -> str | None:
    """Give whom a job tells of what, as its row has it."""
    return None if notify is None else orjson.dumps(asdict(notify)).decode()


@cache
def plans() -> TypeAdapter[Plan]:
    """Give what writes plans as JSON and reads them."""
    return TypeAdapter(Plan)

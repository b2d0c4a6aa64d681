"""A job as it is kept: what goes into its row, and what is read from it."""

import sqlite3
from dataclasses import asdict
from functools import cache, lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from vqd.domain.job import Notify, Plan
from vqd.domain.queue import Job, JobFile
from vqd.store.joblist import facts_of

# What a job that comes back has of its earlier life no more, unless it is written anew.
OF_A_LIFE = (
    "problems = '[]', reason = NULL, quote = NULL, awaits_proof = 0, hold = NULL, lacking = 0,"
    " judge_at = NULL,"
    " suspended = 0, record = 'whole', cancel_requested_at = NULL, started_at = NULL,"
    " finished_at = NULL, total = 0, pending = 0, running = 0, succeeded = 0, failed = 0,"
    " cancelled = 0, kept = 0, needs_key = 1, max_parallel = 1000000000, not_before_at = NULL,"
    " time_window = NULL, deadline_at = NULL, placed = NULL"
)

_REMEMBERED = 8
"""So many plans are not read anew: a job is asked for again and again while it runs."""


def job_of(row: sqlite3.Row) -> Job:
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

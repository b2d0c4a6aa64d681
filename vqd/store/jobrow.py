"""A job as it is kept: what goes into its row, and what is read from it."""

import sqlite3
from dataclasses import asdict
from functools import cache

import orjson
from pydantic import TypeAdapter

from vqd.domain.errors import Problem
from vqd.domain.job import Notify, Plan
from vqd.domain.lifecycle import JobState
from vqd.domain.queue import Counts, Job, JobFile

# What a job that comes back has of its earlier life no more, unless it is written anew.
OF_A_LIFE = (
    "problems = '[]', reason = NULL, quote = NULL, awaits_proof = 0, hold = NULL, lacking = 0,"
    " judge_at = NULL,"
    " suspended = 0, record = 'whole', cancel_requested_at = NULL, started_at = NULL,"
    " finished_at = NULL, total = 0, pending = 0, running = 0, succeeded = 0, failed = 0,"
    " cancelled = 0, kept = 0, needs_key = 1, max_parallel = 1000000000, not_before_at = NULL,"
    " time_window = NULL, deadline_at = NULL"
)


def job_of(row: sqlite3.Row) -> Job:
    """Give the job of a row."""
    return Job(
        job_key=row["job_key"],
        job=row["job"],
        workflow=row["workflow"],
        state=JobState(row["state"]),
        counts=Counts(
            row["total"],
            row["pending"],
            row["running"],
            row["succeeded"],
            row["failed"],
            row["cancelled"],
            row["kept"],
        ),
        plan=plans().validate_json(row["plan"]) if row["plan"] else None,
        job_file=JobFile(row["job_file"], row["job_file_sha256"]),
        input_folder=row["input_folder"],
        priority=row["priority"],
        accepted_at=row["accepted_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        cancel_requested_at=row["cancel_requested_at"],
        reason=row["reason"],
        hold=row["hold"],
        problems=tuple(Problem(**problem) for problem in orjson.loads(row["problems"])),
        is_brief=row["record"] != "whole",
    )


def notify_text(notify: Notify | None) -> str | None:
    """Give whom a job tells of what, as its row has it."""
    return None if notify is None else orjson.dumps(asdict(notify)).decode()


@cache
def plans() -> TypeAdapter[Plan]:
    """Give what writes plans as JSON and reads them."""
    return TypeAdapter(Plan)

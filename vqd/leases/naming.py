"""How prompts are called in Procrastinate's rows, and read out of them."""

from collections.abc import Mapping
from typing import Any

from procrastinate.jobs import Job

from vqd.domain.queue import PromptKey
from vqd.leases.lease import Lease

TASK = "vqd"


def lock_of(key: PromptKey) -> str:
    """Name a prompt so that the engine lets it be leased once."""
    return f"{key.job_key}/{key.number}"


def lease_of(job: Job) -> Lease:
    """Give a row as a lease."""
    assert job.id is not None
    return Lease(job.id, key_of(job.task_kwargs))


def key_of(arguments: Mapping[str, Any]) -> PromptKey:
    """Give the prompt that the arguments of a row name."""
    return PromptKey(arguments["job_key"], arguments["number"])

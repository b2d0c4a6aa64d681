"""Sidecars: beside each output a job file that makes it again, and how it was made."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from vqd.domain.outcome import OutputFile, Succeeded
from vqd.runner.attempt import Assignment
from vqd.spool.drops import INPUTS
from vqd.spool.files import write_whole


def write_sidecars(
    assignment: Assignment, server: str, input_sha256s: Mapping[str, str], outcome: Succeeded
) -> None:
    """Write `NAME.EXT.yaml` beside every output, durably; nothing where the job wants none."""
    if assignment.plan.sidecar == "none":
        return
    for output in outcome.outputs:
        told = _job_file(assignment)
        if assignment.plan.sidecar == "full":
            told["record"] = _record(assignment, server, input_sha256s, outcome, output)
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)
        write_whole(assignment.folder / f"{output.path}.yaml", text.encode())


def _job_file(assignment: Assignment) -> dict[str, Any]:
    # Relative to done/, which is one of the places where a job's inputs may lie.
    origin = PurePosixPath(assignment.job) / INPUTS
    prompt, plan = assignment.prompt, assignment.plan
    return {
        "vqd": 1,
        "workflow": plan.workflow,
        "name": PurePosixPath(prompt.stem).name,
        "inputs": {slot: str(origin / path) for slot, path in prompt.inputs.items()},
        "params": {**plan.params, **prompt.params},
        "output": {"name": prompt.stem},
    }


def _record(
    assignment: Assignment,
    server: str,
    input_sha256s: Mapping[str, str],
    outcome: Succeeded,
    output: OutputFile,
) -> dict[str, Any]:
    prompt, plan = assignment.prompt, assignment.plan
    return {
        "job": assignment.job,
        "prompt": prompt.key.number,
        "attempt": prompt.attempt,
        "workflow_version": plan.workflow_version,
        "graph": assignment.graph.sha256,
        "inputs": dict(input_sha256s),
        "seed": prompt.seed,
        "server": server,
        "seconds": round(outcome.seconds, 3),
        "sha256": output.sha256,
        **({"mark": prompt.mark} if prompt.mark else {}),
    }

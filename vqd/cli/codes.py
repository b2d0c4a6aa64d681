"""Exit codes, and what each says; docs/cli.md has the same table."""

from collections.abc import Mapping
from types import MappingProxyType

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_FAULTS = 3
EXIT_UNKNOWN_JOB = 4
EXIT_REFUSED = 5
EXIT_WARNED = 6
EXIT_WRONG = 7
EXIT_TAKEN_FOR_GONE = 75
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

EXIT_BY_ERROR: Mapping[str, int] = MappingProxyType(
    {
        "unknown_job": EXIT_UNKNOWN_JOB,
        "ambiguous_job": EXIT_UNKNOWN_JOB,
        "unknown_workflow": EXIT_FAULTS,
    }
)
"""Errors that do not end with EXIT_REFUSED."""

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "it is so",
        EXIT_FAILED: "a job that was waited for failed or was cancelled, or vqd itself failed",
        EXIT_USAGE: "the command line is wrong",
        EXIT_FAULTS: "the job file, a workflow or the settings are at fault",
        EXIT_UNKNOWN_JOB: "there is no such job, or several fit",
        EXIT_REFUSED: "refused, or it cannot be done now, with the reason",
        EXIT_WARNED: "`doctor` or `db check` found something that could be better",
        EXIT_WRONG: "`doctor` or `db check` found something wrong",
        EXIT_TAKEN_FOR_GONE: "`run` was taken for gone by the others on its queue: start it again",
        EXIT_INTERRUPTED: "`submit --wait` was interrupted, and the job goes on",
        EXIT_TERMINATED: "`watch` was ended by a signal",
    }
)

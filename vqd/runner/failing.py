"""What an attempt failed of, where an error ended it."""

import structlog

from vqd.comfy import verdict
from vqd.comfy.faults import ComfyError
from vqd.domain.errors import DEPOT_AWAY, DEPOT_LACKS, STORE_UNREACHABLE, VqdError
from vqd.domain.outcome import Failed, FailureCode
from vqd.runner.acceptance import BadOutput
from vqd.runner.assignment import Assignment
from vqd.runner.inputs import BadInput
from vqd.spool.files import concerns_one_name, is_real_folder

BELIEVED_AT_ATTEMPT = 3
"""At this attempt a daemon is believed that says of another's input that it cannot be used: where
the other can run the prompt, it had time to."""

_log = structlog.get_logger(__name__)


def failure_of(error: Exception, assignment: Assignment) -> Failed:
    """Give the failure that an error means for the attempt that it ended."""
    match error:
        case ComfyError():
            return verdict.of_error(error)
        case BadInput():
            said = assignment.in_words_of_its_job(error.message)
            return _unless_gone(Failed(FailureCode.INVALID, said), assignment)
        case BadOutput():
            return _unless_gone(Failed(FailureCode.BAD_OUTPUT, error.message), assignment)
        case OSError():
            return _unless_gone(_of_os_error(error, assignment), assignment)
        case _:
            return _of_fault(error, assignment)


def _unless_gone(failed: Failed, assignment: Assignment) -> Failed:
    """Give the failure, unless it came of the job's folder not being there any more; or of files of
    another daemon's spool, which may be there for that one."""
    folder = assignment.folder
    if not is_real_folder(folder):
        said = f"{folder} is gone: the share is away, or the folder was moved."
        failed = Failed(FailureCode.DISK_FULL, said)
    if assignment.is_elsewhere and _may_be_so_here_alone(failed, assignment):
        return Failed(FailureCode.UNAVAILABLE, failed.message)
    return failed


def _may_be_so_here_alone(failed: Failed, assignment: Assignment) -> bool:
    is_tried = assignment.prompt.attempt >= BELIEVED_AT_ATTEMPT
    return failed.code is FailureCode.DISK_FULL or (
        failed.code is FailureCode.INVALID and not is_tried
    )


def _of_os_error(error: OSError, assignment: Assignment) -> Failed:
    where = error.filename or assignment.folder
    code = FailureCode.BAD_OUTPUT if concerns_one_name(error) else FailureCode.DISK_FULL
    return Failed(code, f"{where} cannot be read or written: {error.strerror}.")


def _of_fault(error: Exception, assignment: Assignment) -> Failed:
    """Give what comes of a queue or a depot that fails, or of a fault of vqd's own. No prompt is to
    blame for a queue or a depot that does not answer: it goes back into the queue."""
    if isinstance(error, VqdError) and error.code in (STORE_UNREACHABLE, DEPOT_AWAY):
        return Failed(FailureCode.WITHDRAWN, error.message)
    if isinstance(error, VqdError) and error.code == DEPOT_LACKS:
        return Failed(FailureCode.UNAVAILABLE, error.message)
    if isinstance(error, VqdError) and error.is_of_queue:
        return Failed(FailureCode.DISK_FULL, error.message)
    _log.error("attempt.failed", job=assignment.job, exc_info=error)
    return Failed(FailureCode.NODE_ERROR, f"vqd itself failed: {error!r}.")

"""Where log lines go."""

import errno
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog

from vqd.logs import set_up_logs


class Disk(io.StringIO):
    """A stream on a disk that may be full."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """The disk that everything is logged to."""
    before = structlog.get_config()
    with redirect_stderr(Disk()) as made:
        set_up_logs(as_json=True)
        yield made
    structlog.configure(**before)


def test_a_line_that_a_full_disk_does_not_take_is_lost_and_nothing_else(disk: Disk) -> None:
    log = structlog.get_logger("test")
    disk.is_full = True
    log.info("job.closed", job="lost")
    disk.is_full = False
    log.info("job.closed", job="told")
    assert [json.loads(line)["job"] for line in disk.getvalue().splitlines()] == ["told"]

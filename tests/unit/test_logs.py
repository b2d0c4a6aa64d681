"""Where log lines go."""

import errno
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from vqd.logs import set_level, set_up_logs


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


def events(disk: Disk) -> list[str]:
    """The names of the lines so far."""
    return [json.loads(line)["event"] for line in disk.getvalue().splitlines()]


def test_the_level_changes_while_a_logger_is_in_use(disk: Disk) -> None:
    log = structlog.get_logger("test")
    log.debug("a.hidden")
    log.info("b.told")
    set_level("warning")
    log.info("c.hidden")
    log.exception("d.told")
    set_level("debug")
    log.debug("e.told")
    set_level("info")
    assert events(disk) == ["b.told", "d.told", "e.told"]


def test_what_is_bound_to_a_thread_stands_in_its_lines(disk: Disk) -> None:
    log = structlog.get_logger("test")
    with bound_contextvars(job="beach", prompt=3):
        log.info("input.unshared", file="a.png")
    log.info("job.closed", job="other")
    first, second = map(json.loads, disk.getvalue().splitlines())
    assert (first["job"], first["prompt"], first["file"]) == ("beach", 3, "a.png")
    assert (second["job"], "prompt" in second) == ("other", False)


def test_a_line_for_the_journal_begins_with_how_bad_it_is(disk: Disk) -> None:
    with redirect_stderr(disk):
        set_up_logs(as_json=True, for_journal=True)
    log = structlog.get_logger("test")
    log.info("job.closed")
    log.warning("room.low")
    try:
        raise OSError("gone")
    except OSError:
        log.exception("watch.failed")
    lines = disk.getvalue().splitlines()
    assert [line[:4] for line in lines] == ["<6>{", "<4>{", "<3>{"]
    told = json.loads(lines[2][3:])
    assert told["event"] == "watch.failed"
    assert "OSError: gone" in told["exception"]

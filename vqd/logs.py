"""Logs: one canonical line per unit of work; JSON under systemd, readable on a terminal."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


def set_up_logs(*, as_json: bool, level: str = "info") -> None:
    """Send every line to stderr, as JSON or for a person to read."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    # It logs an error each time a watch is ended in the ordinary way (watchdog 7.1, inotify.py).
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)
    # It warns of each form that somebody sent and that is none, which is told to whoever sent it.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )


class _Lossy:
    """Writes to a stream what that takes: a log on a full disk ends no work that is logged."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

"""Logs: one canonical line per unit of work; JSON under systemd, readable on a terminal.

What is bound to a thread (structlog.contextvars) stands in each of its lines: of an attempt, its
job, prompt, prompt_id and server.
"""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""As journald reads them at the beginning of a line (sd-daemon(3), SD_WARNING)."""


def set_up_logs(*, as_json: bool, level: str = "info", for_journal: bool = False) -> None:
    """Send every line to stderr, as JSON or for a person to read.

    `for_journal` puts before each how bad it is, so that `journalctl -p warning` finds it.
    """
    set_level(level)
    # It logs an error each time a watch is ended in the ordinary way (watchdog 7.1, inotify.py).
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)
    # It warns of each form that somebody sent and that is none, which is told to whoever sent it.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            _without_lesser,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(as_json=as_json, for_journal=for_journal),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def set_level(level: str) -> None:
    """Log this, and what is worse, from now on. Any thread may."""
    _threshold["level"] = _LEVELS[level]


_threshold = {"level": _LEVELS["info"]}


def _without_lesser(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if _LEVELS.get(method, _LEVELS["error"]) < _threshold["level"]:
        raise structlog.DropEvent
    return event


def _rendering(*, as_json: bool, for_journal: bool) -> list[Processor]:
    if not as_json:
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    whole: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    return [_with_priority(*whole)] if for_journal else whole


def _with_priority(tell: Processor, render: Processor) -> Processor:
    def rendered(logger: WrappedLogger, method: str, event: EventDict) -> str:
        priority = _PRIORITIES.get(str(event.get("level")), _PRIORITIES["error"])
        told = cast("EventDict", tell(logger, method, event))
        return f"<{priority}>{cast('str', render(logger, method, told))}"

    return rendered


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

"""The built-in engine by itself: nothing of the daemon is imported for it."""

from collections.abc import Callable
from pathlib import Path

from vqd.engine.server import serve


def serve_engine(
    host: str, port: int, data: Path, *, announce: Callable[[str], None], stop_on_stdin_eof: bool
) -> None:
    """Run the built-in engine, until SIGTERM or SIGINT; see `vqd.engine.server`."""
    serve(host, port, data, announce=announce, stop_on_stdin_eof=stop_on_stdin_eof)

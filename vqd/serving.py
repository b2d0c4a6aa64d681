"""The built-in engine by itself: nothing of the daemon is imported for it."""

import os
from collections.abc import Callable
from pathlib import Path


def serve_engine(
    host: str, port: int, data: Path, *, announce: Callable[[str], None], stop_on_stdin_eof: bool
) -> None:
    """Run the built-in engine, until SIGTERM or SIGINT; see `vqd.engine.server`."""
    # aiohttp reads the certificates of the system when it is imported, a quarter of the engine's
    # start, for a client that the engine has no use for.
    os.environ["SSL_CERT_FILE"] = os.devnull
    from vqd.engine.server import serve

    serve(host, port, data, announce=announce, stop_on_stdin_eof=stop_on_stdin_eof)

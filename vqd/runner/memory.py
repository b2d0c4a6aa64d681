"""What a server is asked to forget."""

import structlog

from vqd.comfy.faults import ComfyError
from vqd.runner.server import Server

_log = structlog.get_logger(__name__)


def free_memory(server: Server) -> None:
    """Have a server unload its models and empty its cache; one that would not is noted."""
    try:
        server.client.free_memory()
    except ComfyError as error:
        _log.warning("memory.unfreed", server=server.name, error=error.message)

"""The door as the daemon opens it: its address, its token, and the names that lead here."""

import socket
from collections.abc import Callable, Collection
from pathlib import Path

from vqd.web.app import made
from vqd.web.server import WebServer, listening
from vqd.web.services import Services
from vqd.web.sessions import Sessions, token_in

_LOCAL = "localhost"


def web_door(
    services: Services,
    *,
    host: str,
    port: int,
    token_file: Path | None,
    allowed_hosts: Collection[str],
    upload_limit: int,
    on_end: Callable[[], None],
) -> WebServer:
    """Give a server that listens, and serves once it is started.

    Raises:
        VqdError: `port_taken`, `not_listening`, `token_unreadable`, `token_unfit`.
    """
    sessions = Sessions(None if token_file is None else token_in(token_file))
    names = {_LOCAL, host.lower(), socket.gethostname().lower(), *allowed_hosts}
    app = made(services, sessions, hosts=names, upload_limit=upload_limit)
    return WebServer(app, listening(host, port), on_end=on_end)

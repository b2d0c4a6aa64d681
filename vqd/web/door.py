"""The app as the daemon serves it: its token, and the names that lead here."""

import socket
from collections.abc import Collection

from fastapi import FastAPI

from vqd.web.app import made
from vqd.web.services import Services
from vqd.web.sessions import Sessions

App = FastAPI
_LOCAL = "localhost"


def web_app(
    services: Services, *, host: str, token: str | None, names: Collection[str], upload_limit: int
) -> App:
    """Give the app that is served on `host`; `names` are those by which browsers reach it, too."""
    hosts = {_LOCAL, host.lower(), socket.gethostname().lower(), *names}
    return made(services, Sessions(token), hosts=hosts, upload_limit=upload_limit)

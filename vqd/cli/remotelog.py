"""The log of a job, read over the API as it grows."""

from vqd.cli.client import Client, path_of
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import CLOSED_STATES
from vqd.service.shapes.prompts import JobDetailShape


class RemoteLog:
    """A log on another machine."""

    def __init__(self, client: Client, job: str) -> None:
        self._client = client
        self._job = job

    def read(self, first_byte: int, most_bytes: int) -> bytes:
        """Give what there is more of it; nothing if it has not begun."""
        try:
            return self._client.part(path_of("jobs", self._job, "log"), first_byte, most_bytes)
        except VqdError as error:
            if error.code != "unknown_file":
                raise
            return b""

    def is_over(self) -> bool:
        """Tell whether the job is over."""
        found = self._client.get(JobDetailShape, path_of("jobs", self._job))
        return found.state in CLOSED_STATES

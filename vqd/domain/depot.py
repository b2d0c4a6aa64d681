"""The depot: a store of files that daemons share whose spools do not reach one another."""

from dataclasses import field
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.domain.outcome import Parcel
from vqd.domain.queue import PromptKey

CACHE_BYTES = 10 << 30
"""How much of others' inputs is kept, where the settings do not say."""


@frozen
class DepotAddress:
    """Where a depot is, by a URL of fsspec's, and what opens it: an access `key` with the secret in
    a file, or neither where the environment has them. At most `cache_bytes` of inputs are kept
    here."""

    url: str
    endpoint_url: str | None = None
    region: str | None = None
    key: str | None = field(default=None, repr=False)
    secret_file: Path | None = None
    cache_bytes: int = CACHE_BYTES

    def __str__(self) -> str:
        """Give what people know it by."""
        return self.url if self.endpoint_url is None else f"{self.url} at {self.endpoint_url}"


@frozen
class Content:
    """What an input held when it was put into the depot; `modified_ns` is its mtime then."""

    sha256: str
    bytes: int
    modified_ns: int


@frozen
class Arrival:
    """A parcel on its way to the folder of a job."""

    key: PromptKey
    job: str
    parcel: Parcel


def content_name(home: str, sha256: str) -> str:
    """Name a content of the jobs of a home in the depot."""
    return f"{contents_of(home)}{sha256}"


def contents_of(home: str) -> str:
    """Give how the names of a home's contents begin."""
    return f"inputs/{home}/"


def parcel_name(home: str, key: PromptKey, attempt: int, prompt_id: str) -> str:
    """Name what one attempt at a prompt makes, which no other attempt's is called."""
    return f"{parcels_of(home)}{key.job_key}/{key.number}/{attempt}-{prompt_id}.tar"


def parcels_of(home: str) -> str:
    """Give how the names of all parcels for a home begin."""
    return f"outputs/{home}/"

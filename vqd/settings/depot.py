"""What opens the depot, as the settings write it."""

from pathlib import Path

from pydantic import Field

from vqd.documents.schema import Keys
from vqd.domain.depot import CACHE_BYTES, DepotAddress
from vqd.settings.values import Size

ALLOWED = "s3://BUCKET/PREFIX, or file:///FOLDER"


class DepotKeys(Keys):
    """What opens the depot, and how much of it is kept here."""

    endpoint_url: str | None = Field(
        default=None, description="Where the store is, if it is not Amazon's: https://HOST:PORT."
    )
    region: str | None = Field(default=None, description="Its region, where it has several.")
    key: str | None = Field(
        default=None,
        repr=False,
        description="The access key; as the environment tells (AWS_ACCESS_KEY_ID), without one.",
    )
    secret_file: Path | None = Field(
        default=None, description="A file with the secret of the access key."
    )
    cache: Size | None = Field(
        default=None,
        description="How much of others' inputs is kept in state_dir: 10G, if it is not set.",
    )


def depot_of(url: str | None, keys: DepotKeys, *, is_shared: bool) -> DepotAddress | None:
    """Give the address of the depot that the settings name; None if they name none.

    Raises:
        ValueError: what of them is no such thing, in words for a person.
    """
    if url is None:
        if keys != DepotKeys():
            raise ValueError("there are depot_options, and no depot.")
        return None
    if not is_shared:
        raise ValueError("only daemons that share a database use a depot: name it, too.")
    scheme, _, rest = url.partition("://")
    if not scheme or not rest.strip("/") or "@" in url:
        raise ValueError(
            "this is no URL of a depot: without a key in it, and with a place behind ://."
        )
    if (keys.key is None) is not (keys.secret_file is None):
        raise ValueError("its key and its secret_file go together.")
    return DepotAddress(
        url.rstrip("/"),
        keys.endpoint_url,
        keys.region,
        keys.key,
        keys.secret_file,
        keys.cache or CACHE_BYTES,
    )

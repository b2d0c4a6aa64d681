"""A store that speaks S3, in the process of the test: over a real socket, as daemons reach it."""

import logging
from pathlib import Path
from typing import Any, Self

import boto3
from moto.server import ThreadedMotoServer

from tests.ports import lasting_port
from vqd.domain.depot import DepotAddress

BUCKET = "studio"


class S3Store:
    """Goes away and comes back with what it held, at the same port."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._port = lasting_port()
        self._server = _serving(self._port)
        self.make_bucket()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    def make_bucket(self) -> None:
        """Make the bucket, empty."""
        self._client().create_bucket(Bucket=BUCKET)

    def names(self) -> list[str]:
        """Name everything in the bucket."""
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def remove(self, name: str) -> None:
        """Remove what has a name there."""
        self._client().delete_object(Bucket=BUCKET, Key=name)

    def go_away(self) -> None:
        """Answer nobody."""
        self._server.stop()

    def come_back(self) -> None:
        """Answer again."""
        self._server = _serving(self._port)

    def address(self, folder: Path, prefix: str = "vqd") -> DepotAddress:
        """Give the address of a depot in the bucket, whose secret lies in a file in `folder`."""
        secret = folder / "depot.key"
        secret.write_text("sesame\n", encoding="utf-8")
        return DepotAddress(
            f"s3://{BUCKET}/{prefix}", self.url, "us-east-1", "vqd", secret, cache_bytes=1 << 20
        )

    def close(self) -> None:
        """Forget everything."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="vqd",
            aws_secret_access_key="sesame",
            region_name="us-east-1",
        )


def _serving(port: int) -> ThreadedMotoServer:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    return server


def settings_of(address: DepotAddress) -> dict[str, Any]:
    """Give the settings that name a depot."""
    if not address.url.startswith("s3:"):
        return {"depot": address.url}
    options = {
        "endpoint_url": address.endpoint_url,
        "region": address.region,
        "key": address.key,
        "secret_file": str(address.secret_file),
    }
    return {"depot": address.url, "depot_options": options}

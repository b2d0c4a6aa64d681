"""Depots: a store that speaks S3, and a folder."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec.asyn
import pytest

from tests.depot.store import S3Store
from vqd.domain.depot import DepotAddress


@pytest.fixture(scope="session", autouse=True)
def _threads_of_fsspec() -> None:
    """Have the two threads that fsspec keeps for good before threads are counted."""
    loop = fsspec.asyn.get_loop()
    names = ThreadPoolExecutor(max_workers=1)
    names.submit(bool).result()
    loop.call_soon_threadsafe(loop.set_default_executor, names)


@pytest.fixture
def s3() -> Iterator[S3Store]:
    with S3Store() as store:
        yield store


@pytest.fixture(params=["s3", "file"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DepotAddress:
    """The address of an empty depot of each kind."""
    if request.param == "s3":
        store: S3Store = request.getfixturevalue("s3")
        return store.address(tmp_path, prefix=tmp_path.name)
    folder = tmp_path / "depot"
    folder.mkdir()
    return DepotAddress(f"file://{folder}", cache_bytes=1 << 20)

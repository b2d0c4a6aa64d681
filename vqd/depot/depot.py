"""Files put into the depot and fetched from it, by way of fsspec: S3, or a folder of a file server.

What it says of a fault is told in one way, whatever the store: `depot_away` where nobody knows, and
`depot_lacks` where it is not there. A file is there whole, or not at all.
"""

import errno
import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import structlog

from vqd.documents.credentials import without_credentials
from vqd.documents.secrets import secret_in
from vqd.domain.depot import DepotAddress
from vqd.domain.errors import DEPOT_AWAY, DEPOT_LACKS, VqdError

CONNECTS_WITHIN_S = 5
ANSWERS_WITHIN_S = 20
_AT_ONCE = 2
"""Parts of a large file that are on their way at once; each is 50 MB in memory."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})

_log = structlog.get_logger(__name__)


class Depot:
    """A depot at its address. Any thread may use it, and any number at once."""

    def __init__(self, address: DepotAddress, on_back: Callable[[], None] = lambda: None) -> None:
        """Open it, which asks nothing of it yet. `on_back` is called when it answers again.

        Raises:
            VqdError: `depot_not_installed`, what speaks to such a store is not here; or as
                `secret_in`.
        """
        self.address = address
        try:
            self._files, self._root = fsspec.core.url_to_fs(address.url, **_options(address))
        except (ImportError, ValueError) as error:
            said = f"{address}: {without_credentials(str(error))}."
            raise VqdError("depot_not_installed", said, "pip install 'vqd[depot]'.") from error
        self._root = self._root.rstrip("/")
        self._on_back = on_back
        self._why_away: str | None = None
        self._lock = threading.Lock()

    @property
    def why_away(self) -> str | None:
        """Say why it is away, as was last heard; None if it is there."""
        return self._why_away

    def look(self) -> None:
        """Ask whether it is there.

        Raises:
            VqdError: `depot_away`.
        """
        self.size("looked-for")

    def put(self, path: Path, name: str) -> None:
        """Put a file there under a name, in place of what had it.

        Raises:
            VqdError: `depot_away`.
        """
        place = self._place(name)
        with self._asked(name, may_lack=False):
            if not self._is_folder:
                self._files.put_file(str(path), place)
                return
            Path(self._root).lstat()  # or it would be made in a bare mount point
            part = f"{place}.{uuid.uuid4().hex}.part"
            self._files.put_file(str(path), part)
            _sync(part)
            self._files.mv(part, place)

    def size(self, name: str) -> int | None:
        """Give the bytes of what has a name there; None if nothing has.

        Raises:
            VqdError: `depot_away`.
        """
        try:
            with self._asked(name):
                return int(self._files.info(self._place(name))["size"])
        except VqdError as error:
            if error.code != DEPOT_LACKS:
                raise
            return None

    def fetch(self, name: str, path: Path) -> None:
        """Bring what has a name there to a file here.

        Raises:
            VqdError: `depot_away`; `depot_lacks`, there is nothing of that name.
            OSError: there is no room for it here.
        """
        with self._asked(name):
            self._files.get_file(self._place(name), str(path))

    def names(self, prefix: str) -> list[str]:
        """Name everything whose name begins so, up to a `/`.

        Raises:
            VqdError: `depot_away`.
        """
        with self._asked(prefix):
            self._files.invalidate_cache()
            found = self._files.find(self._place(prefix.rstrip("/")))
        return [str(one).removeprefix(f"{self._root}/") for one in found]

    def remove(self, names: Iterable[str]) -> None:
        """Remove what has these names, of which some may be gone.

        Raises:
            VqdError: `depot_away`.
        """
        for name in names:
            try:
                with self._asked(name):
                    self._files.rm_file(self._place(name))
            except VqdError as error:
                if error.code != DEPOT_LACKS:
                    raise

    @property
    def _is_folder(self) -> bool:
        """Tell whether a file there is to be seen while it is written."""
        return "file" in self._files.protocol

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _asked(self, name: str, *, may_lack: bool = True) -> Iterator[None]:
        """Tell what is said meanwhile in vqd's words, and note whether it answers."""
        try:
            yield
        except FileNotFoundError as error:
            if not may_lack or (self._is_folder and not self._files.isdir(self._root)):
                raise self._is_away("there is no such bucket or folder") from error
            self._is_back()
            raise VqdError(DEPOT_LACKS, f"The depot {self.address} has no {name}.") from error
        except Exception as error:  # each store has faults of its own, of no common kind
            if may_lack and isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise  # here, where it was to be fetched to
            raise self._is_away(_said(error)) from error
        else:
            self._is_back()

    def _is_away(self, said: str) -> VqdError:
        with self._lock:
            is_news, self._why_away = self._why_away is None, said
        if is_news:
            _log.warning("depot.away", depot=str(self.address), said=said)
        hint = "Jobs of other daemons wait until it answers."
        return VqdError(DEPOT_AWAY, f"The depot {self.address} is away: {said}.", hint)

    def _is_back(self) -> None:
        with self._lock:
            was_away, self._why_away = self._why_away is not None, None
        if was_away:
            _log.info("depot.back", depot=str(self.address))
            self._on_back()


def _options(address: DepotAddress) -> dict[str, Any]:
    if not address.url.startswith(("s3:", "s3a:")):
        return {"auto_mkdir": True} if address.url.startswith("file:") else {}
    secret = None if address.secret_file is None else secret_in(address.secret_file)
    return {
        "endpoint_url": address.endpoint_url,
        "key": address.key,
        "secret": secret,
        "client_kwargs": {"region_name": address.region} if address.region else {},
        "config_kwargs": {
            "connect_timeout": CONNECTS_WITHIN_S,
            "read_timeout": ANSWERS_WITHIN_S,
            "retries": {"max_attempts": 1},
        },
        "max_concurrency": _AT_ONCE,
        "use_listings_cache": False,
        "skip_instance_cache": True,
    }


def _sync(path: str) -> None:
    """Make a file's content durable, in a depot that is a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _said(error: Exception) -> str:
    """Give what a store said in one line, without what is secret."""
    if isinstance(error, OSError) and error.strerror:
        return without_credentials(error.strerror)
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return without_credentials(text).rstrip(".")

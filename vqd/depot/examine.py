"""Whether a depot takes a file, gives it back as it was, and lets it be removed."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from vqd.depot.opening import opened
from vqd.domain.depot import DepotAddress
from vqd.domain.finding import Finding, ok, wrong

_PROBES = "probes"
"""The folder of the depot in which files are tried out."""


def examine_depot(address: DepotAddress) -> Iterator[Finding]:
    """Put a file there, fetch it and remove it.

    Raises:
        VqdError: `depot_away`, `depot_not_installed`, or as `Depot`. OSError: no room here.
    """
    depot = opened(address)
    name, content = f"{_PROBES}/{uuid.uuid4().hex}", uuid.uuid4().bytes
    with tempfile.TemporaryDirectory(prefix="vqd-depot-") as folder:
        sent, came = Path(folder) / "sent", Path(folder) / "came"
        sent.write_bytes(content)
        depot.put(sent, name)
        try:
            depot.fetch(name, came)
            is_same = came.read_bytes() == content
        finally:
            depot.remove([name])
    if not is_same:
        said = "gave another file back than was put there: a cache may stand between"
        yield wrong("depot_changes", f"{address} {said}")
    elif depot.size(name) is not None:
        said = f"still has {name}, which was removed: let vqd delete below its prefix"
        yield wrong("depot_keeps", f"{address} {said}")
    else:
        yield ok("depot", f"{address} takes files, gives them back and removes them")

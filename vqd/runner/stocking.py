"""Puts the inputs of this daemon's jobs into the depot, for those who reach no folder of them.

1. Each content goes there under its hash, unless it is there.
2. The list of them goes there, under its own hash.
3. The job's row in `stocks` is written: from that instant on others may claim of the job.

Killed between any two, it is done again and finds what is done already.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import structlog

from vqd.documents.opening import opened
from vqd.domain.depot import Content, content_name, contents_of
from vqd.domain.errors import DEPOT_LACKS, VqdError
from vqd.runner.inputs import placed
from vqd.runner.parcels import sha256_in, sha256_of
from vqd.runner.stocklist import list_text, read_list
from vqd.spool.layout import Spool
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

_log = structlog.get_logger(__name__)


class Stocking:
    """Stocks the depot with the inputs of the jobs of a spool. Used by one thread; inputs lie in
    the folders of their jobs, or below one of `roots`."""

    def __init__(
        self, depot: "Depot", store: Store, spool: Spool, roots: Sequence[Path], folder: Path
    ) -> None:
        self.roots = roots
        self._depot = depot
        self._store = store
        self._spool = spool
        self._home = spool.marker.word
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def withhold(self) -> bool:
        """Tell whether the spool is paused; others are given no more prompts of its jobs then.

        Raises:
            OSError: it cannot be read.
        """
        if not self._spool.is_paused():
            return False
        with self._store.reading() as session:
            is_open = session.depot.has_stocks()
        if is_open:
            self._store.write(lambda session: session.depot.unstock_all())
        return True

    def stock(self) -> bool:
        """Stock the inputs of the next job that lacks it; False if there is none.

        Raises:
            VqdError: `depot_away`; `spool_away`. OSError: there is no room for the list here.
        """
        with self._store.reading() as session:
            job_key = session.depot.unstocked()
            if job_key is None:
                return False
            job = session.jobs.get(job_key)
            paths = {
                path
                for prompt in session.prompts.of_job(job_key)
                for path in prompt.inputs.values()
            }
        folder = self._spool.active / job.job
        contents = dict(self._put_all(folder / job.input_folder, sorted(paths)))
        if not self._spool.is_present():  # else what is missing would be left out
            raise VqdError("spool_away", f"{self._spool.root}: the share is away.")
        sha256 = self._put_list(contents)
        self._store.write(lambda session: session.depot.stock(job_key, sha256))
        _log.info("depot.stocked", job=job.job, inputs=len(contents))
        return True

    def sweep(self) -> int:
        """Remove what no job needs any more of which something waits or runs; gives how much.

        Raises:
            VqdError: `depot_away`.
        """
        lists = self._store.write(lambda session: session.depot.keep_open())
        kept = {*lists, *(sha256 for one in lists for sha256 in self._listed(one))}
        names = {content_name(self._home, sha256) for sha256 in kept}
        left = [one for one in self._depot.names(contents_of(self._home)) if one not in names]
        self._depot.remove(left)
        return len(left)

    def _put_all(self, folder: Path, paths: Sequence[str]) -> Iterator[tuple[str, Content]]:
        """Put inputs there; what cannot be read is left out, for this daemon's prompts to tell."""
        for path in paths:
            try:
                yield path, self._put(*placed(folder, path, self.roots))
            except OSError as error:
                _log.warning("depot.unstocked", input=path, said=error.strerror or str(error))

    def _put(self, path: Path, below: Path) -> Content:
        with opened(path, below=below) as file:
            facts = path.stat(follow_symlinks=False)
            sha256 = sha256_in(file)
            content = Content(sha256, facts.st_size, facts.st_mtime_ns)
            # By its handle: nothing can take the place of what was read.
            self._put_content(content, Path(f"/proc/self/fd/{file.fileno()}"))
        return content

    def _put_content(self, content: Content, path: Path) -> None:
        name = content_name(self._home, content.sha256)
        if self._depot.size(name) != content.bytes:
            self._depot.put(path, name)

    def _put_list(self, contents: dict[str, Content]) -> str:
        text = list_text(contents)
        sha256 = hashlib.sha256(text).hexdigest()
        with NamedTemporaryFile(dir=self._folder, suffix=".jsonl") as file:
            file.write(text)
            file.flush()
            self._put_content(Content(sha256, len(text), 0), Path(file.name))
        return sha256

    def _listed(self, sha256: str) -> list[str]:
        """Give the hashes that a list of this daemon's has; none where the depot has lost it, or
        has something else by its name: whoever fetches it says so, and all is put there again."""
        with NamedTemporaryFile(dir=self._folder, suffix=".jsonl") as file:
            try:
                self._depot.fetch(content_name(self._home, sha256), Path(file.name))
            except VqdError as error:
                if error.code != DEPOT_LACKS:
                    raise
                return []
            if sha256_of(Path(file.name)) != sha256:
                return []
            return [content.sha256 for content in read_list(Path(file.name)).values()]

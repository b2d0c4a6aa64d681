"""Makes the thumbnails of what prompts made, while their jobs run.

Beside the prompts' way and at a low priority: decoders of their own make them, one file after the
other. While prompts are carried out it pauses after a few: those of hundreds a second would take
the interpreter and the processor from them, and nobody looks at so many. What is still missing when
a job closes, or was made before this process began, is made for its report.
"""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.kinds import kind_of_name
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.media.thumbnails import Thumbnails
from vqd.runner.beside import Beside
from vqd.spool.layout import Spool
from vqd.store.store import Session, Store

AWAY_AGAIN_S = 30.0
AT_ONCE = 10
"""Prompts whose files are seen to before it pauses, while others are carried out."""
PAUSE_S = 0.3
_STOPPED_WITHIN_S = 2.0
_SMALL = frozenset({"image", "video", "audio"})

_log = structlog.get_logger(__name__)


@frozen
class _File:
    path: Path
    sha256: str
    bytes: int
    folder: Path


class Thumbnailing(Beside):
    """Follows the queue: what succeeds after `start` gets its thumbnails, inputs too.

    `is_busy` tells whether prompts are carried out. It ends after the file that it is at.
    """

    def __init__(
        self, store: Store, spool: Spool, kept: Thumbnails, *, is_busy: Callable[[], bool]
    ) -> None:
        super().__init__(
            "thumbnails", self.make, gathered_s=PAUSE_S, stopped_within_s=_STOPPED_WITHIN_S
        )
        self._store = store
        self._spool = spool
        self._kept = kept
        self._is_busy = is_busy
        self._seen: int | None = None

    def start(self) -> None:
        """Begin with what succeeds from now on."""
        with self._store.reading() as session:
            self._seen = session.events.newest_key()
        super().start()

    def make(self) -> float | None:
        """Make what is missing; give the seconds until it should look again, None for when it is
        woken."""
        while not self.is_ending:
            if not self._spool.is_present():
                return AWAY_AGAIN_S
            with self._store.reading() as session:
                newest = session.events.newest_key()
                page = session.events.prompts_with(
                    "prompt.succeeded", after=self._seen or 0, limit=AT_ONCE
                )
                found = [file for _, key in page for file in self._files(session, key)]
            if not page:
                self._seen = newest
                break
            for file in {file.sha256: file for file in found}.values():
                self._make(file)
            self._seen = page[-1][0]
            self._kept.trim()
            if self._is_busy():
                return 0.0
        return None

    def _files(self, session: Session, key: PromptKey) -> Iterator[_File]:
        try:
            job, prompt = session.jobs.get(key.job_key), session.prompts.get(key)
        except KeyError:  # its record was trimmed meanwhile
            return
        folder = self._spool.active / job.job
        for output in prompt.outputs:
            if output.kind in _SMALL:
                yield _File(folder / output.path, output.sha256, output.bytes, folder)
        yield from _inputs(job, prompt, folder)

    def _make(self, file: _File) -> None:
        if self.is_ending or self._kept.get(file.sha256) is not None:
            return
        try:
            facts = file.path.lstat()
            if stat.S_ISREG(facts.st_mode) and facts.st_size == file.bytes:
                self._kept.make(file.path, file.sha256, below=file.folder)
        except FileNotFoundError:
            return  # its job was closed meanwhile
        except (VqdError, OSError, ValueError) as error:
            _log.info("thumbnail.unmade", path=str(file.path), said=str(error))


def _inputs(job: Job, prompt: Prompt, folder: Path) -> Iterator[_File]:
    for slot, file in prompt.files.items():
        path = folder / job.input_folder / prompt.inputs.get(slot, "")
        if kind_of_name(path.name) in _SMALL:
            yield _File(path, file.sha256, file.bytes, folder)

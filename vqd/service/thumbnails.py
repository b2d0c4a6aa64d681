"""Small pictures of what jobs made and of their inputs, for whoever shows them."""

from collections.abc import Callable

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.domain.queue import Job
from vqd.media.apart import Thumbnail, Undecodable
from vqd.media.thumbnails import Thumbnails
from vqd.service.files import JobFiles, Place, found_again
from vqd.service.views import Views
from vqd.store.store import StoreReader

SIZES = ("tiny", "small", "medium", "large", "moving")
_STILL = "large"


@frozen
class SmallPicture:
    """A small picture; its `tag` changes with its content."""

    data: bytes
    mime: str
    tag: str


class JobThumbnails:
    """Gives what is kept, and makes what is not: by a decoder in a process of its own."""

    def __init__(
        self, reader: StoreReader, views: Views, files: JobFiles, kept: Thumbnails
    ) -> None:
        self._reader = reader
        self._views = views
        self._files = files
        self._kept = kept

    def of_output(self, job: Job, path: str, size: str) -> SmallPicture:
        """Give the small picture of an output by its path.

        Raises:
            VqdError: `unknown_file`; `no_thumbnail`, there can be none of it.
        """
        with self._reader.reading() as session:
            output = session.outputs.find(job.job_key, path)
        if output is None:
            raise VqdError("unknown_file", f"{printable(job.job)} made no {printable(path)!r}.")
        return self._small(output.sha256, size, path, lambda: self._files.place(job, path))

    def of_input(self, job: Job, number: int, slot: str, size: str) -> SmallPicture:
        """Give the small picture of what a slot of a prompt was given, once that was read.

        Raises:
            VqdError: `unknown_prompt`; `no_thumbnail`, there can be none of it, or none yet.
        """
        file = self._views.prompt(job.job, number).prompt.files.get(slot)
        if file is None:
            raise _none(slot)
        return self._small(
            file.sha256, size, slot, lambda: self._files.input_place(job, number, slot)
        )

    def _small(self, sha256: str, size: str, what: str, place: Callable[[], Place]) -> SmallPicture:
        made = self._kept.read(sha256) or self._make(sha256, what, place)
        found = {one.size: one for one in made}
        small = found.get(size) or found.get(_STILL) or next(iter(made), None)
        if small is None:
            raise _none(what)
        return SmallPicture(small.data, small.mime, f"{sha256[:32]}-{small.size}")

    def _make(self, sha256: str, what: str, place: Callable[[], Place]) -> tuple[Thumbnail, ...]:
        def look() -> tuple[Thumbnail, ...]:
            found = place()
            return self._kept.make(found.path, sha256, below=found.below)

        try:
            return found_again(look)
        except (Undecodable, OSError, ValueError) as error:
            raise _none(what) from error


def _none(what: str) -> VqdError:
    return VqdError("no_thumbnail", f"There is no small picture of {printable(what)!r}.")

"""Inputs on their way to a server: checked once, sent once per server and content."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import structlog

from vqd.comfy.client import Client
from vqd.comfy.faults import Changed
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.graph import Target, Value
from vqd.domain.job import InputBind
from vqd.domain.outcome import ReadFile
from vqd.media.apart import probe
from vqd.runner.shared import OWN_FOLDER, SharedInputs
from vqd.spool.files import concerns_one_name
from vqd.spool.signs import mtime

BAD_INPUT = "bad_input"

_log = structlog.get_logger(__name__)


class BadInput(VqdError):
    """An input cannot be used: it is gone, does not decode, or is not of the kind asked for."""

    def __init__(self, message: str) -> None:
        super().__init__(BAD_INPUT, message)


@frozen
class CheckedInput:
    """An input that decodes, and what it held. No link is followed to it `below` that folder."""

    path: Path
    below: Path
    file: ReadFile


@frozen
class SentInputs:
    """What to write into the graph, and what each slot's file held."""

    edits: Mapping[Target, Value]
    files: Mapping[str, ReadFile]


class InputChecks:
    """Decodes and hashes each file once, until it changes.

    Inputs lie in a job's folder or below one of `roots`, which alone may be links; they may become
    others at any time.
    """

    def __init__(self, roots: Sequence[Path] = ()) -> None:
        self.roots = roots
        self._checked: dict[tuple[str, str, int, int], CheckedInput] = {}
        self._lock = threading.Lock()

    def check(self, folder: Path, shown: str, kind: str) -> CheckedInput:
        """Give the input if it decodes as `kind`; `shown` is its path below `folder`, or absolute.

        Raises:
            BadInput: naming the file and what is wrong with it.
            OSError: the disk cannot be read.
        """
        path, below = placed(folder, shown, self.roots)
        try:
            facts = path.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BadInput(f"{shown} is gone from the job's folder.") from error
        # A file's own times and size can be set to what they were; when its inode changed, cannot.
        key = (str(path), kind, facts.st_ino, facts.st_ctime_ns)
        with self._lock:
            known = self._checked.get(key)
        if known is not None:
            return known
        checked = CheckedInput(path, below, _read(path, below, shown, kind, mtime(facts)))
        with self._lock:
            if len(self._checked) >= _REMEMBERED:
                self._checked.clear()
            self._checked[key] = checked
        return checked


class Uploads:
    """One server's inputs: each content is sent once, under its hash, into vqd's own folder.

    Of many contents those are remembered that were asked for last; others are sent again.
    With the server's `input_folder` they are put there; where that cannot be done, or the server
    does not find them there, they are sent all the same.
    """

    def __init__(
        self, client: Client, checks: InputChecks, input_folder: Path | None = None
    ) -> None:
        self._client = client
        self._checks = checks
        self._shared = SharedInputs(input_folder) if input_folder else None
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._lost: set[str] = set()
        self._sending = [threading.Lock() for _ in range(_SENT_AT_ONCE)]
        self._lock = threading.Lock()

    def send(
        self, inputs: Mapping[str, str], binds: Mapping[str, InputBind], folder: Path
    ) -> SentInputs:
        """Bring a prompt's inputs to the server.

        Raises:
            BadInput: an input cannot be used. ComfyError: the server would not take it.
        """
        edits: dict[Target, Value] = {}
        files: dict[str, ReadFile] = {}
        for slot, path in inputs.items():
            bind = binds[slot]
            name, files[slot] = self._send(path, bind.kind, folder)
            edits.update(dict.fromkeys(bind.targets, name))
        return SentInputs(edits, files)

    def files(
        self, inputs: Mapping[str, str], binds: Mapping[str, InputBind], folder: Path
    ) -> Mapping[str, ReadFile]:
        """Give what each slot's file holds, of inputs that an earlier process sent.

        Raises:
            BadInput: an input cannot be used any more.
        """
        return {
            slot: self._checks.check(folder, path, binds[slot].kind).file
            for slot, path in inputs.items()
        }

    def forget(self) -> None:
        """Send everything again: the server may have lost its inputs."""
        with self._lock:
            self._sent.clear()
            self._lost.clear()

    def forget_lost(self, lacking: Collection[str]) -> bool:
        """Note that the server has not what was sent or put there under these names, so that it is
        sent the next time; tell whether any of them is vqd's."""
        with self._lock:
            lost = [name for name, stored in self._sent.items() if stored in lacking]
            for name in lost:
                del self._sent[name]
            self._lost.update(lost)
            return bool(lost)

    def _send(self, path: str, kind: str, folder: Path) -> tuple[str, ReadFile]:
        """Give a file's name on the server and what it holds; again if it is replaced meanwhile."""
        for _ in range(_TRIES):
            checked = self._checks.check(folder, path, kind)
            try:
                return self._send_once(checked), checked.file
            except Changed:
                continue
        raise BadInput(f"{path} is replaced again and again while it is sent.")

    def _send_once(self, checked: CheckedInput) -> str:
        name = f"{checked.file.sha256[:32]}{checked.path.suffix.lower()}"
        with self._sending[hash(name) % _SENT_AT_ONCE]:
            stored = self._place(checked, name) or self._sent.get(name)
            if stored is None:
                stored = self._client.upload(
                    checked.path,
                    name=name,
                    subfolder=OWN_FOLDER,
                    sha256=checked.file.sha256,
                    below=checked.below,
                )
            with self._lock:
                self._sent[name] = stored
                self._sent.move_to_end(name)
                if len(self._sent) > _REMEMBERED:
                    self._sent.popitem(last=False)
            return stored

    def _place(self, checked: CheckedInput, name: str) -> str | None:
        """Put an input into the server's shared folder, each time, for it may be emptied."""
        if self._shared is None or name in self._lost:
            return None
        try:
            return self._shared.place(
                checked.path, name=name, sha256=checked.file.sha256, below=checked.below
            )
        except OSError as error:
            _log.warning("input.unshared", file=error.filename, error=error.strerror)
            return None


def placed(folder: Path, shown: str, roots: Sequence[Path]) -> tuple[Path, Path]:
    """Give the path of an input, and the folder on the way to it that it must not leave."""
    path = folder / shown
    if not shown.startswith("/"):
        return path, folder
    for root in roots:
        if path.is_relative_to(root) and not path.is_relative_to(folder):
            return root.resolve() / path.relative_to(root), root.resolve()
    return path, folder


def _read(path: Path, below: Path, shown: str, kind: str, modified_at: str) -> ReadFile:
    try:
        media = probe(path, below=below)
    except OSError as error:
        if not concerns_one_name(error):
            raise
        raise BadInput(f"{shown} cannot be read: {error.strerror}.") from error
    except VqdError as error:
        raise BadInput(f"{shown} is not a usable {kind}: {error.message}") from error
    if media.kind != kind:
        raise BadInput(f"{shown} is {_a(media.kind)}, and {_a(kind)} is asked for.")
    return ReadFile(media.sha256, media.bytes, modified_at)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


_REMEMBERED = 20_000
_SENT_AT_ONCE = 64
"""Contents that are sent to one server side by side at most; of which nobody sends one twice."""
_TRIES = 3

"""Inputs on their way to a server: checked once, sent once per server and content."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vqd.comfy.client import Client
from vqd.domain.errors import VqdError
from vqd.domain.graph import Target, Value
from vqd.domain.job import InputBind
from vqd.domain.outcome import ReadFile
from vqd.media.probe import probe
from vqd.spool.files import concerns_one_name
from vqd.spool.manifest import mtime

UPLOAD_FOLDER = "vqd"


class BadInput(VqdError):
    """An input cannot be used: it is gone, does not decode, or is not of the kind asked for."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_input", message)


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """An input that decodes, and what it held."""

    path: Path
    file: ReadFile


@dataclass(frozen=True, slots=True)
class SentInputs:
    """What to write into the graph, and what each slot's file held."""

    edits: Mapping[Target, Value]
    files: Mapping[str, ReadFile]


class InputChecks:
    """Decodes and hashes each file once, until it changes."""

    def __init__(self) -> None:
        self._checked: dict[tuple[str, str, int, int], CheckedInput] = {}
        self._lock = threading.Lock()

    def check(self, path: Path, shown: str, kind: str) -> CheckedInput:
        """Give the input if it decodes as `kind`; `shown` is what its owner calls it.

        Raises:
            BadInput: naming the file and what is wrong with it.
            OSError: the disk cannot be read.
        """
        try:
            facts = path.stat(follow_symlinks=False)
        except FileNotFoundError as error:
            raise BadInput(f"{shown} is gone from the job's folder.") from error
        key = (str(path), kind, facts.st_mtime_ns, facts.st_size)
        with self._lock:
            known = self._checked.get(key)
        if known is not None:
            return known
        checked = _check(path, shown, kind, mtime(facts))
        with self._lock:
            if len(self._checked) >= _REMEMBERED:
                self._checked.clear()
            self._checked[key] = checked
        return checked


class Uploads:
    """One server's inputs: each content is sent once, under its hash, into vqd's own folder."""

    def __init__(self, client: Client, checks: InputChecks) -> None:
        self._client = client
        self._checks = checks
        self._sent: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}
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
            checked = self._checks.check(folder / path, path, bind.kind)
            name = self._send_once(checked)
            files[slot] = checked.file
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
            slot: self._checks.check(folder / path, path, binds[slot].kind).file
            for slot, path in inputs.items()
        }

    def forget(self) -> None:
        """Send everything again: the server may have lost its inputs."""
        with self._lock:
            self._sent.clear()

    def _send_once(self, checked: CheckedInput) -> str:
        name = f"{checked.file.sha256[:32]}{checked.path.suffix.lower()}"
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._sent:
                self._sent[name] = self._client.upload(
                    checked.path, name=name, subfolder=UPLOAD_FOLDER
                )
            return self._sent[name]


def _check(path: Path, shown: str, kind: str, modified_at: str) -> CheckedInput:
    try:
        media = probe(path)
    except OSError as error:
        if not concerns_one_name(error):
            raise
        raise BadInput(f"{shown} cannot be read: {error.strerror}.") from error
    except VqdError as error:
        raise BadInput(f"{shown} is not a usable {kind}: {error.message}") from error
    if media.kind != kind:
        raise BadInput(f"{shown} is {_a(media.kind)}, and {_a(kind)} is asked for.")
    return CheckedInput(path, ReadFile(media.sha256, media.bytes, modified_at))


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


_REMEMBERED = 20_000

"""Pictures and clips, decoded in processes of their own, which hostile bytes may crash or hang.

These are started when they are needed, and end by themselves when they are not. A decoder that dies
is asked once more as another process, for it may have been killed; one that takes too long is not.
"""

import atexit
import errno
import json
import signal
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from vqd.domain.frozen import frozen
from vqd.media.decoder import STARTED
from vqd.media.decoding import Undecodable
from vqd.media.probe import Media
from vqd.media.thumbnail import Thumbnail

__all__ = [
    "Media",
    "NoDecoder",
    "Thumbnail",
    "Undecodable",
    "blackness",
    "dimensions",
    "identify",
    "probe",
    "thumbnails",
]

Json = Any

_MOST: Final = 8
_IDLE_S: Final = 30.0
_TRIES: Final = 2


class NoDecoder(OSError):
    """No decoder starts, whatever it is to be asked; the next may. `said` has no full stop."""

    def __init__(self, why: str) -> None:
        self.said = f"no decoder starts: {why}"
        super().__init__(errno.EAGAIN, self.said)


def probe(path: Path, *, below: Path | None = None) -> Media:
    """Give what `path` holds: see `vqd.media.probe`.

    Raises:
        Undecodable: also if it crashes or hangs the decoder. NoDecoder: nothing decodes it now.
        OSError: it cannot be read.
    """
    return _media(_DECODERS.ask("probe", path, below))


def identify(path: Path, kind: str) -> Media:
    """Give what an output of this kind holds: see `vqd.media.identify`.

    Raises:
        Undecodable, NoDecoder, OSError: as `probe`.
    """
    return _media(_DECODERS.ask("identify", path, kind=kind))


def blackness(path: Path) -> float:
    """Give the share of black pixels, 0 to 1: see `vqd.media.probe`.

    Raises:
        Undecodable, NoDecoder, OSError: as `probe`.
    """
    return float(_DECODERS.ask("blackness", path))


def dimensions(path: Path, *, below: Path | None = None) -> tuple[int, int]:
    """Give width and height in pixels as ComfyUI loads them: see `vqd.media.dimensions`.

    Raises:
        Undecodable, NoDecoder, OSError: as `probe`.
    """
    width, height = _DECODERS.ask("dimensions", path, below)
    return width, height


def thumbnails(path: Path, *, below: Path | None) -> tuple[Thumbnail, ...]:
    """Give small pictures, at a low priority: see `vqd.media.thumbnail`.

    Raises:
        Undecodable, NoDecoder, OSError: as `probe`. ValueError: no file can have this name.
    """
    made = _UNHURRIED.ask("thumbnails", path, below)
    return tuple(Thumbnail(**{**one, "data": b64decode(one["data"])}) for one in made)


@frozen
class Patience:
    """How long a decoder may take: `least_s`, and a second for every `bytes_per_s` of the file.

    It is to end what hangs, not what is slow.
    """

    least_s: float = 60.0
    bytes_per_s: float = 50_000

    def within_s(self, path: Path) -> float:
        """Give the longest that `path` may take."""
        with suppress(OSError, ValueError):
            return self.least_s + path.stat().st_size / self.bytes_per_s
        return self.least_s


class Decoders:
    """Asks decoders, one question at a time each, and keeps as many as are asked at once."""

    def __init__(
        self, *, idle_s: float = _IDLE_S, patience: Patience | None = None, niceness: int = 0
    ) -> None:
        self._idle_s = idle_s
        self._niceness = niceness
        self._patience = patience or Patience()
        self._turns = threading.Semaphore(_MOST)
        self._idle: list[_Decoder] = []
        self._at_work: set[_Decoder] = set()
        self._lock = threading.Lock()

    @property
    def pids(self) -> list[int]:
        """Give the process ids of those that are there, at work or idle."""
        with self._lock:
            return [one.pid for one in (*self._idle, *self._at_work) if one.is_alive()]

    def ask(self, ask: str, path: Path, below: Path | None = None, **asked: int | str) -> Json:
        """Give what the function of that name gives.

        Raises:
            Undecodable, OSError, ValueError: as it does; Undecodable, too, if it takes too long, or
                ends the decoder twice. NoDecoder: none starts.
        """
        question = {
            "ask": ask,
            "path": str(path),
            "below": str(below) if below else None,
            "within_s": self._patience.within_s(path),
            **asked,
        }
        with self._turns:
            return _value(self._answer(question))

    def close(self) -> None:
        """End them all, at the end of the process."""
        with self._lock:
            decoders = [*self._idle, *self._at_work]
            self._idle.clear()
        for decoder in decoders:
            decoder.end()

    def _answer(self, question: Mapping[str, Json]) -> Mapping[str, Json]:
        crashes = 0
        while crashes < _TRIES:
            with self._lent() as decoder:
                answer = decoder.answer(question)
            if answer is not None:
                return answer
            crashes += not decoder.has_rested
            if decoder.how_ended == -signal.SIGALRM:
                seconds = f"{question['within_s']:.0f} seconds"
                raise Undecodable(f"it keeps its decoder busy for over {seconds}")
        raise Undecodable(f"it crashes its decoder ({_named(decoder.how_ended)})")

    @contextmanager
    def _lent(self) -> "Iterator[_Decoder]":
        with self._lock:
            decoder = self._taken() or _Decoder(self._idle_s, self._niceness)
            self._at_work.add(decoder)
        try:
            yield decoder
        finally:
            with self._lock:
                self._at_work.discard(decoder)
                if decoder.is_usable():
                    self._idle.append(decoder)

    def _taken(self) -> "_Decoder | None":
        """Give the one that was at work last, and let go of the one that ended, if one has: those
        that were idle for longest end first."""
        if self._idle and not self._idle[0].is_usable():
            del self._idle[0]
        while self._idle:
            decoder = self._idle.pop()
            if decoder.is_usable():
                return decoder
        return None


class _Decoder:
    """A process that decodes.

    Raises:
        NoDecoder: it cannot be started.
    """

    def __init__(self, idle_s: float, niceness: int) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vqd.media.decoder", str(idle_s), str(niceness)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise NoDecoder(f"{place}{error.strerror}") from error
        self.pid = self._process.pid
        self._has_started = False
        self._has_answered = False

    @property
    def how_ended(self) -> int:
        return self._process.returncode or 0

    @property
    def has_rested(self) -> bool:
        """Tell whether it ended by itself, since nobody had asked for a while, just as somebody
        did."""
        return self._has_answered and self.how_ended == 0

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def is_usable(self) -> bool:
        """Tell whether it is alive; if not, let go of it."""
        if self.is_alive():
            return True
        self._close_pipes()
        return False

    def answer(self, question: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Give its answer; None if it ended without one.

        Raises:
            NoDecoder: it ended before it could be asked anything.
        """
        told, said = self._process.stdin, self._process.stdout
        if told is None or said is None:
            raise AssertionError("both pipes were asked for")
        with suppress(BrokenPipeError):  # it ended meanwhile
            told.write(json.dumps(question).encode() + b"\n")
            told.flush()
        if not self._has_started:
            self._has_started = said.readline() == STARTED
        line = said.readline()
        if line.endswith(b"\n"):
            answer: Mapping[str, Json] = json.loads(line)
            self._has_answered = True
            return answer
        if self._process.wait() > 0 and not self._has_started:
            raise NoDecoder("it ends at once, and the log tells why")
        return None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # a question that it did not read
                    pipe.close()


def _media(told: Mapping[str, Json]) -> Media:
    return Media(**{**told, "extensions": tuple(told["extensions"])})


def _value(answer: Mapping[str, Json]) -> Json:
    if "undecodable" in answer:
        raise Undecodable(answer["undecodable"])
    if "os_error" in answer:
        number, said, name = answer["os_error"]
        raise OSError(number, said, name)
    if "value_error" in answer:
        raise ValueError(answer["value_error"])
    return answer["value"]


def _named(how_ended: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-how_ended).name
    return f"exit code {how_ended}"


_DECODERS: Final = Decoders()
_UNHURRIED: Final = Decoders(niceness=10)  # nobody's prompt waits for what these make
atexit.register(_DECODERS.close)
atexit.register(_UNHURRIED.close)

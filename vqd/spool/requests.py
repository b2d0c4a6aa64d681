"""Steering files: a small file in a job's folder is a request; its new name is the answer."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from itertools import count
from pathlib import Path

from vqd.domain.frozen import frozen
from vqd.domain.names import safe_name
from vqd.spool.files import listed

_VERBS = "CANCEL|RETRY|PAUSE|RESUME|APPROVE|PRIORITY"
_REQUEST = re.compile(rf"({_VERBS})(?:(?<=Y)[ :=]+(\d{{1,9}}))?(?:\.txt)?", re.IGNORECASE)
_ANSWER = re.compile(rf"(?:{_VERBS})\.(?:done-\d{{6}}.*|refused-.+)")
_DONE = re.compile(rf"(?:{_VERBS})\.done-")
_NOT_TAKEN = "not taken"
_HELD_BACK = re.compile(rf"CANCEL\.done-\d{{6}} {_NOT_TAKEN}")


@frozen
class Request:
    """What is asked for: the verb in capitals, and the number that PRIORITY was given; and which
    file it is, and when (UTC, ns) that was put there, as its file system tells."""

    verb: str
    number: int | None = None
    put_at_ns: int = field(default=0, compare=False)
    inode: int = field(default=0, compare=False)

    @property
    def sign(self) -> str:
        """Give what tells its file from any other that asks for the same."""
        return f"{self.inode}-{self.put_at_ns}"

    def done(self, now: float) -> str:
        """Give the name that says that it was done; `now` is UTC seconds."""
        return f"{self.verb}.done-{time.strftime('%H%M%S', time.gmtime(now))}"

    def refused(self, said: str) -> str:
        """Give the name that says why it was not."""
        return f"{self.verb}.refused-{safe_name(said)}"


def request_named(name: str) -> Request | None:
    """Give what a file of this name asks for, in any case, with or without `.txt`; or None."""
    match = _REQUEST.fullmatch(name)
    if match is None:
        return None
    return Request(match[1].upper(), int(match[2]) if match[2] else None)


def is_steering(name: str) -> bool:
    """Tell whether a file of this name is a request or the answer to one."""
    return bool(_REQUEST.fullmatch(name) or _ANSWER.fullmatch(name))


def requests_in(folder: Path) -> Mapping[str, Request]:
    """Give the requests at the top of a folder by the names of their files, as they were put
    there: RESUME before PAUSE is another wish than PAUSE before RESUME. Links are none.

    Raises:
        OSError: the folder is not there, or cannot be read; or a file went away meanwhile.
    """
    with listed(folder) as entries:
        found = dict(_requested(entries))
    return dict(sorted(found.items(), key=lambda named: (named[1].put_at_ns, named[0])))


def put_at_ns(facts: os.stat_result) -> int:
    """Give when (UTC, ns) a file got its name or was touched: a copy may keep an older mtime."""
    return facts.st_ctime_ns


def answer_place(folder: Path, answer: str) -> Path:
    """Give where an answer goes: one of the same second that says `done` stays beside it.

    Raises:
        OSError: the folder cannot be read.
    """
    place = folder / answer
    turns = count(2)
    while _DONE.match(answer) and place.is_file():
        place = folder / f"{answer}-{next(turns)}"
    return place


def _requested(entries: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, Request]]:
    for entry in entries:
        request = request_named(entry.name)
        if request is not None and entry.is_file(follow_symlinks=False):
            facts = entry.stat(follow_symlinks=False)
            at = put_at_ns(facts)
            yield entry.name, replace(request, put_at_ns=at, inode=facts.st_ino)


def is_held_back(folder: Path) -> bool:
    """Tell whether somebody put CANCEL into a dropped folder, be it answered or not.

    The answer is not that of a job that was cancelled, which may come back to run again.

    Raises:
        OSError: the folder cannot be read.
    """
    with listed(folder) as entries:
        return any(_asks_to_cancel(entry) or _HELD_BACK.fullmatch(entry.name) for entry in entries)


def hold_back(folder: Path, now: float) -> None:
    """Answer each CANCEL in a dropped folder, which from then on is not taken.

    Raises:
        OSError: the folder cannot be read, or the file not renamed.
    """
    for name, request in requests_in(folder).items():
        if request.verb == "CANCEL":
            (folder / name).rename(folder / f"{request.done(now)} {_NOT_TAKEN}")


def _asks_to_cancel(entry: os.DirEntry[str]) -> bool:
    request = request_named(entry.name)
    return request == Request("CANCEL") and entry.is_file(follow_symlinks=False)

"""Examinations in a process of their own, which may be left behind.

A thread that waits for a dead share keeps its process from ending: a request that FUSE has passed
on is waited for even when the process is killed (linux/fs/fuse/dev.c, request_wait_answer). So the
process that a person waits for touches no share.
"""

import os
import pickle
from collections.abc import Callable, Iterator
from typing import BinaryIO, NoReturn

from vqd.doctor.rounds import Examined
from vqd.domain.errors import VqdError

_OVER = None


def examined_apart(examine: Callable[[], Iterator[Examined]]) -> Iterator[Examined]:
    """Give what `examine` gives in another process, and do not wait for that one's end.

    It is to be asked for before this process has other threads (fork(2)).

    Raises:
        VqdError: `examination_ended`, that process died.
    """
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        _be_examiner(examine, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        while (one := _next(told)) is not _OVER:
            yield one


def _next(told: BinaryIO) -> Examined | None:
    try:
        one: Examined | None = pickle.load(told)
    except EOFError:
        said = "The process that examines the set-up died."
        raise VqdError("examination_ended", said, "See dmesg: was it killed?") from None
    return one


def _be_examiner(examine: Callable[[], Iterator[Examined]], writing: int) -> NoReturn:
    """Examine, tell, and end at once; whoever reads what the other process prints is not kept."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    try:
        with os.fdopen(writing, "wb") as telling:
            for one in examine():
                pickle.dump(one, telling)
                telling.flush()
            pickle.dump(_OVER, telling)
    finally:
        os._exit(0)

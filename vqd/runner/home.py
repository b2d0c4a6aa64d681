"""Where outputs come home to: a share that may be away, on a disk that may be full.

What was rendered lies on its server until it is home. So while it cannot be looked at or written
here that is waited for, and nothing is rendered again; meanwhile nothing more is sent to any
server.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from vqd.domain.errors import DEPOT_AWAY, STORE_UNREACHABLE, VqdError
from vqd.domain.outcome import Outcome
from vqd.media.apart import NoDecoder
from vqd.runner.room import Room
from vqd.spool.files import is_real_folder
from vqd.spool.space import is_of_disk, refusal

AGAIN_S = 5.0
"""Until outputs are fetched again that could not be written."""
_TRIES = 3
"""How often they are fetched at most if the share was there each time somebody asked."""


class Home:
    """Waits until outputs can be brought to their jobs' folders. Any thread may use it."""

    def __init__(self, room: Room, *, is_share_away: Callable[[], bool]) -> None:
        self._room = room
        self._is_share_away = is_share_away

    def bring(
        self,
        bring: Callable[[], Outcome],
        folder: Path,
        *,
        cancelled: threading.Event,
        abandoned: threading.Event,
    ) -> Outcome | None:
        """Give what `bring` gives, which writes into a job's folder; None if it was abandoned.

        A queue that does not tell which names are taken is waited for as well, a depot, and a
        decoder that does not start.

        Raises:
            OSError: it cannot be written for another reason, or was cancelled meanwhile.
        """
        tries = 0
        while not abandoned.is_set():
            tries += 1
            try:
                self._room.require_end()
                return bring()
            except OSError as error:
                if cancelled.is_set() or not self._may_pass(error, folder, tries):
                    raise
            except VqdError as error:
                if not _is_awaited(error, cancelled):
                    raise
            abandoned.wait(AGAIN_S)
        return None

    def park(self, why: str) -> None:
        """Have nothing sent until it was tried again, which is soon."""
        self._room.refuse(why, time.monotonic() + 2 * AGAIN_S)

    def _may_pass(self, error: OSError, folder: Path, tries: int) -> bool:
        """Tell whether what is in the way may be over by the next try.

        A share that is back by the time it is asked after shows in what is not there any more.
        """
        if isinstance(error, NoDecoder):
            self.park(error.said)
            return True
        if is_of_disk(error):
            self.park(refusal(error, folder))
            return True
        return (tries < _TRIES and _tells_of_absence(error, folder)) or self._is_share_away()


def _is_awaited(error: VqdError, cancelled: threading.Event) -> bool:
    """Tell whether the queue or the depot does not answer, and may by the next try."""
    is_of_depot = error.code == DEPOT_AWAY and not cancelled.is_set()
    return is_of_depot or error.code == STORE_UNREACHABLE


def _tells_of_absence(error: OSError, folder: Path) -> bool:
    """Tell whether something in a job's folder is not there, while the folder is."""
    is_missing = isinstance(error, FileNotFoundError)
    is_in_it = str(error.filename).startswith(f"{folder}/")
    return is_missing and is_in_it and is_real_folder(folder)

"""Which prompt of a job has which output name.

Planning gives every prompt a stem of its own. A server that makes more files than were asked for
needs more names than that, and `a_002.png` may be what another prompt is called.
"""

import threading
from collections.abc import Callable

from vqd.domain.queue import PromptKey
from vqd.store.store import Store


class OutputNames:
    """Gives each name to one prompt only: those in the store, and those on their way there.

    `stand` waits until this daemon may put files there: until it is known to be no zombie.
    """

    def __init__(self, store: Store, stand: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._stand = stand
        self._taken: dict[tuple[int, str], int] = {}
        self._lock = threading.Lock()

    def take(self, key: PromptKey, path: str) -> bool:
        """Take a path in the job's folder for a prompt; False if another prompt has it."""
        name = (key.job_key, path)
        if not self._is_free(key, name):
            return False
        self._stand()  # last of all: to ask the store may take longer than a lease lasts
        return True

    def _is_free(self, key: PromptKey, name: tuple[int, str]) -> bool:
        """Take a name among those on their way, unless it is another prompt's."""
        job_key, path = name
        with self._lock:
            if self._taken.get(name, key.number) != key.number:
                return False
            with self._store.reading() as session:
                maker = session.outputs.maker(job_key, path)
            if maker not in (None, key.number):
                return False
            self._taken[name] = key.number
            return True

    def release(self, key: PromptKey) -> None:
        """Forget a prompt whose names are in the store by now, or will not be."""
        with self._lock:
            for name in [
                name
                for name, number in self._taken.items()
                if (name[0], number) == (key.job_key, key.number)
            ]:
                del self._taken[name]

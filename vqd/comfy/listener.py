"""A server's websocket: hints of what happens there, so that nobody need wait for a poll.

Silence proves nothing: a server that is held up by another client's full socket, or that forgot
our client_id, is silent on an open connection.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event, Lock, Thread

from vqd.comfy.address import Address
from vqd.comfy.connection import Connection
from vqd.comfy.events import Remaining, ServerEvent, event_in, preview_in
from vqd.comfy.faults import ComfyError, Unreachable
from vqd.comfy.watch import Signal, Watch

_LEAST_DELAY_S = 0.2
_MOST_DELAY_S = 30.0
_STEADY_S = 10.0
_STOP_S = 1.0
_MOST_PREVIEW_BYTES = 4 << 20


class Listener:
    """Listens to one server in a thread of its own, from `start` to `stop`, and reconnects.

    `on_connection` is called in the listening thread: with None when the connection is there, and
    then it must be quick; and each time that it broke or was not to be had, with the reason, and
    then it may take its time. `ping_s` of silence are answered by a ping, a second silence of that
    length by a new connection.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        ca_file: Path | None = None,
        on_connection: Callable[[ComfyError | None], None],
        ping_s: float = 20.0,
    ) -> None:
        self._address = Address.of(url, headers, ca_file)
        self._on_connection = on_connection
        self._ping_s = ping_s
        self._client_id = str(uuid.uuid4())
        self._is_open = False
        self._remaining = 0
        self._preview: bytes | None = None
        self._watches: dict[str, list[Watch]] = {}
        self._watches_lock = Lock()
        self._connection: Connection | None = None
        self._stopping = Event()
        self._nudged = Event()
        self._thread = Thread(target=self._listen, name=f"listen {self._address}", daemon=True)

    @property
    def client_id(self) -> str:
        """The id to submit with, so that this listener hears of the prompt.

        Fresh for every connection: a server forgets an id when it notices that an older
        connection of the same id has closed, and says nothing more to the newer one
        (ComfyUI 0.3.64, server.py). Prompts that were sent with an earlier id are not heard of
        one by one; `Signal.LOOK` comes for them when any prompt ends.
        """
        return self._client_id

    @property
    def remaining(self) -> int:
        """How many prompts, anybody's, are on the server, as last heard; 0 while that is not."""
        return self._remaining if self._is_open else 0

    @property
    def preview(self) -> bytes | None:
        """The latest preview picture (JPEG or PNG) of whichever prompt runs."""
        return self._preview

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up and end the thread; no callback begins after this.

        A thread that is still connecting to a server that does not answer ends by itself, within
        seconds.
        """
        self._stopping.set()
        self._nudged.set()
        if connection := self._connection:
            connection.hang_up()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def follows(self, watch: Watch) -> bool:
        """Tell whether a prompt's progress would be heard; else its silence proves nothing."""
        return self._is_open and watch.client_id == self._client_id

    def nudge(self) -> None:
        """Connect now rather than after the delay, because the server was seen to answer."""
        self._nudged.set()

    def watch(self, prompt_id: str) -> Watch:
        """Begin to listen for a prompt; best before it is submitted, so that nothing is missed."""
        watch = Watch(prompt_id, self._forget)
        with self._watches_lock:
            self._watches.setdefault(prompt_id, []).append(watch)
        return watch

    def _forget(self, watch: Watch) -> None:
        with self._watches_lock:
            left = [other for other in self._watches.get(watch.prompt_id, ()) if other is not watch]
            if left:
                self._watches[watch.prompt_id] = left
            else:
                self._watches.pop(watch.prompt_id, None)

    def _listen(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            opened_at = time.monotonic()
            self._connection = Connection(self._address, self._client_id, self._ping_s)
            fault = self._heard_until(self._connection)
            self._connection.close()
            self._disconnected(fault)
            failures = 0 if time.monotonic() - opened_at > _STEADY_S else failures + 1
            self._nudged.wait(_delay_s(failures))
            self._nudged.clear()

    def _heard_until(self, connection: Connection) -> ComfyError:
        """Listen as long as it goes; give the reason for the end."""
        try:
            if not self._stopping.is_set():
                self._hear(connection)
        except ComfyError as error:
            return error
        return Unreachable(f"{self._address}: the websocket was closed.")

    def _hear(self, connection: Connection) -> None:
        connection.open()
        self._is_open = True
        self._tell_connection(None)
        _look(self._all_watches())
        for message in connection.messages():
            if message.is_text:
                self._take_in(event_in(message.content))
            elif len(message.content) <= _MOST_PREVIEW_BYTES:
                self._preview = preview_in(message.content) or self._preview

    def _disconnected(self, fault: ComfyError) -> None:
        self._is_open = False
        self._client_id = str(uuid.uuid4())
        for watch in self._all_watches():
            watch.tell(Signal.LOST)
        self._tell_connection(fault)

    def _tell_connection(self, fault: ComfyError | None) -> None:
        if not self._stopping.is_set():
            self._on_connection(fault)

    def _take_in(self, event: ServerEvent | None) -> None:
        if isinstance(event, Remaining):
            # A prompt that ended, anybody's, makes the number smaller.
            if event.prompts < self._remaining:
                _look(self._unfollowed())
            self._remaining = event.prompts
        elif event is not None:
            for watch in self._watches_of(event.prompt_id):
                watch.hear(event)

    def _watches_of(self, prompt_id: str) -> tuple[Watch, ...]:
        with self._watches_lock:
            return tuple(self._watches.get(prompt_id, ()))

    def _unfollowed(self) -> list[Watch]:
        return [watch for watch in self._all_watches() if watch.client_id != self._client_id]

    def _all_watches(self) -> tuple[Watch, ...]:
        with self._watches_lock:
            return tuple(watch for watches in self._watches.values() for watch in watches)


def _look(watches: Iterable[Watch]) -> None:
    for watch in watches:
        watch.tell(Signal.LOOK)


def _delay_s(failures: int) -> float:
    """Give a delay that grows with each failure, and differs where many servers failed at once."""
    longest = min(_MOST_DELAY_S, _LEAST_DELAY_S * 2 ** min(failures, 10))
    return random.uniform(_LEAST_DELAY_S, longest)

"""How an attempt is stopped while it goes on: cancelled, withdrawn, or abandoned."""

import threading
from collections.abc import Callable

import structlog

from vqd.comfy.faults import ComfyError
from vqd.runner.server import Server

_log = structlog.get_logger(__name__)


class Stopping:
    """What was asked of one attempt. Any thread may ask.

    `on_news` is called when it is worth looking where the prompt is by now.
    """

    def __init__(self, server: Server, prompt_id: str, *, on_news: Callable[[], None]) -> None:
        self._server = server
        self._prompt_id = prompt_id
        self._on_news = on_news
        self._unsent: Callable[[str], object] | None = None
        self.cancelled = threading.Event()
        self.withdrawn = threading.Event()
        self.abandoned = threading.Event()
        self.is_cancelling = False
        self.is_withdrawing = False
        """Whether the loop has it asked for, which it does once, by a thread that may take long."""

    @property
    def is_asked(self) -> bool:
        """Tell whether it is to be stopped in any of these ways."""
        return any(asked.is_set() for asked in (self.cancelled, self.withdrawn, self.abandoned))

    def cancel(self) -> None:
        """Stop it: withdrawn if it waits on the server, interrupted if it runs there."""
        self.cancelled.set()
        self._tell_server(self._server.client.cancel)

    def withdraw(self) -> None:
        """Take it off the server's queue if it waits there; if it runs, it goes on."""
        self.withdrawn.set()
        self._tell_server(self._server.client.withdraw)

    def abandon(self) -> None:
        """Stop following it; the server goes on, and a restart asks for it."""
        self.abandoned.set()
        self._server.places.let_go(self._prompt_id)
        self._on_news()

    def tell_again(self) -> None:
        """Tell the server what was asked while the prompt was on its way there."""
        if self.cancelled.is_set():
            self.cancel()
        elif self.withdrawn.is_set():
            self.withdraw()

    def tell_unsent(self) -> None:
        """Tell the server what it did not answer to; it answers by now."""
        if self._unsent is not None:
            self._tell_server(self._unsent)

    def _tell_server(self, tell: Callable[[str], object]) -> None:
        self._server.places.let_go(self._prompt_id)
        try:
            tell(self._prompt_id)
        except ComfyError as error:
            self._unsent = tell
            _log.warning("cancel.unsent", server=self._server.name, error=error.message)
            return
        self._unsent = None
        self._on_news()

"""What waits for the share: in threads of its own, a few, and for so long; the queue itself goes on
being told of while the share is silent."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from http import HTTPStatus
from typing import IO, Any, ParamSpec, TypeVar

from vqd.web.problems import Refusal
from vqd.web.services import Asked

P = ParamSpec("P")
T = TypeVar("T")

ANSWERS_WITHIN_S = 10.0


class Share:
    """Asks the share on behalf of requests, through `asked`, which has a few threads for that."""

    def __init__(self, asked: Asked, *, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        self._asked = asked
        self._answers_within_s = answers_within_s

    async def ask(self, act: Callable[[], T]) -> T:
        """Give what `act` gives.

        Raises:
            Refusal: `share_silent`, nothing came of it in time; and whatever it raises.
        """
        answer: asyncio.Future[T] = asyncio.wrap_future(self._asked(act))
        try:
            async with asyncio.timeout(self._answers_within_s) as limit:
                return await answer
        except TimeoutError:
            if not limit.expired():
                raise  # of the share itself
            raise _silent(self._answers_within_s) from None

    def let_go(self, file: IO[bytes]) -> None:
        """Close a file: nobody waits for that, which waits for what is still being read of it."""
        self._asked(file.close)

    def route(self, route: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Let a route be carried out so."""

        @wraps(route)
        async def asked(*given: P.args, **named: P.kwargs) -> T:
            return await self.ask(partial(route, *given, **named))

        return asked


def _silent(within_s: float) -> Refusal:
    said = f"The share has not answered for {within_s:g} s."
    hint = "Try it again once it is back; what was asked of it may still be done then."
    headers = {"Retry-After": "10"}
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "share_silent", said, hint, headers=headers)

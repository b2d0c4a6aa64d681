"""Asking again and again, while the daemon over --url may be restarted, or the queue is away."""

import threading
from collections.abc import Callable
from typing import TypeVar

import click

from vqd.domain.errors import VqdError

T = TypeVar("T")

UNREACHABLE = "unreachable"
ASKED_AGAIN_S = 1.0


def outlasting(ask: Callable[[], T]) -> T:
    """Give what is answered; while nobody answers, say so once, and ask until somebody does.

    Raises:
        VqdError: whatever else is wrong.
    """
    pause = threading.Event()
    is_said = False
    while True:
        try:
            return ask()
        except VqdError as error:
            if error.code != UNREACHABLE and not error.may_pass:
                raise
            if not is_said:
                click.echo(f"{error.message} It is asked until somebody does.", err=True)
        is_said = True
        pause.wait(ASKED_AGAIN_S)

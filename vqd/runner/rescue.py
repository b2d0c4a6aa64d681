"""After a restart: what was running is asked after, by the prompt_id that was stored.

1. A prompt whose server is still named in the settings is followed from where it is: the server
   has it in its queue (adopted), or in its history (concluded), or nowhere (lost, requeued).
2. A prompt whose server is not named any more is requeued.

What it cannot know: whether a server that lost its memory had finished. Such a prompt is rendered
again; it is published once all the same.
"""

from collections.abc import Mapping, Sequence

import structlog

from vqd.domain.lifecycle import Move
from vqd.domain.outcome import FailureCode
from vqd.domain.queue import Prompt
from vqd.runner.dispatch import Dispatch, FolderGone
from vqd.runner.server import Server
from vqd.runner.share import ShareAway
from vqd.store.store import Session, Store

_log = structlog.get_logger(__name__)


def rescue(store: Store, dispatch: Dispatch, servers: Mapping[str, Server], *, now: float) -> None:
    """Adopt or requeue every prompt that was running when the daemon ended."""
    with store.reading() as session:
        running = session.prompts.running()
    left = [prompt for prompt in running if not _adopt(prompt, dispatch, servers)]
    if left:
        store.write(lambda session: _requeue(session, left, now))
    if running:
        _log.info("prompts.rescued", adopted=len(running) - len(left), requeued=len(left))


def _adopt(prompt: Prompt, dispatch: Dispatch, servers: Mapping[str, Server]) -> bool:
    server = servers.get(prompt.server or "")
    if server is None:
        return False
    try:
        dispatch.start(prompt, server, is_sent=True)
    except (FolderGone, ShareAway):
        return False
    return True


def _requeue(session: Session, prompts: Sequence[Prompt], now: float) -> None:
    for prompt in prompts:
        session.prompts.move(
            prompt.key,
            Move.REQUEUE,
            now=now,
            strike=0,
            not_before_at=0.0,
            code=FailureCode.LOST,
            message="Its server is not in the settings any more, or its folder was gone.",
        )

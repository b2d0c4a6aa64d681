"""After a restart: what was running is asked after, by the prompt_id that was stored.

1. A prompt whose server is still named in the settings is followed from where it is: the server
   has it in its queue (adopted), or in its history (concluded), or nowhere (lost, requeued).
2. A prompt whose server is not named any more is requeued.
3. Where daemons share a queue, each does so with what it had itself; what one of them had that is
   gone waits again for any (`let_go`), while the rest goes on.

What it cannot know: whether a server that lost its memory had finished. Such a prompt is rendered
again; it is published once all the same.
"""

from collections.abc import Mapping, Sequence

import structlog

from vqd.domain.lifecycle import Move
from vqd.domain.outcome import FailureCode
from vqd.domain.queue import Prompt
from vqd.runner.dispatch import Dispatch, FolderGone
from vqd.runner.jobfolders import HomeAway
from vqd.runner.server import Server
from vqd.runner.share import ShareAway
from vqd.store.store import Session, Store

_log = structlog.get_logger(__name__)


def rescue(store: Store, dispatch: Dispatch, servers: Mapping[str, Server], *, now: float) -> None:
    """Adopt or requeue every prompt that was running when the daemon ended. Where the queue does
    not answer in the middle of it, it can be done again."""
    followed = dispatch.running
    running = [one for one in store.write(_running_here) if one.key not in followed]
    left = [prompt for prompt in running if not _adopt(prompt, dispatch, servers)]
    if left:
        why = "Its server is not in the settings any more, or its folder was gone."
        store.write(lambda session: _requeue(session, left, now, why))
    if running:
        _log.info("prompts.rescued", adopted=len(running) - len(left), requeued=len(left))


def let_go(session: Session, *, now: float) -> None:
    """Let the prompts wait again of daemons that are gone, whose servers are down from now on; from
    where they were, they are taken off when somebody drives those again."""
    swept = session.leasing.sweep()
    session.servers.lose(swept.homes, now=now)
    running = {prompt.key: prompt for prompt in session.prompts.running()} if swept.prompts else {}
    for key in swept.prompts:
        prompt = running.get(key)
        if prompt is None:  # its job was let go of meanwhile
            session.leasing.end(key)
            continue
        if prompt.server is not None and prompt.prompt_id is not None:
            session.servers.add_stray(prompt.server, prompt.prompt_id, now=now)
        _requeue(session, [prompt], now, "The machine that drove its server is gone.")


def _running_here(session: Session) -> list[Prompt]:
    running = session.prompts.running()
    mine = session.leasing.mine(prompt.key for prompt in running)
    return [prompt for prompt in running if prompt.key in mine]


def _adopt(prompt: Prompt, dispatch: Dispatch, servers: Mapping[str, Server]) -> bool:
    server = servers.get(prompt.server or "")
    if server is None:
        return False
    try:
        dispatch.start(prompt, server, is_sent=True)
    except (FolderGone, ShareAway, HomeAway):
        return False
    return True


def _requeue(session: Session, prompts: Sequence[Prompt], now: float, why: str) -> None:
    for prompt in prompts:
        session.prompts.move(
            prompt.key,
            Move.REQUEUE,
            now=now,
            strike=0,
            not_before_at=0.0,
            code=FailureCode.LOST,
            message=why,
        )

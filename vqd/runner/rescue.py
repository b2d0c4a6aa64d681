"""After a restart: what was running is asked after, by the prompt_id that was stored.

1. A prompt whose server is still named in the settings is followed from where it is: the server
   has it in its queue (adopted), or in its history (concluded), or nowhere (lost, requeued).
2. A prompt whose server is not named any more is requeued.
3. While the share does not answer, or that of another daemon where the job is at home, nobody can
   tell whether the folder of a job is there: such a prompt is left where it is, and asked after
   again; one of a job of another daemon that is to stop is cancelled.
4. Where daemons share a queue, each does so with what it had itself; what one of them had that is
   gone waits again for any (`let_go`), while the rest goes on.

What it cannot know: whether a server that lost its memory had finished. Such a prompt is rendered
again; it is published once all the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog

from vqd.domain.outcome import FailureCode
from vqd.domain.queue import Prompt
from vqd.runner.dispatch import Dispatch, FolderGone
from vqd.runner.jobfolders import HomeAway, HomeSilent
from vqd.runner.server import Server
from vqd.runner.share import ShareAway
from vqd.store.store import Session, Store

AGAIN_S = 1.0
"""Until the share is asked again that did not answer."""

_log = structlog.get_logger(__name__)


class Rescue:
    """What was running when the daemon ended, until each of it is followed, or waits again. Used by
    the loop's thread alone."""

    def __init__(self, store: Store, dispatch: Dispatch, servers: Mapping[str, Server]) -> None:
        self._store = store
        self._dispatch = dispatch
        self._servers = servers
        self._left: Collection[str | None] | None = None

    def carry_out(self, *, now: float) -> float | None:
        """Adopt or requeue what was running; give the seconds until that is to be done again with
        what is left, None if nothing is. Where the queue does not answer in the middle of it, it
        can be done again."""
        if self._left is not None and not self._left:
            return None
        running = [one for one in self._store.write(_running_here) if self._is_to_rescue(one)]
        became = [(prompt, self._adopt(prompt)) for prompt in running]
        lost = [prompt for prompt, is_followed in became if is_followed is False]
        left = [prompt.prompt_id for prompt, is_followed in became if is_followed is None]
        if lost:
            why = "Its server is not in the settings any more, or its folder was gone."
            self._store.write(lambda session: _requeue(session, _mine(session, lost), now, why))
            self._take_off(lost)
        if len(running) > len(left) or (left and self._left is None):
            adopted = len(running) - len(lost) - len(left)
            _log.info("prompts.rescued", adopted=adopted, requeued=len(lost), left=len(left))
        self._left = left
        return AGAIN_S if left else None

    def _is_to_rescue(self, prompt: Prompt) -> bool:
        """Tell what ran before from what was claimed since."""
        is_of_before = self._left is None or prompt.prompt_id in self._left
        return is_of_before and prompt.key not in self._dispatch.running

    def _is_to_stop(self, prompt: Prompt) -> bool:
        with self._store.reading() as session:
            return session.jobs.is_cancelled(prompt.key.job_key)

    def _take_off(self, lost: Iterable[Prompt]) -> None:
        """Have servers rid of what goes on there for nobody."""
        for prompt in lost:
            server = self._servers.get(prompt.server or "")
            if server is not None and prompt.prompt_id is not None:
                server.standing.add_stray(prompt.prompt_id)

    def _adopt(self, prompt: Prompt) -> bool | None:
        """Follow a prompt; False if it has to wait again, None while nobody can tell whether its
        folder is there."""
        server = self._servers.get(prompt.server or "")
        if server is None:
            return False
        try:
            self._dispatch.start(prompt, server, is_sent=True)
        except ShareAway:
            return None
        except HomeSilent:
            return False if self._is_to_stop(prompt) else None
        except (FolderGone, HomeAway):
            return False
        return True


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
        _requeue(session, [prompt], now, "The machine that drove its server is gone.")


def _running_here(session: Session) -> list[Prompt]:
    return _mine(session, session.prompts.running())


def _mine(session: Session, prompts: Sequence[Prompt]) -> list[Prompt]:
    mine = session.prompts.mine(prompts)
    return [prompt for prompt in prompts if prompt.key in mine]


def _requeue(session: Session, prompts: Sequence[Prompt], now: float, why: str) -> None:
    """Let prompts wait again; where they still are, they are taken off."""
    for prompt in prompts:
        if prompt.server is not None and prompt.prompt_id is not None:
            session.servers.add_stray(prompt.server, prompt.prompt_id, now=now)
        session.put_back(prompt.key, now=now, code=FailureCode.LOST, message=why)

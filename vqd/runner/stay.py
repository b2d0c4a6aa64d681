"""A prompt's stay on its server: what was seen of it there, and so what its absence means."""

from collections.abc import Sequence
from dataclasses import replace

from vqd.comfy import verdict
from vqd.comfy.faults import NotComfy, Unreachable
from vqd.comfy.messages import Finished, Running, Waiting
from vqd.comfy.watch import Watch
from vqd.domain.job import ExpectedOutput
from vqd.domain.outcome import Failed, FailureCode, Progress
from vqd.runner.server import Server


class Stay:
    """What one attempt has seen of its prompt on a server.

    `unclear` is why it is not known whether the server took it, until it is seen there; `is_over`
    tells that the server has done with it.
    """

    def __init__(self, server: Server, prompt_id: str) -> None:
        self._server = server
        self._prompt_id = prompt_id
        self.unclear: Unreachable | None = None
        self.is_over = False
        self.has_run = False
        self.has_waited = False
        self.is_behind_others = False
        self._life: tuple[str | None, int] | None = None
        self._is_first = False

    def begin(self) -> None:
        """Note how the server is when the prompt is about to be sent there."""
        self._life, self._is_first = self._server.life, self._server.has_one_prompt

    def end(self) -> None:
        """Note that the server has done with it, as far as this attempt goes. Any thread may."""
        if not self.is_over:
            self.is_over = True
            self._server.leave(self._prompt_id)

    def find(
        self, watch: Watch, expected: Sequence[ExpectedOutput]
    ) -> Waiting | Running | Finished | None:
        """Tell where the prompt is; None if the server knows nothing of it.

        The server is not asked if all was heard, and it made what is expected: whatever else may
        have become of it, its history tells.

        Raises:
            Unreachable, NotComfy: the server cannot be asked.
        """
        heard = watch.finished
        if heard is not None and isinstance(verdict.of_finished(heard, expected), verdict.Made):
            return heard
        return self._server.client.find(watch.prompt_id)

    def note(self, found: Waiting | Running) -> None:
        """Note how the prompt was found there."""
        self.unclear = None
        self._life = self._life or self._server.life
        self.has_run = isinstance(found, Running)
        self.has_waited = not self.has_run
        self.is_behind_others |= self.has_waited and self._server.others > 0

    def lost(self, progress: Progress | None) -> Failed:
        """Give the failure of a prompt of which the server knows nothing."""
        why, is_restarted = self._server.why_lost(self._life)
        if self.unclear is not None:
            failed = verdict.of_error(self.unclear)
        else:
            said = f"{self._server.name} knows nothing of it any more: {why}."
            failed = Failed(FailureCode.LOST, said)
        return self.of_death(failed, progress) if is_restarted else failed

    def away(self, error: Unreachable | NotComfy, progress: Progress | None) -> Failed:
        """Give the failure of a server that is away for too long."""
        failed = verdict.of_error(error)
        is_dead = isinstance(error, Unreachable) and error.is_refused
        return self.of_death(failed, progress) if is_dead else failed

    def of_death(self, failed: Failed, progress: Progress | None) -> Failed:
        """Give the failure as one of a server that died, if it was this prompt that ran there.

        One that was never heard of ran if it came there before any other of ours.
        """
        is_sent = not (self.unclear and self.unclear.is_refused)
        may_have_run = is_sent and self._is_first and not self.has_waited
        if not (may_have_run or self.has_run or progress):
            return failed
        return replace(failed, server_died=True, node=progress.node if progress else None)

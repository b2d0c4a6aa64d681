"""Following a prompt on its server: until it is over there, or is waited for no more."""

import time

from vqd.comfy.faults import NotComfy, Unreachable
from vqd.comfy.messages import Finished, Running, Waiting
from vqd.comfy.watch import Watch
from vqd.domain.job import Plan
from vqd.domain.outcome import Failed, FailureCode
from vqd.runner.patience import Patience
from vqd.runner.server import Server
from vqd.runner.stay import Stay
from vqd.runner.stopping import Stopping

LOOK_AGAIN_S = 2.0
"""Between two looks at the server's history; what it says on the socket only hurries one."""
SOON_S = 1.0
"""Until the next look at a server that could not tell."""
LEAST_PAUSE_S = 0.05
"""Between two looks at a prompt whose time is up."""


class Following:
    """Follows a prompt of which `watch` hears; what is seen of it is noted in `stay`.

    It stands still when nothing was heard of it for `stall_s` seconds.
    """

    def __init__(
        self,
        plan: Plan,
        server: Server,
        watch: Watch,
        stay: Stay,
        stopping: Stopping,
        *,
        stall_s: float,
    ) -> None:
        self._plan = plan
        self._server = server
        self._watch = watch
        self._stay = stay
        self._stopping = stopping
        self._stall_s = stall_s

    def follow(self, *, is_just_sent: bool) -> Finished | Failed | None:
        """Give how the prompt ended, or why it is waited for no more; None if it was abandoned."""
        if is_just_sent:
            timeout_s = self._plan.timeout_s or LOOK_AGAIN_S
            self._watch.wait(SOON_S if self._stay.unclear else min(LOOK_AGAIN_S, timeout_s))
        patience = Patience(self._stall_s, self._plan.timeout_s, time.monotonic())
        while not self._stopping.abandoned.is_set():
            try:
                found = self._stay.find(self._watch, self._plan.outputs)
                over = found if isinstance(found, Finished) else self._judge(found, patience)
            except (Unreachable, NotComfy) as error:
                if patience.is_unreachable_too_long(time.monotonic()):
                    return self._stay.away(error, self._watch.progress)
                self._watch.wait(SOON_S)
                continue
            if over is not None:
                return over
            left_s = max(LEAST_PAUSE_S, patience.left_s(self._watch.started_at, time.monotonic()))
            self._watch.wait(min(LOOK_AGAIN_S if found else SOON_S, left_s))
        return None

    def _judge(self, found: Waiting | Running | None, patience: Patience) -> Failed | None:
        """Give a failure if it is waited for no more, since it is where it was found."""
        if found is None:
            is_awaited = self._stay.is_over and patience.may_be_unwritten(time.monotonic())
            return None if is_awaited else self._absent()
        self._stay.note(found)
        self._stopping.tell_unsent()
        if isinstance(found, Waiting):
            failed = self._judge_waiting(patience)
        else:
            failed = self._judge_running(patience)
        if failed is not None:
            self._stopping.cancel()
        return failed

    def _judge_waiting(self, patience: Patience) -> Failed | None:
        """Give a failure if the server will never come to it."""
        if not patience.waits_long(time.monotonic()):
            return None
        client = self._server.client
        is_next = client.place(self._watch.prompt_id) == Waiting(0)
        is_idle = patience.is_idle_still(is_idle=is_next)
        return self._dead_inside() if is_idle or client.has_died_inside() else None

    def _judge_running(self, patience: Patience) -> Failed | None:
        """Give a failure if it runs for too long, or stands still."""
        watch = self._watch
        failed = patience.judge(watch.started_at, watch.last_heard_at, time.monotonic())
        if failed is None or failed.code is not FailureCode.STALLED:
            return failed
        if self._server.client.has_died_inside():
            return self._stay.of_death(self._dead_inside(), watch.progress)
        if self._server.listener.follows(watch):
            return failed
        patience.excuse(time.monotonic())  # what it said was not heard
        return None

    def _dead_inside(self) -> Failed:
        said = "it takes prompts and runs none, and only a restart helps"
        self._server.standing.avoid(said, time.monotonic())
        return Failed(FailureCode.UNREACHABLE, f"{self._server.name} is of no use: {said}.")

    def _absent(self) -> Failed:
        """Give the failure of a prompt that is not on the server any more."""
        if self._stopping.cancelled.is_set():
            return Failed(FailureCode.INTERRUPTED, "Withdrawn before it ran.")
        if self._stopping.withdrawn.is_set() and not self._stay.has_run:
            said = "Withdrawn before it ran: its job, its server or everything is held."
            return Failed(FailureCode.WITHDRAWN, said)
        return self._stay.lost(self._watch.progress)

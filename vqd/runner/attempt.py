"""One attempt: one prompt, once, on one server. It gives an outcome and writes no state.

Its prompt_id was stored before this begins, so whatever happens here can be asked about after a
restart; then the attempt begins at `wait`.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace

import structlog

from vqd.comfy import verdict
from vqd.comfy.faults import ComfyError, NotComfy, Unreachable
from vqd.comfy.messages import Finished, Running, Waiting
from vqd.comfy.watch import Signal, Watch
from vqd.domain.errors import DEPOT_AWAY, DEPOT_LACKS, STORE_UNREACHABLE, VqdError
from vqd.domain.graph import title_of
from vqd.domain.outcome import (
    Failed,
    FailureCode,
    Outcome,
    Progress,
    ReadFile,
    Succeeded,
)
from vqd.runner.acceptance import BadOutput
from vqd.runner.assignment import Assignment
from vqd.runner.carriage import IN_REACH, Carriage
from vqd.runner.collect import TakeName
from vqd.runner.home import Home
from vqd.runner.homecoming import WriteDown, bring_home
from vqd.runner.inputs import BadInput
from vqd.runner.memory import free_memory
from vqd.runner.patience import Patience
from vqd.runner.sending import WithJobFile, offer, send_inputs
from vqd.runner.server import Server
from vqd.runner.spelling import Spelling
from vqd.runner.stay import Stay
from vqd.spool.files import concerns_one_name, is_real_folder

LOOK_AGAIN_S = 2.0
"""Between two looks at the server's history; what it says on the socket only hurries one."""
SOON_S = 1.0
"""Until the next look at a server that could not tell."""
LEAST_PAUSE_S = 0.05
"""Between two looks at a prompt whose time is up."""
_OF_FILES = frozenset({FailureCode.INVALID, FailureCode.DISK_FULL})
"""What may be so here alone where the files are another daemon's."""

_log = structlog.get_logger(__name__)


class Attempt:
    """Runs one assignment on one server."""

    def __init__(
        self,
        assignment: Assignment,
        server: Server,
        *,
        stall_s: float,
        spelling: Spelling,
        take_name: TakeName,
        write_down: WriteDown,
        with_job_file: WithJobFile,
        home: Home,
        carriage: Carriage = IN_REACH,
    ) -> None:
        self.assignment = assignment
        self.server = server
        self._stall_s = stall_s
        self._spelling = spelling
        self._take_name = take_name
        self._write_down = write_down
        self._with_job_file = with_job_file
        self._home = home
        self._carriage = carriage
        self.prompt_id = assignment.prompt.prompt_id or ""
        self.is_cancelled = False
        self.is_withdrawn = False
        self._watch: Watch | None = None
        self._cancelled = threading.Event()
        self._withdrawn = threading.Event()
        self._abandoned = threading.Event()
        self._unsent: Callable[[str], object] | None = None
        self._is_on_server = True
        self._stay = Stay(server)
        self._input_files: Mapping[str, ReadFile] = {}

    @property
    def progress(self) -> Progress | None:
        """Give how far it is, as last heard; or whose prompts it waits for, if not only ours."""
        heard = self._heard()
        others = self.server.others if self._stay.has_waited and heard is None else 0
        if not others:
            return heard
        prompts = "a prompt" if others == 1 else f"{others} prompts"
        return Progress(None, 0.0, step=f"waits behind {prompts} of others")

    def _heard(self) -> Progress | None:
        """Give how far it is, as last heard; its node by the title that people know it by."""
        heard = self._watch.progress if self._watch is not None else None
        if heard is None or heard.node is None:
            return heard
        return replace(heard, node=title_of(self.assignment.graph.nodes, heard.node))

    def run(self) -> Outcome | None:
        """Give the outcome; None if it was abandoned. The server was entered by the caller."""
        begun_at = time.monotonic()
        try:
            with closing(self.server.listener.watch(self.prompt_id)) as watch:
                self._watch = watch
                watch.on_end = self._leave  # who waits for the place need not wait for this thread
                finished = self._render(watch)
            self._leave()
            if not isinstance(finished, Finished):
                return finished
            return self._bring_home(finished, time.monotonic() - begun_at)
        except BadInput as error:
            return self._unless_gone(Failed(FailureCode.INVALID, error.message))
        except BadOutput as error:
            return self._unless_gone(Failed(FailureCode.BAD_OUTPUT, error.message))
        except ComfyError as error:
            return verdict.of_error(error)
        except OSError as error:
            return self._unless_gone(self._of_os_error(error))
        except Exception as error:  # noqa: BLE001 - the top of one attempt: it fails, others go on
            return self._of_fault(error)
        finally:
            self._leave()
            self._carriage.end(self.assignment)
            self.server.places.part()

    def cancel(self) -> None:
        """Stop it: withdrawn if it waits on the server, interrupted if it runs there."""
        self._cancelled.set()
        self._tell_server(self.server.client.cancel)

    def withdraw(self) -> None:
        """Take it off the server's queue if it waits there; if it runs, it goes on."""
        self._withdrawn.set()
        self._tell_server(self.server.client.withdraw)

    def abandon(self) -> None:
        """Stop following it; the server goes on, and a restart asks for it."""
        self._abandoned.set()
        self.server.places.let_go(self.prompt_id)
        if self._watch is not None:
            self._watch.tell(Signal.LOOK)

    def _tell_server(self, ask: Callable[[str], object]) -> None:
        """Have it stopped or taken off; once more when the server answers again, if it did not."""
        self.server.places.let_go(self.prompt_id)
        try:
            ask(self.prompt_id)
        except ComfyError as error:
            self._unsent = ask
            _log.warning("cancel.unsent", server=self.server.name, error=error.message)
            return
        self._unsent = None
        if self._watch is not None:
            self._watch.tell(Signal.LOOK)

    def _render(self, watch: Watch) -> Finished | Failed | None:
        if not self.assignment.is_sent:
            if (put_back := self._send(watch)) is not None:
                return put_back
            timeout_s = self.assignment.plan.timeout_s or LOOK_AGAIN_S
            watch.wait(SOON_S if self._stay.unclear else min(LOOK_AGAIN_S, timeout_s))
        return self._wait(watch)

    def _send(self, watch: Watch) -> Failed | None:
        """Send it as soon as there is a place; give a failure if it is not sent here after all."""
        self.assignment = self._carriage.bring(self.assignment)
        sent = send_inputs(self.assignment, self.server)
        self._input_files = sent.files
        if not self.server.places.admit(self.prompt_id):
            said = (
                "Put back before it was sent: what it was to follow takes longer than was thought."
            )
            return Failed(FailureCode.WITHDRAWN, said)
        if any(stop.is_set() for stop in (self._cancelled, self._withdrawn, self._abandoned)):
            return None
        if self.assignment.frees_memory:
            free_memory(self.server)
        watch.client_id = self.server.listener.client_id
        self._stay.begin()
        try:
            self._input_files = offer(
                sent,
                self.assignment,
                self.server,
                client_id=watch.client_id,
                spelling=self._spelling,
                with_job_file=self._with_job_file,
            ).files
        except Unreachable as error:
            # It may have been taken all the same: it is looked for before it is sent again.
            self._stay.unclear = error
        if self._cancelled.is_set():
            self.cancel()
        elif self._withdrawn.is_set():
            self.withdraw()
        return None

    def _wait(self, watch: Watch) -> Finished | Failed | None:
        patience = Patience(self._stall_s, self.assignment.plan.timeout_s, time.monotonic())
        while not self._abandoned.is_set():
            try:
                found = self._stay.find(watch, self.assignment.plan.outputs)
            except (Unreachable, NotComfy) as error:
                if patience.is_unreachable_too_long(time.monotonic()):
                    return self._stay.away(error, watch.progress)
                watch.wait(SOON_S)
                continue
            if isinstance(found, Finished):
                return found
            if found is not None and self._unsent is not None:
                self._tell_server(self._unsent)
            failed = self._judge(found, patience, watch)
            if failed is not None:
                return failed
            left_s = max(LEAST_PAUSE_S, patience.left_s(watch.started_at, time.monotonic()))
            watch.wait(min(LOOK_AGAIN_S if found else SOON_S, left_s))
        return None

    def _judge(
        self, found: Waiting | Running | None, patience: Patience, watch: Watch
    ) -> Failed | None:
        if found is None:
            is_awaited = not self._is_on_server and patience.may_be_unwritten(time.monotonic())
            return None if is_awaited else self._absent(watch)
        self._stay.note(found)
        if isinstance(found, Waiting):
            waits_long = patience.waits_long(time.monotonic())
            failed = self._forsaken(patience) if waits_long else None
        else:
            now = time.monotonic()
            failed = patience.judge(watch.started_at, watch.last_heard_at, now)
            if failed is not None and failed.code is FailureCode.STALLED:
                failed = self._silent(failed, patience, watch)
        if failed is not None:
            self.cancel()
        return failed

    def _silent(self, stalled: Failed, patience: Patience, watch: Watch) -> Failed | None:
        """Tell what the silence of a prompt that is said to run means; None if nothing."""
        if self.server.client.has_died_inside():
            return self._stay.of_death(self._dead_inside(), watch.progress)
        if self.server.listener.follows(watch):
            return stalled
        patience.excuse(time.monotonic())
        return None

    def _forsaken(self, patience: Patience) -> Failed | None:
        """Give a failure if the server will never come to a prompt that waits there."""
        is_next = self.server.client.place(self.prompt_id) == Waiting(0)
        is_idle = patience.is_idle_still(is_idle=is_next)
        return self._dead_inside() if is_idle or self.server.client.has_died_inside() else None

    def _dead_inside(self) -> Failed:
        said = "it takes prompts and runs none, and only a restart helps"
        self.server.standing.avoid(said, time.monotonic())
        return Failed(FailureCode.UNREACHABLE, f"{self.server.name} is of no use: {said}.")

    def _leave(self) -> None:
        if self._is_on_server:
            self._is_on_server = False
            self.server.leave(self.prompt_id)

    def _absent(self, watch: Watch) -> Failed:
        if self._cancelled.is_set():
            return Failed(FailureCode.INTERRUPTED, "Withdrawn before it ran.")
        if self._withdrawn.is_set() and not self._stay.has_run:
            said = "Withdrawn before it ran: its job, its server or everything is held."
            return Failed(FailureCode.WITHDRAWN, said)
        return self._stay.lost(watch.progress)

    def _bring_home(self, finished: Finished, rendered_s: float) -> Outcome | None:
        """Conclude it; while nothing can be written, wait with that, and not render it again.

        It took `rendered_s` so far; the wait is not counted.
        """

        def bring() -> Outcome:
            begun_at = time.monotonic()
            self.assignment = self._carriage.bring(self.assignment)  # of an earlier process
            outcome = bring_home(
                finished,
                self.assignment,
                self.server,
                sent=self._input_files,
                take_name=self._take_name,
                write_down=self._write_down,
            )
            return self._timed(outcome, rendered_s + time.monotonic() - begun_at)

        folder = self.assignment.folder
        return self._home.bring(bring, folder, cancelled=self._cancelled, abandoned=self._abandoned)

    def _timed(self, outcome: Outcome, took_s: float) -> Outcome:
        """Note how long it took, where all of it was seen and others were not waited for."""
        is_known = not (self.assignment.is_sent or self._stay.is_behind_others)
        if not isinstance(outcome, Succeeded) or not is_known:
            return outcome
        return replace(outcome, took_s=took_s)

    def _of_os_error(self, error: OSError) -> Failed:
        where = error.filename or self.assignment.folder
        code = FailureCode.BAD_OUTPUT if concerns_one_name(error) else FailureCode.DISK_FULL
        return Failed(code, f"{where} cannot be read or written: {error.strerror}.")

    def _of_fault(self, error: Exception) -> Failed:
        """Give what comes of a fault of vqd's own. No prompt is to blame for the queue: where that
        does not answer, it goes back into it; and for the depot."""
        if isinstance(error, VqdError) and error.code in (STORE_UNREACHABLE, DEPOT_AWAY):
            return Failed(FailureCode.WITHDRAWN, error.message)
        if isinstance(error, VqdError) and error.code == DEPOT_LACKS:
            return Failed(FailureCode.UNAVAILABLE, error.message)
        if isinstance(error, VqdError) and error.is_of_queue:
            return Failed(FailureCode.DISK_FULL, error.message)
        _log.exception("attempt.failed", job=self.assignment.job)
        return Failed(FailureCode.NODE_ERROR, f"vqd itself failed: {error!r}.")

    def _unless_gone(self, failed: Failed) -> Failed:
        """Give the failure, unless it came of the job's folder not being there any more; or of
        files of another daemon's spool, which may be there for that one."""
        folder = self.assignment.folder
        if not is_real_folder(folder):
            said = f"{folder} is gone: the share is away, or the folder was moved."
            failed = Failed(FailureCode.DISK_FULL, said)
        if self.assignment.is_elsewhere and failed.code in _OF_FILES:
            return Failed(FailureCode.UNAVAILABLE, failed.message)
        return failed

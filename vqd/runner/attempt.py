"""One attempt: one prompt, once, on one server. It gives an outcome and writes no state.

1. The prompt's inputs and its graph are sent to the server (`sending`).
2. It is followed there until it is over (`following`).
3. Its outputs are brought home (`homecoming`).

Its prompt_id was stored before this begins, so whatever happens here can be asked about after a
restart; then the attempt begins with the second step.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

from vqd.comfy.faults import Unreachable
from vqd.comfy.messages import Finished
from vqd.comfy.watch import Signal, Watch
from vqd.domain.graph import title_of
from vqd.domain.outcome import Failed, FailureCode, Outcome, Progress, ReadFile, Succeeded
from vqd.media.apart import NoDecoder
from vqd.runner.assignment import Assignment
from vqd.runner.carriage import IN_REACH, Carriage
from vqd.runner.collect import TakeName
from vqd.runner.failing import failure_of
from vqd.runner.following import Following
from vqd.runner.home import Home
from vqd.runner.homecoming import WriteDown, bring_home
from vqd.runner.memory import free_memory
from vqd.runner.sending import WithJobFile, offer, send_inputs
from vqd.runner.server import Server
from vqd.runner.spelling import Spelling
from vqd.runner.stay import Stay
from vqd.runner.stopping import Stopping


class Attempt:
    """Runs one assignment on one server.

    A prompt that is silent for `stall_s` seconds has stalled. `home` waits until outputs can be
    written, `carriage` brings the files of the job here and back.
    """

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
        self.stopping = Stopping(server, self.prompt_id, on_news=self._look)
        self._stay = Stay(server, self.prompt_id)
        self._watch: Watch | None = None
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
                watch.on_end = self._stay.end  # who waits for the place need not wait for us
                finished = self._render(watch)
            self._stay.end()
            if not isinstance(finished, Finished):
                return finished
            return self._bring_home(finished, time.monotonic() - begun_at)
        except NoDecoder as error:
            return self._put_back(error)
        except Exception as error:  # noqa: BLE001 - the top of one attempt: it fails, others go on
            return failure_of(error, self.assignment)
        finally:
            self._stay.end()
            self._carriage.end(self.assignment)
            self.server.places.part()

    def _look(self) -> None:
        if self._watch is not None:
            self._watch.tell(Signal.LOOK)

    def _render(self, watch: Watch) -> Finished | Failed | None:
        is_sent = self.assignment.is_sent
        if not is_sent and (put_back := self._send(watch)) is not None:
            return put_back
        following = Following(
            self.assignment.plan,
            self.server,
            watch,
            self._stay,
            self.stopping,
            stall_s=self._stall_s,
        )
        return following.follow(is_just_sent=not is_sent)

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
        if self.stopping.is_asked:
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
        self.stopping.tell_again()
        return None

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

        return self._home.bring(
            bring,
            self.assignment.folder,
            cancelled=self.stopping.cancelled,
            abandoned=self.stopping.abandoned,
        )

    def _timed(self, outcome: Outcome, took_s: float) -> Outcome:
        """Note how long it took, where all of it was seen and others were not waited for."""
        is_known = not (self.assignment.is_sent or self._stay.is_behind_others)
        if not isinstance(outcome, Succeeded) or not is_known:
            return outcome
        return replace(outcome, took_s=took_s)

    def _put_back(self, error: NoDecoder) -> Failed:
        """Give what comes of an input that nothing could look at: it was not sent."""
        self._home.park(error.said)
        return Failed(FailureCode.WITHDRAWN, f"Put back: {error.said}.")

"""The rows of prompts, and the one function that moves them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, replace
from typing import Any

from vqd.domain.lifecycle import MOVES, IllegalMove, Move, PromptState, state_after
from vqd.domain.needs import Needs
from vqd.domain.notice import NoticeEvent
from vqd.domain.outcome import Failed, Succeeded
from vqd.domain.queue import Downed, Prompt, PromptKey
from vqd.domain.requirement import NeedsClass
from vqd.store.adding import Adding
from vqd.store.batches import Batch
from vqd.store.claiming import Claiming, Next
from vqd.store.classes import AT_ONCE, ClassRows
from vqd.store.events import EventRows
from vqd.store.graphs import GraphRows
from vqd.store.leasing import Leasing
from vqd.store.moves import BEGUN, PROVED, TOLD, UNTOLD, WRITTEN
from vqd.store.notices import NoticeRows
from vqd.store.outputs import OutputRows
from vqd.store.promptlist import PromptList
from vqd.store.promptrow import downed_text, files_text
from vqd.store.requirements import RequirementRows
from vqd.store.rows import Connection
from vqd.store.rules import RuleRows
from vqd.store.schedules import ScheduleRows


class PromptRows(PromptList):
    """Prompts: added, claimed, moved; and read, as `PromptList` does."""

    def __init__(
        self,
        connection: Connection,
        events: EventRows,
        outputs: OutputRows,
        schedules: ScheduleRows,
        classes: ClassRows,
        notices: NoticeRows,
        graphs: GraphRows,
        requirements: RequirementRows,
        rules: RuleRows,
        leasing: Leasing,
    ) -> None:
        super().__init__(connection, outputs)
        self._rules = rules
        self._leasing = leasing
        self._notices = notices
        self._events = events
        self._schedules = schedules
        self._classes = classes
        self._adding = Adding(connection, outputs, graphs, requirements)
        self._claiming = Claiming(connection)

    def add(self, job_key: int, batch: Batch) -> None:
        """Add prompts to an assembling job; those that were made already have succeeded."""
        self._adding.add(job_key, batch)

    def routes(self) -> list[tuple[int, Needs]]:
        """Give each route that prompts wait for, and what a server must have for it."""
        return self._claiming.routes()

    def next(
        self,
        server: str,
        *,
        now: float,
        classes: Sequence[NeedsClass] | None = None,
        routes: Collection[int] | None = None,
        is_fair: bool | None = None,
    ) -> Next | None:
        """Give the prompt that `server` would be given next, or None.

        `classes` are those of `ClassRows.ready` that it can serve, each with what it can
        serve of it, `routes` those of `routes`; None for all. `is_fair` is as `RuleRows` has it;
        None to ask there. Next is: the highest priority, then the job whose turn it is, or one that
        has its share least where it is fair (`Rounds`), then what was routed, then the lowest
        number; of a job whose proof is awaited, only that. A prompt that failed on this server is
        for others first, for SHUNNED_S.
        Cost: one seek a class, one a job that has only prompts waiting for a later time or behind
        its proof, and for the prompt one for each requirement of its class; as many more a job for
        each route; what `Rounds` tells.
        """
        asked = self._rules.asked_whether_fair() if is_fair is None else lambda: is_fair
        if classes is None:
            classes = self._classes.ready()
        if routes is None:
            routes = [needs_key for needs_key, _ in self.routes()]
        return self._claiming.next(server, classes, routes, now, is_fair=asked())

    def claim(
        self, server: str, prompt_id: str, *, now: float, chosen: Next | None = None
    ) -> Prompt | None:
        """Give `server` what was chosen for it in this transaction, else what is next, or None.

        Its prompt_id is stored with it.
        """
        chosen = chosen or self.next(server, now=now)
        if chosen is None:
            return None
        pending = chosen.prompt
        self.move(pending.key, Move.CLAIM, now=now, prompt_id=prompt_id, server=server)
        self._claiming.note(server, chosen)
        if chosen.starts_job:
            self._notices.add(pending.key.job_key, NoticeEvent.STARTED, now=now)
        if chosen.needs_class.is_mixed:
            self._classes.classify(pending.key.job_key)
        return replace(
            pending,
            state=PromptState.RUNNING,
            attempt=pending.attempt + 1,
            prompt_id=prompt_id,
            server=server,
            claimed_at=now,
        )

    def climb(self, key: PromptKey, step: int, needs: Needs | None) -> None:
        """Note how many steps of its ladder a prompt has climbed.

        `needs` are what a server must have to be given it from now on, None if that is as before.
        """
        route_key = None if needs is None else self._classes.key(needs)
        self._connection.execute(
            "UPDATE prompts SET step = ?, route_key = coalesce(?, route_key)"
            " WHERE job_key = ? AND number = ?",
            (step, route_key, key.job_key, key.number),
        )

    def next_at(self, now: float) -> float | None:
        """Give the earliest time after `now` from which a prompt that waits for one may run.

        Cost: one seek, however many prompts wait for a server.
        """
        return self._claiming.next_at(now)

    def forget_delays(self, *, after: float) -> None:
        """Let prompts run at once that would wait until `after` that time: longer than any is let
        wait, so that the clock was set back since. One seek where there is none."""
        self._connection.execute(
            "UPDATE prompts INDEXED BY prompts_delayed SET not_before_at = 0"
            " WHERE state = 'pending' AND not_before_at > 0 AND not_before_at > ?",
            (after,),
        )

    def are_shunned(self, now: float) -> bool:
        """Tell whether a prompt waits that some servers may be given and one may not; one seek."""
        return self._claiming.next_shunned_at(now) is not None

    def note_downed(self, key: PromptKey, downed: Iterable[Downed]) -> None:
        """Write which servers died while they ran a prompt."""
        self._connection.execute(
            "UPDATE prompts SET downed = ? WHERE job_key = ? AND number = ?",
            (downed_text(downed), key.job_key, key.number),
        )

    def mine(self, prompts: Collection[Prompt]) -> set[PromptKey]:
        """Give those of some claimed prompts that are this daemon's to move: they run by the claim
        that is told here, and nobody let go of them since. A seek for each."""
        if not prompts:
            return set()
        marks = ", ".join(["(?, ?, ?)"] * len(prompts))
        rows = self._connection.execute(
            f"WITH claimed (job_key, number, prompt_id) AS (VALUES {marks})"
            " SELECT job_key, number FROM claimed"
            " CROSS JOIN prompts USING (job_key, number, prompt_id) WHERE state = 'running'",
            [value for one in prompts for value in (*astuple(one.key), one.prompt_id)],
        )
        return {*self._leasing.mine({PromptKey(*row) for row in rows})}

    def move(self, key: PromptKey, move: Move, *, now: float, **values: Any) -> None:
        """Move a prompt: its state, its job's counters and one event, in this transaction.

        Raises:
            IllegalMove: the prompt's state does not allow it; nothing is written.
            KeyError: there is no such prompt.
            VqdError: `lease_lost`, it is another daemon's to move.
        """
        before = self._source(key, move)
        after = state_after(move, before)
        event_facts = {name: value for name, value in values.items() if name not in UNTOLD}
        moved = self._connection.execute(
            f"UPDATE prompts SET state = :after, {WRITTEN[move]}"
            " WHERE job_key = :job_key AND number = :number AND state = :before",
            {
                "before": before,
                "after": after,
                "now": now,
                "job_key": key.job_key,
                "number": key.number,
                "shuns": None,
                **values,
            },
        )
        self._lease(key, before, after)  # whose answer comes with that of the update
        if not moved.rowcount:
            raise IllegalMove(move, self.state(key))
        self._count(key.job_key, before, after, 1, now=now)
        if after is PromptState.PENDING:
            self._classes.classify(key.job_key)
        self._events.add(
            f"prompt.{TOLD[move]}", at=now, job_key=key.job_key, number=key.number, **event_facts
        )

    def succeed(
        self, key: PromptKey, outcome: Succeeded, *, now: float, turn_s: float | None = None
    ) -> None:
        """Move a running prompt to succeeded, with what it made.

        `turn_s` is for how long its server could do nothing else, its execution time where that is
        not known: by this it is told when jobs will be done.
        """
        files = files_text(outcome.inputs)
        self.move(key, Move.SUCCEED, now=now, seconds=outcome.seconds, files=files)
        self._outputs.add((key, output) for output in outcome.outputs)
        self._schedules.measure(key.job_key, outcome.seconds if turn_s is None else turn_s)

    def recall(self, key: PromptKey, *, now: float, why: str) -> None:
        """Let a prompt that succeeded wait again, whose outputs were lost before they came home."""
        self._outputs.forget(key)
        self.move(key, Move.RECALL, now=now, message=why)

    def fail(self, key: PromptKey, outcome: Failed, *, now: float) -> None:
        """Move a running prompt to failed, with the reason."""
        self.move(
            key,
            Move.FAIL,
            now=now,
            seconds=outcome.seconds,
            code=outcome.code,
            message=outcome.message,
        )

    def move_all(self, job_key: int, move: Move, source: PromptState, *, now: float) -> int:
        """Make one move with every prompt of a job that is in `source`; gives how many.

        For moves that need no values of their own: cancel and retry. One event tells of all.

        Raises:
            IllegalMove: the table does not have it.
        """
        if source not in MOVES[move][0]:
            raise IllegalMove(move, source)
        after = state_after(move, source)
        moved = self._connection.execute(
            f"UPDATE prompts SET state = :state, {WRITTEN[move]}"
            " WHERE job_key = :job_key AND state = :source",
            {"state": after, "now": now, "job_key": job_key, "source": source},
        ).rowcount
        if moved:
            self._count(job_key, source, after, moved, now=now)
            if after is PromptState.PENDING:
                self._classes.classify(job_key)
            self._events.add(f"prompts.{TOLD[move]}", at=now, job_key=job_key, prompts=moved)
        return moved

    def _lease(self, key: PromptKey, before: PromptState, after: PromptState) -> None:
        if after is PromptState.RUNNING:
            self._leasing.take(key)
        elif before is PromptState.RUNNING:
            self._leasing.end(key)

    def _source(self, key: PromptKey, move: Move) -> PromptState:
        """Give the state to move from: the only one there is, else the one the prompt is in."""
        sources, _ = MOVES[move]
        return next(iter(sources)) if len(sources) == 1 else self.state(key)

    def _count(
        self, job_key: int, before: PromptState, after: PromptState, moved: int, *, now: float
    ) -> None:
        beside = BEGUN if after is PromptState.RUNNING else PROVED
        self._connection.execute(
            f"UPDATE jobs SET {before} = {before} - :moved, {after} = {after} + :moved{beside}"
            " WHERE job_key = :job_key",
            {"moved": moved, "job_key": job_key, "now": now, "at_once": AT_ONCE},
        )

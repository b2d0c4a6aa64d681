"""log.txt: what happened to a job, in words, a line for each thing; it grows while the job runs."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from vqd.domain.names import printable
from vqd.domain.queue import STEERED, Event
from vqd.domain.times import iso
from vqd.spool.files import is_real_file, replace_quickly, whole_file
from vqd.spool.folders import move_aside

LOG = "log.txt"
ROUTINE_LIMIT = 20_000
"""Lines about prompts that go well; of a larger job the manifest alone tells of the others."""
TROUBLE_LIMIT = 100_000
"""Lines about prompts altogether."""

_ADDING = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC

Facts = Mapping[str, str | int | float | bool | None]


class Teller:
    """Puts the events of one job into words, one after the other.

    It remembers what a line needs of those before it: on which server a prompt is and since when,
    how many of its attempts are over, and how many lines there are about prompts.
    """

    def __init__(self) -> None:
        self._on: dict[int, tuple[str, float]] = {}
        self._over: dict[int, int] = {}
        self._lines = 0
        self._ended: set[int] = set()

    def lines_of(self, events: Iterable[Event]) -> Iterator[str]:
        """Give a line for each event that is told, in order; without line ends."""
        for event in events:
            said = self._of_job(event) if event.number is None else self._of_prompt(event)
            if said is not None:
                yield f"{iso(event.at)} {printable(said)}"

    def _of_job(self, event: Event) -> str | None:
        if event.kind == "job.accepted":  # anew, perhaps
            self._on.clear()
            self._over.clear()
        if event.kind in _UNTOLD:
            return None
        words = _WORDS.get(event.kind)
        return words(event.facts) if words else _plainly(event)

    def _of_prompt(self, event: Event) -> str | None:
        said = self._said(event, event.number or 0)
        limit = ROUTINE_LIMIT if event.kind in _ROUTINE else TROUBLE_LIMIT
        if self._lines < limit:
            self._lines += 1
            return f"prompt {event.number} {said}"
        if limit in self._ended:
            return None
        self._ended.add(limit)
        return _FROM_HERE[limit]

    def _said(self, event: Event, number: int) -> str:
        facts = event.facts
        if event.kind == "prompt.claimed":
            self._on[number] = (str(facts.get("server")), event.at)
            over = self._over.get(number)
            return f"goes to {facts.get('server')}{f', attempt {over + 1}' if over else ''}"
        server, since_at = self._on.pop(number, ("", event.at))
        where = f" on {server} after {event.at - since_at:.1f} s" if server else ""
        if event.kind == "prompt.succeeded":
            return f"succeeded{where} ({facts.get('seconds', 0):.1f} s at work)"
        if event.kind not in _BAD_ENDS:
            return f"{event.kind.removeprefix('prompt.')}{where}"
        self._over[number] = self._over.get(number, 0) + 1
        return f"{_BAD_ENDS[event.kind]}{where}: {_why(facts)}"


def write_log(folder: Path, events: Iterable[Event]) -> None:
    """Write log.txt whole, durably.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(folder / LOG) as file:
        for line in Teller().lines_of(events):
            file.write(f"{line}\n".encode(errors="replace"))


def begin_log(folder: Path) -> None:
    """Let log.txt begin anew, empty; what has its name and is no file is moved aside.

    Raises:
        OSError: it cannot be made.
    """
    if not is_real_file(folder / LOG):
        move_aside(folder / LOG)
    replace_quickly(folder / LOG, b"")


def add_to_log(folder: Path, events: Iterable[Event], teller: Teller) -> None:
    """Add what has happened since to log.txt; not durably, since it is written whole at the end.

    Raises:
        OSError: it is gone, or cannot be written.
    """
    text = "".join(f"{line}\n" for line in teller.lines_of(events))
    with os.fdopen(os.open(folder / LOG, _ADDING), "ab") as file:
        file.write(text.encode(errors="replace"))


def _plainly(event: Event) -> str:
    facts = " ".join(f"{name}={fact}" for name, fact in event.facts.items())
    return f"{event.kind} {facts}".rstrip()


def _why(facts: Facts) -> str:
    if facts.get("code") is None:
        return "the job's folder could not be reached"
    step = f" Tried next: {facts['step']}." if facts.get("step") else ""
    return f"{facts['code']}: {facts.get('message')}{step}"


def _accepted(facts: Facts) -> str:
    kept = f", {facts['kept']} of them kept as made before" if facts.get("kept") else ""
    return f"accepted: {facts.get('workflow')}, {_prompts(facts)}{kept}"


def _rejected(facts: Facts) -> str:
    many = facts.get("faults")
    return f"not run: {many} {'fault' if many == 1 else 'faults'} in the job, see WHY.txt"


def _steered(facts: Facts) -> str:
    answer = "done" if facts.get("done") else "refused"
    return f"somebody asked for {facts.get('what')}: {answer}: {facts.get('said')}"


def _closed(state: str) -> Callable[[Facts], str]:
    def closed(facts: Facts) -> str:
        counts = [f"{facts.get(name)} {name}" for name in ("succeeded", "failed", "cancelled")]
        told = ", ".join(count for count in counts if not count.startswith(("0 ", "None ")))
        return f"{state}{f': {told}' if told else ''}"

    return closed


def _held(facts: Facts) -> str:
    """Tell what a job waits for; of a server, or a time, the reason itself says that it waits."""
    why = str(facts.get("why"))
    return why if why.startswith("waits ") else f"waits: {why}"


def _prompts(facts: Facts) -> str:
    many = facts.get("prompts")
    return f"{many} {'prompt' if many == 1 else 'prompts'}"


_LESS_KNOWN = "what happened until here, and is not told above, is in previous/log.txt"

_WORDS: Mapping[str, Callable[[Facts], str]] = MappingProxyType(
    {
        "job.accepted": _accepted,
        "job.rejected": _rejected,
        "job.quoted": _held,
        "job.held": _held,
        "job.released": lambda _: "waits no longer",
        "job.cancel_requested": lambda facts: f"to be cancelled: {facts.get('why')}",
        "job.adopted": lambda _: _LESS_KNOWN,
        "job.disowned": lambda _: _LESS_KNOWN,
        "job.trimmed": lambda _: "what had happened until here is not kept any more (keep)",
        STEERED: _steered,
        "drift.found": lambda facts: f"not as it was when it was made: {facts.get('said')}",
        "inputs.left_out": lambda facts: f"no input takes {facts.get('said')}",
        "prompts.cancelled": lambda facts: f"cancelled before they ran: {_prompts(facts)}",
        "prompts.retried": lambda facts: f"put into the queue again: {_prompts(facts)}",
        "notice.sent": lambda facts: f"told {facts.get('to')}: {facts.get('event')}",
        "notice.postponed": lambda facts: (
            f"cannot tell {facts.get('to')} yet: {facts.get('event')}: {facts.get('why')}"
        ),
        "notice.given_up": lambda facts: (
            f"gave up telling {facts.get('to')}: {facts.get('event')}: {facts.get('why')}"
        ),
        **{f"job.{state}": _closed(state) for state in ("done", "failed", "cancelled")},
    }
)

_UNTOLD = frozenset({"job.suspended", "job.resumed", "job.approved", "job.prioritised"})
"""Of these the answer to who asked for it tells."""

_ROUTINE = frozenset({"prompt.claimed", "prompt.succeeded"})

_BAD_ENDS = MappingProxyType(
    {"prompt.failed": "failed", "prompt.requeued": "goes back into the queue"}
)

_FROM_HERE = MappingProxyType(
    {
        ROUTINE_LIMIT: "from here on only of prompts that do not go well is told;"
        " manifest.jsonl has those that succeed",
        TROUBLE_LIMIT: "from here on nothing more of prompts is told; vqd show JOB --prompt N does",
    }
)

"""What is looked at when a storm is over: whether all is whole, and how soon it went on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.daemons import manifest_of
from tests.postgres import Postgres

_EVENTS = """\
SELECT number, kind, facts::json ->> 'server',
    CAST(extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS float8)
FROM vqd.events WHERE number IS NOT NULL ORDER BY event_key
"""


@dataclass(frozen=True)
class Event:
    """What happened to a prompt, and when that was committed (UTC seconds)."""

    number: int
    kind: str
    server: str | None
    at: float


def events_of(server: Postgres) -> list[Event]:
    """Give all that happened to prompts, in its order; the server must have
    `track_commit_timestamp`."""
    return [Event(*row) for row in server.execute(_EVENTS)]


def assert_made_once(done: Path, prompts: int, events: Sequence[Event]) -> Counter[str]:
    """See that every prompt succeeded and was published once, every output is as the manifest tells
    of it, and there is no other; gives how many each server made."""
    lines = manifest_of(done)
    assert sorted(line["prompt"] for line in lines) == list(range(1, prompts + 1))
    for line in lines:
        assert sha256((done / line["output"]).read_bytes()).hexdigest() == line["sha256"], line
    there = {path.relative_to(done).as_posix() for path in (done / "outputs").rglob("*.png")}
    assert there == {line["output"] for line in lines}
    succeeded = Counter(one.number for one in events if one.kind == "prompt.succeeded")
    assert succeeded == Counter(range(1, prompts + 1))
    return Counter(line["server"] for line in lines)


def restarts(events: Sequence[Event], server: str, at: float) -> Iterator[float]:
    """Give after how many seconds each prompt that a server had at a time was claimed for another,
    or, of one that was not, over."""
    had: set[int] = set()
    for event in events:
        if event.at <= at:
            had.discard(event.number)
            if event.server == server and event.kind == "prompt.claimed":
                had.add(event.number)
        elif event.number in had and event.kind != "prompt.requeued":
            had.discard(event.number)
            yield event.at - at

"""What keeps a queue beside the daemon, and drops that are not taken."""

from collections.abc import Iterator, Sequence

from vqd.cli.condition import Condition
from vqd.cli.folders import lies_in_inbox
from vqd.domain.names import printable
from vqd.service.explain import Reason, Stop
from vqd.spool.layout import Spool
from vqd.spool.waiting import waiting_in


def stops_of(condition: Condition) -> Iterator[Stop]:
    """Give what keeps the whole queue from being sent."""
    if condition.runs is False:
        yield Stop("daemon_down", "the daemon is not running", "vqd run starts it.")
    if condition.away is not None:
        cure = "It goes on by itself when the share is back."
        yield Stop("share_away", f"the share is away: {condition.away}", cure)
    if condition.is_paused:
        cure = "vqd resume takes it away, and everything goes on."
        yield Stop("paused", "PAUSE lies in the spool", cure)
    if condition.parked is not None:
        cure = "It is tried again every few seconds, and nothing has failed."
        yield Stop("parked", condition.parked, cure)


def not_taken(spool: Spool, name: str, stops: Sequence[Stop]) -> Reason | None:
    """Say why a drop of this name is still in the inbox; None if there is none."""
    if not lies_in_inbox(spool, name):
        return None
    waits = [line for line in waiting_in(spool.inbox) if line.startswith(f"{printable(name)}: ")]
    if waits:
        said = f"It lies in the inbox and is not taken yet: {waits[0].partition(': ')[2]}"
        cure = "It is taken by itself when that is so no more."
    else:
        said, cure = "It lies in the inbox and was not looked at yet", "It is looked at soon."
    cures = " ".join(stop.cure for stop in stops if stop.code in ("daemon_down", "share_away"))
    return Reason("not_taken", said.removesuffix("."), cures or cure, since_at=None)


def unknown_to_queue(spool: Spool, name: str) -> Reason | None:
    """Say of a job's folder that the queue knows nothing of it; None if there is none."""
    folder = spool.find(name)
    if folder is None:
        return None
    said = f"It lies in {folder.parent}, and the queue knows nothing of it"
    return Reason("unknown_to_queue", said, "Moved into the inbox, it keeps what it has.")

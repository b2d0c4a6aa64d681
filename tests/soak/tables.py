"""What a soak did, and what came of it, in tables."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from rich.table import Table

from tests.daemons import Daemon, manifest_of
from tests.soak.ledger import Ledger


def tables(daemon: Daemon, ledger: Ledger) -> Iterator[Table]:
    """Give the tables of acts, of faults, and of what came back."""
    yield _counted("what people did", ledger.done)
    yield _counted("what befell the daemon", ledger.faults)
    yield _counted("what came back", _back(daemon, ledger))


def _counted(title: str, counts: Counter[str]) -> Table:
    table = Table(title, "times")
    for what, times in counts.items() if title == "what came back" else sorted(counts.items()):
        table.add_row(what, str(times))
    return table


def _back(daemon: Daemon, ledger: Ledger) -> Counter[str]:
    spool = daemon.spool
    closed = [*spool.done.iterdir(), *spool.failed.iterdir()]
    lines = [
        line["output"]
        for folder in closed
        if (folder / "manifest.jsonl").exists()
        for line in manifest_of(folder)
    ]
    with closing(sqlite3.connect(daemon.folder / "state" / "queue.db")) as queue:
        prompts = dict(queue.execute("SELECT state, count(*) FROM prompts GROUP BY state"))
    return Counter(
        {
            "jobs that must be back": sum(1 for _ in ledger.expected),
            "jobs in done/": sum(1 for _ in spool.done.iterdir()),
            "jobs in failed/": sum(1 for _ in spool.failed.iterdir()),
            "sources that must be there": sum(1 for _ in ledger.kept),
            "prompts": sum(prompts.values()),
            "prompts that succeeded": prompts.get("succeeded", 0),
            "outputs published": len(lines),
            "jobs left over in active/": sum(1 for _ in spool.active.iterdir()),
        }
    )

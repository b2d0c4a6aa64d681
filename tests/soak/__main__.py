"""`script/soak`: do everything to a spool at random for minutes, then prove that all is well."""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.daemons import Daemon
from tests.soak.actor import STARTED_WITHIN_S, Actor
from tests.soak.ledger import Ledger
from tests.soak.proof import faults

_SETTLED_WITHIN_S = 300.0
_MEAN_PAUSE_S = 0.05


def main() -> int:
    """Run it; gives 1 if anything is not as it must be."""
    asked = _asked()
    folder = Path(tempfile.mkdtemp(prefix=f"vqd-soak-{asked.seed}-", dir=asked.dir))
    console = Console()
    console.print(f"seed {asked.seed}, {asked.minutes:g} minutes, in {folder}")
    ledger = Ledger(folder / "acts.jsonl")
    daemon = Daemon(folder, rescan_s=2, drain_s=1, gather_s=1)
    daemon.start(within_s=STARTED_WITHIN_S)
    try:
        actor = Actor(daemon, ledger, random.Random(asked.seed))
        _act(actor, asked.minutes * 60)
        actor.end()
        is_settled = _settle(daemon, actor, ledger)
        exit_code = daemon.stop()
    finally:
        daemon.close()
    found = faults(daemon, ledger)
    if not is_settled:
        found.insert(0, f"not everything had ended {_SETTLED_WITHIN_S:g} s after the last act")
    if exit_code != 0:
        found.append(f"the daemon exited with {exit_code}")
    console.print(_table(ledger, daemon))
    for fault in found:
        console.print(f"FAULT {fault}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Again: script/soak --minutes {asked.minutes:g} --seed {asked.seed}")
    if found or asked.keep:
        console.print(f"Kept in {folder}: acts.jsonl, daemon.log, spool/, state/")
    else:
        shutil.rmtree(folder)
    return 1 if found else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/soak",
        description=(
            "Drops, edits, moves, deletes and steers at random, while the daemon and its engine are"
            " killed at random, and then proves that every job that was completely dropped came"
            " back exactly once and that no source is lost."
        ),
        epilog="The acts come from the seed alone; when they meet what the daemon does varies.",
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long to act (10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="of the acts")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a good run too")
    parser.add_argument("--dir", type=Path, help="make the folder in this one")
    return parser.parse_args()


def _act(actor: Actor, for_s: float) -> None:
    pauses = random.Random(0)
    pause = threading.Event()
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        actor.act()
        pause.wait(pauses.expovariate(1 / _MEAN_PAUSE_S))


def _settle(daemon: Daemon, actor: Actor, ledger: Ledger) -> bool:
    """Wait until every job is over, letting go what still waits; False if that takes too long."""
    pause = threading.Event()
    until = time.monotonic() + _SETTLED_WITHIN_S
    while time.monotonic() < until:
        waiting = [drop for drop in ledger.expected if drop.path.exists()]
        active = [*daemon.spool.active.iterdir()]
        folders = [*daemon.spool.inbox.glob("*/**/*.png")]
        folders += daemon.spool.inbox.glob("*/STATUS.yaml")  # a job's, moved back
        if not (waiting or active or folders):
            return True
        actor.release()
        pause.wait(2)
    return False


def _table(ledger: Ledger, daemon: Daemon) -> Table:
    table = Table("what was done", "times", title="soak")
    for act, times in sorted(ledger.done.items()):
        table.add_row(act, str(times))
    for name, place in (("in done/", daemon.spool.done), ("in failed/", daemon.spool.failed)):
        table.add_row(name, str(sum(1 for _ in place.iterdir())))
    table.add_row("must be back", str(sum(1 for _ in ledger.expected)))
    table.add_row("sources that must be there", str(sum(1 for _ in ledger.kept)))
    return table


if __name__ == "__main__":
    sys.exit(main())

"""`script/soak`: do everything to a spool at random for minutes, then prove that all is well."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from tests.crashes.kinds import KINDS
from tests.daemons import Daemon
from tests.mounts import disk_image
from tests.soak.actor import Actor
from tests.soak.everywhere import cut_off_everywhere
from tests.soak.ledger import Ledger
from tests.soak.machine import FULL, Machine
from tests.soak.plan import FAULTS, Act, digest, plan
from tests.soak.proof import faults
from tests.soak.tables import tables

_STUCK_AFTER_S = 300.0
"""When nothing more has ended for so long after the last act, what is left is stuck."""
_DISK_MB = 4096


def main() -> int:
    """Run it; gives 1 if anything is not as it must be."""
    asked = _asked()
    if asked.points is not None:
        return cut_off_everywhere(asked.points, Console(), asked.dir)
    acts = plan(asked.seed, minutes=asked.minutes)
    folder = Path(tempfile.mkdtemp(prefix=f"vqd-soak-{asked.seed}-", dir=asked.dir))
    console = Console()
    planned = f"{len(acts)} acts planned, {digest(acts)}"
    console.print(f"seed {asked.seed}, {asked.minutes:g} minutes: {planned}, in {folder}")
    ledger = Ledger(folder / "acts.jsonl")
    with _own_disk(folder, console) as disk:
        found = _carry_out(acts, asked, folder, disk, ledger, console)
        for fault in found:
            console.print(f"FAULT {fault}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"Again: script/soak --minutes {asked.minutes:g} --seed {asked.seed}")
        if found and disk is not None:
            shutil.copytree(disk / "spool", folder / "spool-as-left", symlinks=True)
    if found or asked.keep:
        console.print(f"Kept in {folder}: acts.jsonl, daemon.log, the spool, state/")
    else:
        shutil.rmtree(folder)
    return 1 if found else 0


@contextmanager
def _own_disk(folder: Path, console: Console) -> Iterator[Path | None]:
    """Give a file system of the spool's own, which can be filled; None where none can be had."""
    with ExitStack() as stack:
        try:
            image = folder / "disk.img"
            disk = stack.enter_context(disk_image(folder / "disk", image, megabytes=_DISK_MB))
        except pytest.skip.Exception as error:
            console.print(f"left out: {FULL}, {error}", markup=False)
            disk = None
        yield disk


def _carry_out(
    acts: Sequence[Act],
    asked: argparse.Namespace,
    folder: Path,
    disk: Path | None,
    ledger: Ledger,
    console: Console,
) -> list[str]:
    """Carry the acts out, let everything come to its end, and give what is not as it must be."""
    spool = (disk or folder) / "spool"
    daemon = Daemon(folder, spool=str(spool), rescan_s=2, drain_s=1, gather_s=1)
    machine = Machine(daemon, ledger, disk)
    machine.start()
    try:
        actor = Actor(daemon.spool, ledger, random.Random(asked.seed))
        _act(acts, actor, machine, ledger, asked.minutes * 60)
        machine.mend()
        actor.end()
        is_settled = _settle(daemon, actor, ledger)
        exit_code = daemon.stop()
    finally:
        daemon.close()
    found = [*machine.found, *faults(daemon, ledger)]
    if not is_settled:
        found.insert(0, f"after the last act nothing more ended for {_STUCK_AFTER_S:g} s")
    if exit_code != 0:
        found.append(f"the daemon exited with {exit_code}")
    for table in tables(daemon, ledger):
        console.print(table)
    return found


def _act(acts: Sequence[Act], actor: Actor, machine: Machine, ledger: Ledger, for_s: float) -> None:
    pause = threading.Event()
    until = time.monotonic() + for_s
    for act in acts:
        if time.monotonic() >= until:
            ledger.note("the plan goes on, but the time is over")
            return
        pause.wait(act.pause_s)
        machine.tend()
        chance = random.Random(act.seed)
        if act.what in FAULTS:
            machine.befall(act.what, chance)
        elif machine.is_usable:
            actor.act(act.what, chance)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/soak",
        description=(
            "Drops, edits, moves, deletes and steers at random, while the daemon and its engine are"
            " killed, the share goes away, the disk is full and the clock is set, and then proves"
            " that every job that was completely dropped came back exactly once and that no source"
            " is lost."
        ),
        epilog="The acts follow from the seed alone; when they meet what the daemon does varies.",
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long to act (10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="of the acts")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a good run too")
    parser.add_argument("--dir", type=Path, help="make the folder in this one")
    parser.add_argument(
        "--points",
        nargs="*",
        choices=[*KINDS],
        help="instead cut one job off at every point of its life, of these kinds or of all",
    )
    return parser.parse_args()


def _settle(daemon: Daemon, actor: Actor, ledger: Ledger) -> bool:
    """Wait until every job is over, letting go what still waits; False if it gets stuck."""
    pause = threading.Event()
    last, until = -1, 0.0
    while True:
        ended = sum(
            1 for place in (daemon.spool.done, daemon.spool.failed) for _ in place.iterdir()
        )
        if ended > last:
            last, until = ended, time.monotonic() + _STUCK_AFTER_S
        waiting = [drop for drop in ledger.expected if drop.path.exists()]
        active = [*daemon.spool.active.iterdir()]
        if not (waiting or active or _has_jobs(daemon.spool.inbox)):
            return True
        if time.monotonic() > until:
            return False
        actor.release()
        pause.wait(2)


def _has_jobs(inbox: Path) -> bool:
    """Tell whether pictures lie in folders of the inbox, or a job that was moved back.

    What is taken while it is looked at is passed over.
    """
    for folder, _, names in os.walk(inbox):
        if Path(folder) != inbox and any(
            name.endswith(".png") or name == "STATUS.yaml" for name in names
        ):
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())

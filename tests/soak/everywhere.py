"""`script/soak --points`: a job of each kind, cut off at every point of its life by each fault."""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.crashes.kinds import KINDS
from tests.crashes.laboratory import Laboratory, trials_again, trials_of
from tests.crashes.life import Fault, Told, Trial
from tests.crashes.powercut import why_no_cut
from tests.crashes.states import State

_FAULTS = (
    Fault.KILL,
    Fault.TORN,
    Fault.ENGINE,
    Fault.BOTH,
    Fault.AWAY,
    Fault.AGAIN,
    Fault.POWER,
)
_EVERY = 8
"""Two kills can fall upon some twenty thousand pairs of points: so many-th of each are tried."""


def cut_off_everywhere(kinds: Collection[str], console: Console, within: Path | None) -> int:
    """Do it with the kinds that are named, with all where none is; gives 1 if anything is wrong."""
    folder = Path(tempfile.mkdtemp(prefix="vqd-points-", dir=within))
    faults = [*_faults(folder, console)]
    laboratory = Laboratory(folder)
    table = Table(*_COLUMNS, title="cut off everywhere")
    wrong: list[Told] = []
    try:
        for kind in kinds or KINDS:
            untroubled = laboratory.record(kind)
            wrong += [untroubled] if untroubled.wrong else []
            for fault in faults:
                told = [*laboratory.carry_out(_trials(laboratory, untroubled, fault))]
                wrong += [one for one in told if one.wrong]
                figures = _figures(told)
                table.add_row(kind, str(fault), *figures)
                console.print(f"{kind}: {fault}: {figures[-1]} of {figures[0]} came back once")
    finally:
        laboratory.close()
    console.print(table)
    for one in wrong:
        console.print(f"FAULT {one.trial} ({one.state}): {one.wrong}", markup=False)
    if not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


_COLUMNS = ("job", "fault", "points", "struck", *(state[:2] for state in State), "back once")


def _faults(folder: Path, console: Console) -> Iterator[Fault]:
    why = why_no_cut(folder)
    for fault in _FAULTS:
        if fault is Fault.POWER and why is not None:
            console.print(f"left out: {fault}, {why}", markup=False)
        else:
            yield fault


def _trials(laboratory: Laboratory, untroubled: Told, fault: Fault) -> list[Trial]:
    if fault is not Fault.AGAIN:
        return trials_of(untroubled, fault)
    firsts = [replace(one, fault=fault) for one in trials_of(untroubled, Fault.KILL)[::_EVERY]]
    return [then for told in laboratory.carry_out(firsts) for then in trials_again(told)[::_EVERY]]


def _figures(told: Collection[Told]) -> list[str]:
    """Give how many points there were, at how many it struck, how many jobs were found in which
    state right after that, and how many came back once and whole."""
    struck = [one for one in told if one.was_hit]
    states = [str(sum(one.state is state for one in struck)) for state in State]
    back = sum(one.wrong is None for one in told)
    return [str(len(told)), str(len(struck)), *states, str(back)]

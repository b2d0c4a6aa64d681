"""What was found when a set-up was examined: how bad it is, and the commands that mend it."""

import shlex
from collections.abc import Iterable
from enum import StrEnum

from vqd.domain.frozen import frozen
from vqd.domain.names import readable
from vqd.domain.times import duration

CLOCKS_APART_S = 60.0
"""By so much two clocks may differ: windows, delays and deadlines are of minutes."""
SET_NTP = ("timedatectl", "set-ntp", "true")


class Level(StrEnum):
    """How bad it is, from good to bad."""

    OK = "ok"
    WARN = "warn"
    """It goes on as it is, and not as well as it could."""
    WRONG = "wrong"
    """Jobs do not run, or can be lost, until it is mended."""


@frozen
class Finding:
    """One fact about a set-up. `cure` are the commands that mend it, one a line of a shell."""

    level: Level
    code: str
    said: str
    cure: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Let a file's name that is not UTF-8 stand in it in a form that can be told."""
        object.__setattr__(self, "said", readable(self.said))
        object.__setattr__(self, "cure", tuple(map(readable, self.cure)))


def ok(code: str, said: str) -> Finding:
    """Find that something is as it should be."""
    return Finding(Level.OK, code, said)


def warn(code: str, said: str, *cure: str) -> Finding:
    """Find something that could be better."""
    return Finding(Level.WARN, code, said, cure)


def wrong(code: str, said: str, *cure: str) -> Finding:
    """Find something that keeps jobs from running, or safe."""
    return Finding(Level.WRONG, code, said, cure)


def command(*words: object, why: str | None = None) -> str:
    """Give a command as it is typed, with a remark behind it."""
    typed = shlex.join(map(str, words))
    return f"{typed}  # {why}" if why else typed


def clocks(apart_s: float, cure: str, *, whose: str = "its clock") -> Finding:
    """Find whether a clock, which is `apart_s` ahead, agrees with this machine's. `cure` is the
    command that mends it; what mends this machine's is told beside it."""
    if abs(apart_s) <= CLOCKS_APART_S:
        return ok("clock", f"{whose} agrees with this machine's")
    which = "ahead of" if apart_s > 0 else "behind"
    said = f"{whose} is {duration(abs(round(apart_s)))} {which} this machine's"
    here = command("sudo", *SET_NTP, why="and here, if it is this machine's that is wrong")
    return warn("clocks_apart", said, cure, here)


def worst(findings: Iterable[Finding]) -> Level:
    """Give the level of the worst; ok where there is none."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)

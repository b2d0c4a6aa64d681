"""Examinations side by side, none of which is waited for longer than it may take."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, wrong
from vqd.domain.frozen import frozen

WITHIN_S = 10.0
"""How long an examination may take: a server that computes, and a share far away, are slow."""


@frozen
class Examination:
    """What is examined, how, and the commands that help where it does not answer."""

    about: str
    examine: Callable[[], Iterable[Finding]]
    if_silent: Sequence[str] = ()


@frozen
class Examined:
    """What was found about something."""

    about: str
    findings: Sequence[Finding]


def examined(
    examinations: Sequence[Examination], *, within_s: float = WITHIN_S
) -> Iterator[Examined]:
    """Carry examinations out at once, and give what each found, in their order.

    What hangs, as on a dead share, is told to do so and left behind on a thread of its own.
    """
    until = time.monotonic() + within_s
    begun = [_Begun(examination) for examination in examinations]
    for one in begun:
        yield Examined(one.examination.about, one.ended(until, within_s))


@dataclass(slots=True)
class _Begun:
    """An examination on its thread."""

    examination: Examination
    findings: list[Finding] = field(default_factory=list)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        name = f"examine {self.examination.about}"
        self._thread = threading.Thread(target=self._examine, name=name, daemon=True)
        self._thread.start()

    def ended(self, until: float, within_s: float) -> list[Finding]:
        """Wait for its end until then, and give what it found by then."""
        self._thread.join(max(0.0, until - time.monotonic()))
        found = list(self.findings)
        if self._thread.is_alive():
            said = f"no answer within {within_s:g} s"
            found.append(wrong("silent", said, *self.examination.if_silent))
        return found

    def _examine(self) -> None:
        try:
            for finding in self.examination.examine():
                self.findings.append(finding)
        except VqdError as error:
            self.findings.append(wrong(error.code, str(error).removesuffix(".")))
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self.findings.append(wrong("os_error", f"{place}{error.strerror or error}"))
        except Exception as error:  # noqa: BLE001 - the top of a thread: said as what it is
            self.findings.append(wrong("fault_in_vqd", f"vqd could not examine it: {error!r}"))

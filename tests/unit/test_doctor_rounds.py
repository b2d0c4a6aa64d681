"""Examinations side by side: what hangs, and what fails, keeps nothing else from being told."""

import threading
from collections.abc import Iterator

from vqd.doctor.rounds import Examination, examined
from vqd.domain.errors import VqdError
from vqd.domain.finding import Finding, Level, ok, warn, worst, wrong


def test_each_part_is_told_in_its_order_whichever_ends_first() -> None:
    second_is_over = threading.Event()

    def first() -> Iterator[Finding]:
        second_is_over.wait(60)
        yield ok("a", "first")

    def second() -> Iterator[Finding]:
        yield ok("b", "second")
        second_is_over.set()

    seen = [*examined([Examination("one", first), Examination("two", second)], within_s=60)]
    assert [(one.about, [found.said for found in one.findings]) for one in seen] == [
        ("one", ["first"]),
        ("two", ["second"]),
    ]


def test_what_hangs_is_told_with_what_it_found_before_and_what_helps() -> None:
    released = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("there", "it is there")
        released.wait(60)

    parts = [
        Examination("share", hangs, ["umount -l /mnt/share"]),
        Examination("rest", lambda: [ok("fine", "all is fine")]),
    ]
    share, rest = examined(parts, within_s=3)
    released.set()
    assert share.findings == [
        ok("there", "it is there"),
        wrong("silent", "no answer within 3 s", "umount -l /mnt/share"),
    ]
    assert rest.findings == [ok("fine", "all is fine")]


def test_what_cannot_be_examined_is_wrong_and_says_why() -> None:
    def refuses() -> Iterator[Finding]:
        raise VqdError("spool_away", "It is away.", "Mount it.")

    def breaks() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/srv/vqd")

    def is_at_fault() -> Iterator[Finding]:
        raise KeyError("spool")

    parts = [Examination("x", examine) for examine in (refuses, breaks, is_at_fault)]
    found = [finding for one in examined(parts, within_s=60) for finding in one.findings]
    assert [(one.code, one.said) for one in found] == [
        ("spool_away", "It is away. Mount it"),
        ("os_error", "/srv/vqd: Permission denied"),
        ("fault_in_vqd", "vqd could not examine it: KeyError('spool')"),
    ]


def test_the_worst_finding_counts() -> None:
    assert worst([]) is Level.OK
    assert worst([ok("a", ""), warn("b", ""), ok("c", "")]) is Level.WARN
    assert worst([wrong("a", ""), warn("b", "")]) is Level.WRONG

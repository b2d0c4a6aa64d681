"""Everything odd that lands in an inbox, all at once: what becomes of each, and of nothing else."""

import hashlib
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders import write
from tests.canary import Canary
from tests.daemons import Daemon, manifest_of, status_of
from tests.hostile import Case, carried, documents, forged, links, names, sizes, strange
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(600)  # the first test waits for all that is dropped

CASES: dict[str, Case] = {
    **links.CASES,
    **strange.CASES,
    **strange.DEVICES,
    **names.CASES,
    **documents.CASES,
    **sizes.CASES,
    **forged.CASES,
    **carried.CASES,
}
MOST_MEMORY_KB = 600_000
LARGEST_HASHED_BYTES = 1 << 20
RECORDS = frozenset({"STATUS.yaml", "WHY.txt", "manifest.jsonl", "log.txt", "report.html"})
"""What vqd writes anew in the folder of a job that comes back, as some claim to be."""


@dataclass
class World:
    """A spool into which everything was dropped at once, when nothing goes on there any more."""

    daemon: Daemon
    dropped: Counter[str]
    touched: list[str]
    memory_kb: int

    def folder(self, drop: str) -> Path:
        """Give the folder in done/ or failed/ that a drop came to."""
        (taken,) = [line for line in self.daemon.logged("drop.taken") if line["drop"] == drop]
        found = self.daemon.spool.find(taken["job"])
        assert found is not None
        return found

    def waiting(self, drop: str) -> str:
        """Give the line that WAITING.txt has for a drop."""
        shown = drop.encode("unicode_escape").decode()
        lines = [
            line
            for line in self.daemon.waiting.splitlines()
            if shown in (line, line.split(": ")[0])
        ]
        assert len(lines) == 1, (drop, self.daemon.waiting)
        return lines[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    top = tmp_path_factory.mktemp("hostile")
    secret = top / "elsewhere" / "secret"
    picture(secret / "secret.png", shade=9)
    write(secret / "secret.yaml", TWO_LINES)
    picture_job(secret / "job")
    cases = [case for case in CASES.values() if can_be_made(case)]
    for case in cases:
        (top / "made").mkdir(exist_ok=True)
        case.make(top / "made" / case.drop, secret)
    dropped = hashes(top / "made")
    daemon = Daemon(top / "house").start()
    try:
        with Canary(secret) as canary:
            # Job files last: an input that came before is taken with the file that names it.
            for path in sorted((top / "made").iterdir(), key=lambda path: path.suffix == ".yaml"):
                path.rename(daemon.spool.inbox / path.name)
            wait_for(lambda: is_over(daemon, cases), within_s=400, what="the end of every drop")
            memory_kb = peak_kb(daemon)
            assert daemon.stop() == 0
            yield World(daemon, dropped, canary.touched(), memory_kb)
    finally:
        daemon.close()


def can_be_made(case: Case) -> bool:
    return case not in strange.DEVICES.values() or strange.may_make_devices()


def is_over(daemon: Daemon, cases: list[Case]) -> bool:
    ended = len(daemon.logged("job.closed"))
    left = [case for case in cases if case.place == "inbox"]
    if ended < len(cases) - len(left) or list(daemon.spool.active.iterdir()):
        return False
    return all(case.said in daemon.waiting for case in left)


def peak_kb(daemon: Daemon) -> int:
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def hashes(top: Path) -> Counter[str]:
    """Give the hash of every file that holds something, and is not mostly a hole."""
    found: Counter[str] = Counter()
    for folder, _, names_there in os.walk(top):
        for name in names_there:
            facts = (path := Path(folder, name)).lstat()
            is_small = 0 < facts.st_size <= LARGEST_HASHED_BYTES
            if is_small and stat.S_ISREG(facts.st_mode) and name not in RECORDS:
                found[hashlib.sha256(path.read_bytes()).hexdigest()] += 1
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_is_dropped_is_taken_or_told(world: World, name: str) -> None:
    case = CASES[name]
    if not can_be_made(case):
        pytest.skip("only root may make a device")
    if case.place == "inbox":
        assert case.said in world.waiting(case.drop)
        assert os.path.lexists(world.daemon.spool.inbox / case.drop)
        return
    folder = world.folder(case.drop)
    status = status_of(folder)
    why = (folder / "WHY.txt").read_text() if (folder / "WHY.txt").exists() else ""
    codes = {problem["code"] for problem in status["problems"]}
    assert (folder.parent.name, status["counts"]["succeeded"]) == (case.place, case.succeeded), why
    assert case.place == "done" or case.said in codes or case.said in why


def test_nothing_was_opened_through_a_link(world: World) -> None:
    assert world.touched == []


def test_a_canary_tells_of_what_is_opened_and_made(tmp_path: Path) -> None:
    write(tmp_path / "secret", "s")
    with Canary(tmp_path) as canary:
        assert canary.touched() == []
        (tmp_path / "secret").read_bytes()
        assert canary.touched()[0].startswith("secret: 0x20")
        write(tmp_path / "new", "x")
        assert canary.touched()[0].startswith("new: 0x100")


def test_every_drop_has_a_row_in_the_docs_and_each_row_a_drop() -> None:
    top = Path(__file__).parents[2]
    rows = (top / "docs" / "drops.md").read_text(encoding="utf-8").splitlines()
    proofs = [row.split(" | ")[-1] for row in rows if row.startswith("| ")]
    named = [name for proof in proofs for name in re.findall(r"`([^`]+)`", proof)]
    tests = {name for name in named if name.startswith("test_")}
    assert sorted(name for name in named if name not in tests) == sorted(CASES)
    code = "\n".join(path.read_text(encoding="utf-8") for path in top.glob("tests/**/test_*.py"))
    assert tests - {*re.findall(r"^def (test_\w+)", code, re.MULTILINE)} == set()


def test_no_byte_that_was_dropped_is_lost(world: World) -> None:
    assert world.dropped - hashes(world.daemon.spool.root) == Counter()


def test_the_daemon_went_on_and_failed_at_nothing_itself(world: World) -> None:
    wrong = [line for line in world.daemon.log if line["level"] in ("warning", "error")]
    assert wrong == []
    assert world.memory_kb < MOST_MEMORY_KB


def test_names_on_the_share_are_safe_and_the_records_tell_those_that_were_dropped(
    world: World,
) -> None:
    folder = world.folder("any")
    recorded = {Path(line["inputs"]["image"]).name for line in manifest_of(folder)}
    assert recorded == {"p1.png", "p2.png", *names.random_names(20)}
    assert {path.name for path in (folder / "inputs").iterdir()} == recorded
    for path in world.daemon.spool.done.glob("*/outputs/**/*"):
        assert not {unicodedata.category(char) for char in path.name} & {"Cc", "Cf", "Cs"}
        assert not set('<>:"\\|?*') & set(path.name)
        assert len(os.fsencode(path.name)) <= 255
        assert path.name.rstrip(" .") == path.name

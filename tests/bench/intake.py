"""What it costs to see drops and to take them."""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.process import cpu_s, pause, peak_mb, switches
from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture
from tests.waiting import wait_for

BURST = 5000
RAW = 1000
DROPS = 40
FOLDERS, FILES_EACH = 100, 100
SETTLE_S = 0.5
SETTLE_POLL_S = 1.0
LOOK_EVERY_S, LOOKS = 5, 6

Drop = Callable[[Path, Path], object]


def bursts(folder: Path) -> list[Figure]:
    """Drop 5,000 job files at once, each with a picture; beside it, only what must be made durable.

    PAUSE lies in the spool, so that nothing else is measured with it.
    """
    return [
        *_burst(folder / "renamed", "moved in", Path.rename),
        *_burst(folder / "copied", "copied in", _copy),
    ]


def _burst(folder: Path, named: str, drop: Drop) -> list[Figure]:
    with a_daemon(folder, rescan_s=60) as daemon:
        daemon.spool.pause()
        dropped = job_files(folder / "made")
        raw_s = [_raw_s(folder / "raw0")]
        began_at = time.monotonic()
        for path in dropped:
            drop(path, daemon.spool.inbox / path.name)
        answered_s = _answered_s(daemon)
        wait_for(lambda: accepted(daemon) == BURST, within_s=300, what="the last of them")
        accepted_s = time.monotonic() - began_at
        memory_mb = peak_mb(_pid(daemon))
        raw_s.append(_raw_s(folder / "raw1"))
    head = f"5,000 job files {named}"
    raw_ratio = accepted_s / BURST / (statistics.mean(raw_s) / RAW)
    return [
        Figure(f"{head}: taken", BURST / accepted_s, "/s", at_least=200),
        Figure(f"{head}: one / rename, sync and commit alone", raw_ratio, "x"),
        Figure(f"{head}: most memory", memory_mb, "MB", 150),
        Figure(f"{head}: a steering file answered after", answered_s, "s", 2),
    ]


def acceptance(folder: Path) -> list[Figure]:
    """From a drop on an idle daemon until its job is in the queue, by the way it came."""
    with a_daemon(folder / "native") as daemon:
        by_rename = _taken_ms(daemon, "renamed", Path.rename, drops=DROPS)
        by_copy = _taken_ms(daemon, "copied", _copy, drops=DROPS // 2)
    with a_daemon(folder / "polled", watch="poll", settle_poll_s=SETTLE_POLL_S) as daemon:
        polled = _taken_ms(daemon, "polled", Path.rename, drops=DROPS // 4)
    over_settle_ms = statistics.median(by_copy) - 1000 * SETTLE_S
    over_poll_ms = statistics.median(polled) - 1000 * SETTLE_POLL_S
    return [
        Figure("drop by rename -> taken, median", statistics.median(by_rename), "ms", 50),
        Figure(
            "drop by rename -> taken, 99 of 100", statistics.quantiles(by_rename, n=100)[-1], "ms"
        ),
        Figure("job file by copy -> taken, over settle_s", over_settle_ms, "ms", 100),
        Figure(
            "where no events come, over settle_poll_s", over_poll_ms, "ms", 1000 * SETTLE_POLL_S
        ),
    ]


def watching(folder: Path) -> list[Figure]:
    """Leave a daemon alone with 10,000 pictures in folders that are no jobs, and with 5,000 jobs
    that wait."""
    figures = [_whole_look(folder / "queued")]
    for mode, at_most in (("native", 0.1), ("poll", 1.0)):
        with a_daemon(folder / mode, watch=mode, rescan_s=60) as daemon:
            _pictures(daemon.spool.inbox)
            pid = _pid(daemon)
            pause(20)
            before, over_s = (cpu_s(pid), switches(pid)), 30
            pause(over_s)
            busy = 100 * (cpu_s(pid) - before[0]) / over_s
            wakes = (switches(pid) - before[1]) / over_s
        head = f"idle with 10,000 files, watch: {mode}"
        figures += [
            Figure(f"{head}: processor time", busy, "%", at_most),
            Figure(f"{head}: wake-ups", wakes, "/s"),
        ]
    return figures


def _whole_look(folder: Path) -> Figure:
    """Let it look at everything, again and again, with nothing to be found."""
    with a_daemon(folder, rescan_s=LOOK_EVERY_S) as daemon:
        daemon.spool.pause()
        for path in job_files(folder / "made"):
            path.rename(daemon.spool.inbox / path.name)
        wait_for(lambda: accepted(daemon) == BURST, within_s=300, what="the last of them")
        pause(2 * LOOK_EVERY_S)
        before_s = cpu_s(_pid(daemon))
        pause(LOOKS * LOOK_EVERY_S)
        look_s = (cpu_s(_pid(daemon)) - before_s) / LOOKS
    return Figure("a whole look with 5,000 jobs that wait: processor time", 1000 * look_s, "ms")


def _taken_ms(daemon: Daemon, named: str, drop: Drop, *, drops: int) -> list[float]:
    taken_ms = []
    for turn in range(drops + 2):
        name = f"{named}{turn}"
        picture(daemon.folder / "made" / f"{name}.png").rename(daemon.spool.inbox / f"{name}.png")
        job_file = write(daemon.folder / "made" / f"{name}.yaml", _text(f"{name}.png"))
        pause(SETTLE_S)  # so that the picture is quiet, and only the job file is waited for
        dropped_at = time.time()
        drop(job_file, daemon.spool.inbox / job_file.name)
        taken_at = wait_for(partial(_taken_at, daemon, job_file.name), within_s=60)
        if turn >= 2:
            taken_ms.append(1000 * (taken_at - dropped_at))
    return taken_ms


def _taken_at(daemon: Daemon, name: str) -> float | None:
    """When it was said that a drop is in the queue, which is after the commit."""
    for line in reversed(daemon.logged("drop.taken")):
        if line["drop"] == name:
            return datetime.fromisoformat(line["timestamp"]).timestamp()
    return None


def job_files(folder: Path) -> list[Path]:
    """Make job files with a picture each; the pictures come first."""
    content = picture(folder / "p.png").read_bytes()
    for turn in range(BURST):
        (folder / f"p{turn:04}.png").write_bytes(content)
        write(folder / f"j{turn:04}.yaml", _text(f"p{turn:04}.png"))
    return [*sorted(folder.glob("p????.png")), *sorted(folder.glob("j????.yaml"))]


def _text(image: str) -> str:
    return f"vqd: 1\nworkflow: image-scale\ninputs: {{image: {image}}}\n"


def _raw_s(folder: Path) -> float:
    """Time what no queue can leave out: a folder, two renames, two syncs, one durable commit."""
    inbox, active = folder / "inbox", folder / "active"
    for place in (inbox, active):
        place.mkdir(parents=True)
    for turn in range(RAW):
        (inbox / f"{turn}.png").touch()
        (inbox / f"{turn}.yaml").touch()
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE jobs (job TEXT PRIMARY KEY, plan TEXT)")
        began = time.perf_counter()
        for turn in range(RAW):
            (active / str(turn)).mkdir()
            for suffix in ("png", "yaml"):
                name = f"{turn}.{suffix}"
                (inbox / name).rename(active / str(turn) / name)
            for place in (active, inbox):
                _sync(place)
            connection.execute("INSERT INTO jobs VALUES (?, ?)", (str(turn), "x" * 500))
        return time.perf_counter() - began


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def accepted(daemon: Daemon) -> int:
    """Count the jobs that are in its queue, whole."""
    path = daemon.folder / "state" / "queue.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        asked = "SELECT count(*) FROM jobs WHERE state != 'assembling'"
        return int(connection.execute(asked).fetchone()[0])


def _answered_s(daemon: Daemon) -> float:
    """Steer the first job that is taken, while the others still come in."""
    active = daemon.spool.active
    first = wait_for(lambda: next(active.glob("[0-9]*"), None), within_s=60, what="the first job")
    began_at = time.monotonic()
    (first / "PRIORITY 80").touch()
    wait_for(lambda: any(first.glob("PRIORITY.done-*")), within_s=300, what="the answer")
    return time.monotonic() - began_at


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _pictures(inbox: Path) -> None:
    for number in range(FOLDERS):
        folder = inbox / f"shots{number:03}"
        folder.mkdir()
        for turn in range(FILES_EACH):
            (folder / f"{turn:03}.png").write_bytes(b"not yet")


@contextmanager
def a_daemon(folder: Path, **settings: object) -> Iterator[Daemon]:
    """Give one that runs, in a folder that is made for it."""
    folder.mkdir()
    daemon = Daemon(folder, settle_s=SETTLE_S, **settings).start()
    try:
        yield daemon
    finally:
        daemon.close()


def _pid(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.pid

"""The proof: what must be true of a spool, whatever was done to it. Each fault in plain words."""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tests.daemons import Daemon, manifest_of
from tests.soak.ledger import Ledger, token_in

_FAULTS_OF_VQD = (".failed", "store_unwritten")


def faults(daemon: Daemon, ledger: Ledger) -> list[str]:
    """Give everything that is not as it must be."""
    found = _Found(daemon)
    return [
        *_not_once(found, ledger),
        *_left_behind(found),
        *_lost_sources(found, ledger),
        *_bad_outputs(found),
        *_bad_queue(found, ledger),
        *_said_by_itself(daemon),
    ]


class _Found:
    """What lies in the spool at the end; every file is hashed once."""

    def __init__(self, daemon: Daemon) -> None:
        self.spool = daemon.spool
        self.store_path = daemon.folder / "state" / "queue.db"
        self.closed = {
            folder.name: folder
            for place in (self.spool.done, self.spool.failed)
            for folder in sorted(place.iterdir())
        }
        self.tokens: dict[str, list[Path]] = defaultdict(list)
        for folder in self.closed.values():
            token = token_in(folder)
            if token is not None:
                self.tokens[token].append(folder)
        files = (path for path in self.spool.root.rglob("*") if not path.is_symlink())
        self.sha256s: dict[Path, str] = {
            path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()
        }

    def shown(self, path: Path) -> str:
        return str(path.relative_to(self.spool.root))


def _not_once(found: _Found, ledger: Ledger) -> Iterator[str]:
    expected = {drop.token: drop for drop in ledger.expected}
    for token, drop in expected.items():
        if token not in found.tokens:
            where = "; it still lies in the inbox" if drop.path.exists() else ""
            yield f"{drop.kind} {token} is neither in done/ nor in failed/{where}"
    for token, folders in found.tokens.items():
        if len(folders) > 1:
            yield f"{token} came back {len(folders)} times: {', '.join(map(found.shown, folders))}"
    inputs = Counter(
        found.sha256s[path]
        for folder in found.closed.values()
        for path in folder.rglob("inputs/**/*")
        if path in found.sha256s
    )
    for sha256, kind in ledger.gathered.items():
        if inputs[sha256] != 1:
            yield f"{kind}: a file of a hot folder is an input of {inputs[sha256]} jobs"


def _left_behind(found: _Found) -> Iterator[str]:
    for path in sorted(found.spool.active.iterdir()):
        yield f"{found.shown(path)} was left behind"
    for folder in found.closed.values():
        for name in (".part", ".dropped"):
            if (folder / name).exists():
                yield f"{found.shown(folder)}/{name} was left behind"


def _lost_sources(found: _Found, ledger: Ledger) -> Iterator[str]:
    there = set(found.sha256s.values())
    for sha256, whose in ledger.kept:
        if sha256 not in there:
            yield f"a source of {whose} is gone (sha256 {sha256[:12]})"


def _bad_outputs(found: _Found) -> Iterator[str]:
    for folder in found.closed.values():
        lines = manifest_of(folder) if (folder / "manifest.jsonl").exists() else []
        where = found.shown(folder)
        for name in ("prompt", "output"):
            told = Counter(line[name] for line in lines)
            yield from (f"{where}: {name} {one} twice" for one, n in told.items() if n > 1)
        for line in lines:
            path = folder / line["output"]
            if found.sha256s.get(path) != line["sha256"]:
                yield f"{where}/{line['output']} is not what its manifest says"
            elif not _decodes(path):
                yield f"{where}/{line['output']} does not decode"
        pictures = set((folder / "outputs").rglob("*.png"))
        for extra in sorted(pictures - {folder / line["output"] for line in lines}):
            yield f"{found.shown(extra)} is in no manifest"
        if (folder.parent == found.spool.failed) != (folder / "WHY.txt").exists():
            yield f"{where}: WHY.txt belongs into failed/ and nowhere else"


def _decodes(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, UnidentifiedImageError):
        return False
    return True


def _bad_queue(found: _Found, ledger: Ledger) -> Iterator[str]:
    with closing(sqlite3.connect(found.store_path)) as connection:
        connection.row_factory = sqlite3.Row
        for check in ("integrity_check", "foreign_key_check"):
            answers = [tuple(row) for row in connection.execute(f"PRAGMA {check}")]
            if answers not in ([], [("ok",)]):
                yield f"{check} of the queue: {answers[:3]}"
        jobs = {row["job"]: row for row in connection.execute("SELECT * FROM jobs")}
        yield from _unlike_folders(found, ledger, jobs)
        for row in connection.execute(_COUNTED):
            yield f"{row['job']}: its counters say {row['told']} prompts, and it has {row['have']}"


_COUNTED = """
SELECT job, told, have FROM (
    SELECT job, printf('%d/%d/%d/%d', total, succeeded, failed, cancelled) AS told,
        (SELECT printf('%d/%d/%d/%d', count(*), total(state = 'succeeded'),
            total(state = 'failed'), total(state = 'cancelled'))
         FROM prompts WHERE prompts.job_key = jobs.job_key) AS have
    FROM jobs)
WHERE told != have
"""


def _unlike_folders(
    found: _Found, ledger: Ledger, jobs: Mapping[str, sqlite3.Row]
) -> Iterator[str]:
    for job, row in jobs.items():
        home = found.spool.done if row["state"] == "done" else found.spool.failed
        if row["state"] not in ("done", "failed", "cancelled"):
            yield f"{job} is still {row['state']} in the queue"
        elif job not in found.closed and job not in ledger.folders_moved:
            yield f"{job} is {row['state']} in the queue and has no folder"
        elif job in found.closed and found.closed[job].parent != home:
            yield f"{found.shown(found.closed[job])} is {row['state']} in the queue"
    for job in sorted(found.closed.keys() - jobs.keys()):
        yield f"{found.shown(found.closed[job])} is not in the queue"


def _said_by_itself(daemon: Daemon) -> Iterator[str]:
    for line in daemon.log:
        if line["event"].endswith(_FAULTS_OF_VQD):
            yield f"the daemon logged {line['event']}: {json.dumps(line)[:2000]}"
    for line in daemon.logged("daemon.stopped"):
        if line["exit_code"] != 0:
            yield f"the daemon stopped with {line['exit_code']}"

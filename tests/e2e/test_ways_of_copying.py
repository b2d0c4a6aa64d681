"""Every way in which people and tools put files into a folder, all at once, into one inbox.

Each is a shell script in the inbox, with `$from` the folder that is to arrive as the job `$job`: a
job file, a small picture and a large one (`big.png`).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, status_of
from tests.mounts import needs
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for

SLOW = 'slices=12; size=$(stat -c %s "$from/big.png"); slice=$((size / slices + 1)); '
SMALL = 'cp "$from/job.yaml" "$from/p1.png" "$job"; '
EACH_SLICE = "for at in $(seq 0 $((slices - 1))); do "
READ_SLICE = 'dd if="$from/big.png" bs=$slice skip=$at count=1 status=none'

WAYS = {
    "cp": 'cp -r "$from" "$job"',
    "cp-in-any-order": 'mkdir "$job"; '
    'for name in big.png job.yaml p1.png; do cp "$from/$name" "$job"; done',
    "mv": 'mv "$from" "$job"',
    "mv-across-file-systems": 'cp -r "$from" "$elsewhere/$job"; mv "$elsewhere/$job" .',
    "hard-links": 'cp -rl "$from" "$job"',
    "tar": 'mkdir "$job"; tar c -C "$from" . | tar x -C "$job"',
    "unzip": 'unzip -q "$from.zip" -d "$job"',
    "rsync": 'rsync -a --bwlimit=400 "$from/" "$job"',
    "rsync-in-place": 'rsync -a --inplace --bwlimit=400 "$from/" "$job"',
    "one-open-file-slowly": f'{SLOW} mkdir "$job"; {SMALL}'
    f'{{ {EACH_SLICE} {READ_SLICE}; sleep 0.15; done; }} >"$job/big.png"',
    "closed-and-opened-again": f'{SLOW} mkdir "$job"; {SMALL}'
    f'{EACH_SLICE} {READ_SLICE} >>"$job/big.png"; sleep 0.15; done',
    "full-size-first": f'{SLOW} mkdir "$job"; {SMALL} fallocate -l $size "$job/big.png"; '
    f'exec 3<>"$job/big.png"; {EACH_SLICE} {READ_SLICE} >&3; sleep 0.15; done',
    "full-size-first-and-closed": f'{SLOW} mkdir "$job"; {SMALL} truncate -s $size "$job/big.png"; '
    f'{EACH_SLICE} {READ_SLICE} of="$job/big.png" seek=$at conv=notrunc; '
    'touch -d 1980-01-01 "$job/big.png"; sleep 0.15; done',
    "times-of-tomorrow": 'cp -r "$from" "$elsewhere/$job"; touch -d tomorrow "$elsewhere/$job"/*; '
    'cp -rp "$elsewhere/$job" .',
    "moved-while-it-is-written": f'{SLOW} mkdir "$outside"; cp "$from/job.yaml" "$from/p1.png" '
    f'"$outside"; exec 3>"$outside/big.png"; {EACH_SLICE} {READ_SLICE} >&3; sleep 0.15; '
    'if [ $at = 3 ]; then mv "$outside" "$job"; fi; done',
    "job-file-first": 'mkdir "$job"; cp "$from/job.yaml" "$job"; sleep 1.5; '
    'cp "$from"/*.png "$job"',
    "job-file-last": 'mkdir "$job"; cp "$from"/*.png "$job"; sleep 1.5; cp "$from/job.yaml" "$job"',
}
TOOLS = {"unzip": "unzip", "rsync": "rsync", "rsync-in-place": "rsync"}


class Copies:
    """A daemon, and for each way the process that copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Longer than any of them, on a machine that does much else, is between two writes.
        self.daemon = Daemon(folder / "house", settle_s=3)
        memory = Path("/dev/shm")  # another file system, on every Linux
        self.elsewhere = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else folder))
        self.running: Mapping[str, subprocess.Popen[bytes]] = {}

    def begin(self) -> None:
        """Let everybody copy at once."""
        for way in WAYS:
            source = picture_job(self.folder / "from" / way, pictures=1)
            noise(source / "big.png")
        zipped = str(self.folder / "from" / "unzip")
        shutil.make_archive(zipped, "zip", zipped)
        self.daemon.start()
        self.running = {way: self.copy(way, script) for way, script in WAYS.items()}

    def copy(self, way: str, script: str) -> subprocess.Popen[bytes]:
        given = {
            "from": str(self.folder / "from" / way),
            "job": way,
            "elsewhere": str(self.elsewhere),
            "outside": str(self.folder / "outside"),
        }
        inbox = self.daemon.spool.inbox
        return subprocess.Popen(["bash", "-euc", script], cwd=inbox, env={**os.environ, **given})

    def taken(self, way: str) -> list[dict[str, Any]]:
        """What the log tells of the taking, an instant after the job may begin."""
        return [one for one in self.daemon.logged("drop.taken") if one["drop"] == way]

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait(60)
        self.daemon.close()
        shutil.rmtree(self.elsewhere)


def noise(path: Path) -> Path:
    """Write a picture that does not compress: 480 KB."""
    Image.frombytes("RGB", (400, 400), os.urandom(400 * 400 * 3)).save(path)
    return path


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    made = Copies(tmp_path_factory.mktemp("copies"))
    try:
        made.begin()
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=needs(*filter(None, [TOOLS.get(way)]))) for way in WAYS]
)
def test_a_job_is_taken_whole_and_once_however_it_comes(copies: Copies, way: str) -> None:
    assert copies.running[way].wait(90) == 0
    done = copies.daemon.wait_done(way)
    assert status_of(done)["counts"] == {
        **dict.fromkeys(("pending", "running", "failed", "cancelled", "kept"), 0),
        **dict.fromkeys(("total", "succeeded"), 2),
    }
    assert sorted(path.name for path in (done / "inputs").iterdir()) == ["big.png", "p1.png"]
    with Image.open(done / "inputs" / "big.png") as arrived:
        arrived.load()
    assert len(wait_for(lambda: copies.taken(way), within_s=60, what=f"the taking of {way}")) == 1


def test_what_is_dropped_stays_where_it_was_copied_from(copies: Copies) -> None:
    for way in ("cp", "tar", "rsync", "hard-links"):
        copies.daemon.wait_closed(way)
        assert sorted(path.name for path in (copies.folder / "from" / way).iterdir()) == [
            "big.png",
            "job.yaml",
            "p1.png",
        ]


EXPECTS = TWO_LINES + "inputs: {image: {glob: '*.png', expect: [p1.png, big.png]}}\n"
MARKED = TWO_LINES + "done_marker: READY\n"


@pytest.mark.parametrize(
    ("job", "job_file", "waits_for", "last"),
    [
        ("expects-names", EXPECTS, "big.png is not here yet", "big.png"),
        ("is-marked", MARKED, "READY is not here yet", "ready.txt"),
    ],
    ids=["expect", "done_marker"],
)
def test_a_job_that_says_what_it_waits_for_is_assembling_until_it_is_there(
    copies: Copies, job: str, job_file: str, waits_for: str, last: str
) -> None:
    daemon, folder = copies.daemon, copies.daemon.spool.inbox / job
    source = picture_job(copies.folder / "from" / job, pictures=1, job=job_file)
    noise(source / "big.png")
    write(source / "ready.txt", "")
    folder.mkdir()
    for name in {"job.yaml", "p1.png", "big.png"} - {last}:
        shutil.copy(source / name, folder)
    wait_for(lambda: f"{job}: assembling: job.yaml" in daemon.waiting, within_s=60)
    assert waits_for in daemon.waiting
    told = daemon.vqd("status").stdout
    assert f"{job}: assembling" in told
    assert waits_for in told
    shutil.copy(source / last, folder)
    done = daemon.wait_closed(job)
    assert status_of(done)["counts"]["succeeded"] == 2

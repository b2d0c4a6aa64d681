"""Many job files at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.process import peak_mb
from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture, picture_job
from tests.waiting import wait_for

DROPPED = 300


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that sends nothing to any server."""
    made = Daemon(tmp_path)
    made.spool.pause()
    yield made.start()
    made.close()


def test_hundreds_of_job_files_at_once_are_taken_once_each_and_steering_goes_on(
    daemon: Daemon, tmp_path: Path
) -> None:
    content = picture(tmp_path / "p.png").read_bytes()
    picture_job(tmp_path / "early").rename(daemon.spool.inbox / "early")
    (early,) = wait_for(
        lambda: [*daemon.spool.active.glob("*-early/STATUS.yaml")], within_s=60, what="a job"
    )
    for number in range(DROPPED):
        (daemon.spool.inbox / f"p{number}.png").write_bytes(content)
        text = f"vqd: 1\nworkflow: image-scale\ninputs: {{image: p{number}.png}}\n"
        write(tmp_path / "made" / f"j{number}.yaml", text)
    for number, path in enumerate((tmp_path / "made").iterdir()):
        if number == DROPPED // 2:  # however slow this goes, much is still to come
            (early.parent / "PRIORITY 80").touch()
        path.rename(daemon.spool.inbox / path.name)
    wait_for(lambda: len(daemon.logged("drop.taken")) > DROPPED, within_s=90, what="the last job")
    lines = [line for line in daemon.log if line["event"] in ("drop.taken", "steering.answered")]
    assert lines[-1]["event"] == "drop.taken"
    assert [line["event"] for line in lines].count("steering.answered") == 1
    _, *taken = (line for line in lines if line["event"] == "drop.taken")
    assert {line["drop"] for line in taken} == {f"j{number}.yaml" for number in range(DROPPED)}
    active = {path.name for path in daemon.spool.active.iterdir()}
    assert {line["job"] for line in taken} == active - {early.parent.name}
    assert all(
        (daemon.spool.active / str(line["job"]) / f"p{line['drop'][1:-5]}.png").is_file()
        for line in taken
    )
    assert len(taken) == DROPPED
    stayed = len(list(daemon.spool.inbox.glob("*.png")))
    assert stayed in (DROPPED, DROPPED - 1)  # with a job file that is the last there, all goes
    assert daemon.process is not None
    assert peak_mb(daemon.process.pid) < 150

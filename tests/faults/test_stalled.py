"""A node that hangs: it shows no progress and hears no interrupt."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.faults.rendering import assert_made_once, messages, outcomes
from tests.samples import TWO_LINES, picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

STALL_S = 4
HANGS = f"{TWO_LINES}params: {{size: 24x16}}\nretry: {{limit: 2}}\n"


@pytest.fixture
def daemon(tmp_path: Path, mortal: EngineProcess) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[mortal.url], stall_s=STALL_S)
    yield made
    made.close()


def drop(daemon: Daemon, name: str, job: str = TWO_LINES) -> None:
    made = picture_job(daemon.folder / "dropping" / name, pictures=1, job=job)
    made.rename(daemon.spool.inbox / name)


def let_go(fifo: Path, content: bytes) -> None:
    """Let whoever waits to read a fifo read what belongs there, and put it in its place."""
    with suppress(OSError), os.fdopen(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK), "wb") as writer:
        writer.write(content)
    whole = fifo.with_name("whole.part")
    whole.write_bytes(content)
    whole.replace(fifo)


def test_a_node_that_hangs_and_hears_no_interrupt_has_its_server_avoided_until_it_answers(
    daemon: Daemon, mortal: EngineProcess
) -> None:
    daemon.start()
    drop(daemon, "first")
    daemon.wait_done("first")
    (sent,) = (mortal.data_dir / "input").rglob("*.png")
    content = sent.read_bytes()
    sent.unlink()
    os.mkfifo(sent)
    drop(daemon, "hangs", HANGS)
    wait_for(lambda: outcomes(daemon)["stalled"], within_s=60, what="the end of patience")
    assert messages(daemon, "stalled")[0] == f"No progress for {STALL_S} s."
    wait_for(lambda: "avoided" in daemon.vqd("servers").stdout, within_s=60)
    let_go(sent, content)
    assert_made_once(daemon, daemon.wait_done("hangs"), 1)
    drop(daemon, "last")
    daemon.wait_done("last")
    assert outcomes(daemon)["succeeded"] == 3

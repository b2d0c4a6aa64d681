"""Storms of interrupts, a person's and vqd's own: what was meant is stopped, and nothing else."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.daemons import Daemon, manifest_of, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.faults.test_other_people import ended, theirs
from tests.faults.test_pause import drop, on
from tests.proxy import Proxy
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SLOW = """\
vqd: 1
workflow: image-scale
params: {method: lanczos}
fan_out: {matrix: {size: [1800x1800, 1790x1790, 1780x1780, 1770x1770]}}
"""
PROMPTS = 4


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    servers = [{"url": proxy.url, "name": "shared"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    yield made.start()
    made.close()


def interrupt(engine: EngineProcess, prompt_id: str | None = None) -> None:
    """Stop what runs, or a prompt if it runs, as ComfyUI's page does."""
    said = {"prompt_id": prompt_id} if prompt_id else {}
    requests.post(f"{engine.url}/interrupt", json=said, timeout=60).raise_for_status()


def test_a_person_who_interrupts_again_and_again_fails_what_runs_and_nothing_else(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    def is_over() -> Path | None:
        interrupt(engine)
        return daemon.closed("beach")

    drop(daemon, tmp_path, "beach", SLOW)
    wait_for(lambda: outcomes(daemon)["succeeded"], within_s=60)
    wait_for(is_over, within_s=60)
    folder = daemon.wait_closed("beach")
    counted = outcomes(daemon)
    assert folder.parent == daemon.spool.failed
    assert counted["interrupted"] >= 1
    assert counted["interrupted"] + counted["succeeded"] == PROMPTS == counted.total()
    assert len(manifest_of(folder)) == counted["succeeded"]
    assert "stopped on the server" in (folder / "WHY.txt").read_text().lower()
    folder.rename(daemon.spool.inbox / folder.name)
    assert_made_once(daemon, wait_for(lambda: in_done(daemon), within_s=60), PROMPTS)
    assert outcomes(daemon)["succeeded"] == PROMPTS


def in_done(daemon: Daemon) -> Path | None:
    return next(daemon.spool.done.glob("*-beach"), None)


def test_interrupts_that_are_meant_for_the_prompts_of_others_fail_none_of_ours(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    sent = theirs(engine, 6)
    drop(daemon, tmp_path, "beach", SLOW)

    def is_over() -> Path | None:
        for prompt_id in sent:
            interrupt(engine, prompt_id)
        return daemon.closed("beach")

    wait_for(is_over, within_s=90)
    assert_made_once(daemon, daemon.wait_closed("beach"), PROMPTS)
    assert outcomes(daemon) == {"succeeded": PROMPTS}
    assert "error" in {ended(engine)[prompt_id] for prompt_id in sent}


def test_a_storm_of_cancels_stops_no_prompt_of_others(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    sent: list[str] = []
    for turn in range(6):
        sent += theirs(engine, 1)
        name = f"turn{turn}"
        folder = drop(daemon, tmp_path, name, SLOW)
        wait_for(lambda: on(engine, "running") or on(engine, "pending"), within_s=60)
        if turn % 2:  # cancelled while it runs, or while it waits behind theirs
            wait_for(lambda: on(engine, "running"), within_s=60)
        (folder / "CANCEL").touch()
        closed = daemon.wait_closed(name)
        assert status_of(closed)["state"] == "cancelled"
        assert status_of(closed)["counts"]["failed"] == 0
    told = wait_for(lambda: all_ended(engine, sent), within_s=60)
    assert told == {"success": len(sent)}


def all_ended(engine: EngineProcess, sent: list[str]) -> Counter[str] | None:
    told = ended(engine)
    return Counter(told[one] for one in sent) if told.keys() >= {*sent} else None

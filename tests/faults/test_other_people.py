"""Somebody works on the same server by hand: their prompts are waited for, and left alone."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.daemons import Daemon, status_of
from tests.faults.rendering import assert_made_once, outcomes
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

RETRIED = "vqd: 1\nworkflow: image-scale\nretry: {timeout: 5s}\nparams: {size: 40x40}\n"


@pytest.fixture
def daemon(tmp_path: Path, engine: EngineProcess) -> Iterator[Daemon]:
    servers = [{"url": engine.url, "name": "shared"}]
    made = Daemon(tmp_path / "house", servers=servers, settle_s=0.1, stall_s=4)
    yield made
    made.close()


def their_graph(turn: int) -> dict[str, Any]:
    """A picture that takes a while."""
    empty = {"width": 1000 + turn, "height": 1000, "batch_size": 1, "color": 255}
    blur = {"blur_radius": 31, "sigma": 10.0}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], **blur}},
        "3": {"class_type": "ImageBlur", "inputs": {"image": ["2", 0], **blur}},
        "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
    }


def theirs(engine: EngineProcess, prompts: int) -> list[str]:
    """Send prompts as somebody else, and give their ids."""
    ids = [str(uuid.uuid4()) for _ in range(prompts)]
    for turn, prompt_id in enumerate(ids):
        asked = {"prompt": their_graph(turn), "prompt_id": prompt_id, "client_id": "them"}
        requests.post(f"{engine.url}/prompt", json=asked, timeout=60).raise_for_status()
    return ids


def ended(engine: EngineProcess) -> dict[str, str]:
    """Tell how every prompt in the history ended."""
    history = requests.get(f"{engine.url}/history", timeout=60).json()
    return {prompt_id: entry["status"]["status_str"] for prompt_id, entry in history.items()}


def active(daemon: Daemon, name: str) -> Path:
    return wait_for(lambda: next(daemon.spool.active.glob(f"*-{name}"), None), within_s=60)


def waits_for(folder: Path) -> list[str]:
    if not (folder / "STATUS.yaml").exists():
        return []
    return [one["step"] for one in status_of(folder)["running"] if one["step"]]


def test_their_prompts_are_waited_for_and_end_as_if_nobody_else_were_there(
    daemon: Daemon, engine: EngineProcess, tmp_path: Path
) -> None:
    daemon.start()
    daemon.wait_up()
    sent = theirs(engine, 8)
    for name in ("kept", "dropped"):
        picture_job(tmp_path / name, pictures=1, job=RETRIED).rename(daemon.spool.inbox / name)
    folder = active(daemon, "kept")
    said = wait_for(lambda: waits_for(folder), within_s=60, what="whose prompts it waits for")
    assert said[0].startswith("waits behind ")
    assert said[0].endswith(" of others")
    (active(daemon, "dropped") / "CANCEL").touch()
    assert daemon.wait_closed("dropped").parent == daemon.spool.failed
    daemon.kill()
    daemon.start()
    assert_made_once(daemon, daemon.wait_closed("kept"), 1)
    assert outcomes(daemon)["succeeded"] == 1
    assert not outcomes(daemon).keys() & {"stalled", "timed_out", "unreachable"}
    told = ended(engine)
    assert {told.get(prompt_id) for prompt_id in sent} == {"success"}

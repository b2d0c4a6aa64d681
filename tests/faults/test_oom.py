"""A server whose memory does not suffice: a prompt climbs the ladder of its workflow, or is tried
again and counted; prompts of others on that server go on."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of, status_of
from tests.faults.rendering import assert_made_once, entry_in, outcomes
from tests.faults.test_other_people import ended, theirs
from tests.proxy import PassOn, Proxy, Tamper, json_answer
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.definitions.shipped import shipped_folder
from vqd.engine.child import EngineProcess
from vqd.runner.share import FREE_BELIEVED_S

JOB = "vqd: 1\nworkflow: large\nparams: {size: 64x64}\nretry: {limit: 0}\n"
SMALLER = "{set: {size: 8x8}, mark: degraded}"


@pytest.fixture
def small(engine: EngineProcess) -> Iterator[Proxy]:
    with Proxy(engine.url) as made:
        yield made


@pytest.fixture
def big(engine: EngineProcess) -> Iterator[Proxy]:
    with Proxy(engine.url) as made:
        yield made


@pytest.fixture
def daemon(tmp_path: Path, small: Proxy) -> Iterator[Daemon]:
    servers = [{"url": small.url, "name": "small", "vram_gb": 8}]
    made = Daemon(tmp_path / "house", servers=servers, workflows=[str(tmp_path / "own")])
    yield made
    made.close()


def with_ladder(folder: Path, ladder: str) -> None:
    """Write a workflow `large` with such a ladder."""
    shipped = shipped_folder()
    told = (shipped / "image-scale.yaml").read_text(encoding="utf-8")
    definition = told.replace("name: image-scale", "name: large", 1)
    write(folder / "own" / "large.yaml", f"{definition}on_oom: [{ladder}]\n")
    graph = (shipped / "image-scale.json").read_text(encoding="utf-8")
    write(folder / "own" / "image-scale.json", graph)


def out_of_memory(pass_on: PassOn) -> bytes:
    """Let the server say of a prompt that is over that its memory did not suffice."""

    (prompt_id,) = entry_in(pass_on)
    error = {
        "node_id": "2",
        "node_type": "ImageScale",
        "exception_type": "torch.OutOfMemoryError",
        "exception_message": "Allocation on device",
    }
    status = {"status_str": "error", "completed": False, "messages": [["execution_error", error]]}
    return json_answer(json.dumps({prompt_id: {"status": status, "outputs": {}}}))


def drop(daemon: Daemon, folder: Path, *, pictures: int = 1) -> None:
    picture_job(folder / "beach", pictures=pictures, job=JOB).rename(daemon.spool.inbox / "beach")


def steps_of(folder: Path) -> list[str]:
    """The steps that a job's prompts took, by its log."""
    log = (folder / "log.txt").read_text(encoding="utf-8")
    return re.findall(r"Tried next: (.*)\.", log)


def test_memory_is_freed_then_the_values_are_smaller_and_what_is_made_is_marked(
    daemon: Daemon, small: Proxy, tmp_path: Path
) -> None:
    with_ladder(tmp_path, f"free_memory, {{route: {{vram_gb: 40}}}}, {SMALLER}")
    small.tampers("GET /history", out_of_memory, out_of_memory)
    daemon.start()
    drop(daemon, tmp_path)
    done = daemon.wait_closed("beach")
    assert done.parent == daemon.spool.done
    assert steps_of(done) == ["free_memory", "set size=8x8"]
    assert small.asked["POST /free"] == 1
    (line,) = manifest_of(done)
    with Image.open(done / line["output"]) as image:
        assert image.size == (8, 8)
    assert (line["mark"], line["params"]["size"], line["attempt"]) == ("degraded", "8x8", 3)
    sidecar = yaml.safe_load((done / f"{line['output']}.yaml").read_text(encoding="utf-8"))
    assert (sidecar["params"]["size"], sidecar["record"]["mark"]) == ("8x8", "degraded")
    assert "degraded" in (done / "report.html").read_text(encoding="utf-8")


def test_a_step_that_was_taken_is_not_taken_again_after_a_kill(
    daemon: Daemon, small: Proxy, tmp_path: Path
) -> None:
    def once_paused(pass_on: PassOn) -> bytes:
        (daemon.spool.root / "PAUSE").touch()
        threading.Event().wait(2 * FREE_BELIEVED_S)
        return out_of_memory(pass_on)

    with_ladder(tmp_path, f"free_memory, {SMALLER}")
    small.tampers("GET /history", once_paused, out_of_memory)
    daemon.start()
    drop(daemon, tmp_path)
    wait_for(lambda: daemon.logged("prompt.concluded"), within_s=60)
    daemon.kill()
    daemon.start()
    assert daemon.vqd("resume").returncode == 0
    done = daemon.wait_closed("beach")
    assert steps_of(done) == ["free_memory", "set size=8x8"]
    assert small.asked["POST /free"] == 1
    assert manifest_of(done)[0]["mark"] == "degraded"


def test_prompts_are_routed_to_the_server_that_has_more(
    daemon: Daemon, small: Proxy, big: Proxy, tmp_path: Path
) -> None:
    with_ladder(tmp_path, "{route: {vram_gb: 40}}")
    always: list[Tamper] = [out_of_memory] * 100
    small.tampers("GET /history", *always)
    settings = yaml.safe_load(daemon.settings.read_text(encoding="utf-8"))
    settings["servers"].append({"url": big.url, "name": "big", "vram_gb": 48})
    daemon.settings.write_text(yaml.safe_dump(settings), encoding="utf-8")
    daemon.start()
    daemon.wait_up(2)
    drop(daemon, tmp_path, pictures=6)
    done = daemon.wait_closed("beach")
    assert done.parent == daemon.spool.done
    lines = manifest_of(done)
    assert {line["server"] for line in lines} == {"big"}
    assert {line["attempt"] for line in lines} <= {1, 2}
    assert {*steps_of(done)} == {"route vram_gb=40"}
    assert {line["mark"] for line in lines} == {None}


def test_at_the_end_of_the_ladder_the_prompt_has_failed(
    daemon: Daemon, small: Proxy, tmp_path: Path
) -> None:
    with_ladder(tmp_path, "free_memory")
    small.tampers("GET /history", out_of_memory, out_of_memory)
    daemon.start()
    drop(daemon, tmp_path)
    failed = daemon.wait_closed("beach")
    assert failed.parent == daemon.spool.failed
    assert status_of(failed)["counts"]["failed"] == 1
    assert "out_of_memory" in (failed / "WHY.txt").read_text(encoding="utf-8")
    assert steps_of(failed) == ["free_memory"]


def theirs_behind(small: Proxy, engine: EngineProcess) -> list[str]:
    """Send prompts as somebody else once ours is there: it is tried again behind them."""
    wait_for(lambda: small.asked["POST /prompt"], within_s=60)
    return theirs(engine, 3)


@pytest.mark.parametrize("limit", [1, 0], ids=["tried again", "not tried again"])
def test_without_a_ladder_it_is_tried_again_as_often_as_the_job_allows_and_others_go_on(
    daemon: Daemon, small: Proxy, engine: EngineProcess, tmp_path: Path, limit: int
) -> None:
    small.tampers("GET /history", out_of_memory)
    daemon.start()
    daemon.wait_up()
    job = f"vqd: 1\nworkflow: image-scale\nretry: {{limit: {limit}}}\n"
    picture_job(tmp_path / "beach", pictures=1, job=job).rename(daemon.spool.inbox / "beach")
    sent = theirs_behind(small, engine)
    folder = daemon.wait_closed("beach")
    if limit:
        assert_made_once(daemon, folder, 1)
        assert manifest_of(folder)[0]["attempt"] == 2
    else:
        assert "out_of_memory" in (folder / "WHY.txt").read_text(encoding="utf-8")
    assert outcomes(daemon) == +Counter(out_of_memory=1, succeeded=limit)
    assert "POST /free" not in small.asked
    wait_for(lambda: ended(engine).keys() >= {*sent}, within_s=60, what="the end of theirs")
    assert {ended(engine)[prompt_id] for prompt_id in sent} == {"success"}


def test_memory_that_is_freed_between_the_prompts_of_others_costs_them_nothing(
    daemon: Daemon, small: Proxy, engine: EngineProcess, tmp_path: Path
) -> None:
    with_ladder(tmp_path, "free_memory")
    small.tampers("GET /history", out_of_memory)
    daemon.start()
    daemon.wait_up()
    drop(daemon, tmp_path)
    sent = theirs_behind(small, engine)
    assert_made_once(daemon, daemon.wait_closed("beach"), 1)
    assert outcomes(daemon) == {"out_of_memory": 1, "succeeded": 1}
    assert small.asked["POST /free"] == 1
    wait_for(lambda: ended(engine).keys() >= {*sent}, within_s=60, what="the end of theirs")
    assert {ended(engine)[prompt_id] for prompt_id in sent} == {"success"}

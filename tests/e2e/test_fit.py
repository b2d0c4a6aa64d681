"""Two engines that do not have the same: each gets what it can carry out, and the rest waits."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.daemons import Daemon, manifest_of, status_of
from tests.ports import lasting_port
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SIZES = "fan_out: {matrix: {size: [16x16, 20x20, 24x24, 28x28]}}"
MANY_LOOKS = 99
LACKING = "waiting: node class ImageScale on no server (did you mean ImageScaleBy?)"
NO_CLASS = {
    "type": "invalid_prompt",
    "message": "Cannot execute because node ImageScale does not exist.",
    "details": "Node ID '#3'",
}
NO_CLASS_LATER = {
    "type": "missing_node_type",
    "message": "Node 'Resize' not found. The custom node may not be installed.",
    "details": "Node ID '#3'",
    "extra_info": {"node_id": "3", "class_type": "ImageScale", "node_title": "Resize"},
}
"""How ComfyUI 0.3.64 and 0.33.0 say it (execution.py, validate_prompt)."""


class Farm:
    """Two engines, each behind what tells of its nodes what a test wants."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.engines: dict[str, EngineProcess] = {}
        self.proxies: dict[str, Proxy] = {}
        for name in ("gpu1", "gpu2"):
            engine = self.engines[name] = EngineProcess(folder / name, port=lasting_port())
            closing.callback(engine.stop)
            engine.start()
            self.proxies[name] = closing.enter_context(Proxy(engine.url))
        servers: Any = [{"name": name, "url": one.url} for name, one in self.proxies.items()]
        self.daemon = Daemon(folder / "house", servers=servers, settle_s=0.1)
        closing.callback(self.daemon.close)

    def lacks(self, name: str, node_class: str) -> None:
        """Let a server tell of all its node classes but one."""
        told = requests.get(f"{self.engines[name].url}/object_info", timeout=30).json()
        del told[node_class]
        text = json.dumps(told)

        def tell(_: PassOn) -> bytes:
            return json_answer(text)

        self.proxies[name].tampers("GET /object_info", *[tell] * MANY_LOOKS)

    def gains(self, name: str) -> None:
        """Let a server tell of all that it has, when it is connected to again."""
        for route in ("GET /object_info", "POST /prompt"):
            self.proxies[name].tampers(route)
        self.proxies[name].hang_up()

    def refuses(self, name: str, error: Mapping[str, Any]) -> None:
        """Let a server refuse a prompt, and each after it, with an error."""
        text = json.dumps({"error": error, "node_errors": {}})

        def refuse(_: PassOn) -> bytes:
            return json_answer(text).replace(b"200 OK", b"400 Bad Request")

        self.proxies[name].tampers("POST /prompt", *[refuse] * MANY_LOOKS)

    def wait_learned(self) -> None:
        looks = self.daemon.logged
        wait_for(lambda: len(looks("catalogue.learned")) >= 2, within_s=60, what="both catalogues")

    def drop(self, name: str, *lines: str, pictures: int = 2) -> None:
        text = "\n".join(["vqd: 1", "workflow: image-scale", *lines, ""])
        job = picture_job(self.daemon.folder / "dropping" / name, pictures=pictures, job=text)
        job.rename(self.daemon.spool.inbox / name)

    def wait_held(self, name: str, said: str) -> Path:
        """Wait until a job's status begins so; gives its folder."""

        def held() -> Path | None:
            for folder in self.daemon.spool.active.glob(f"*-{name}"):
                if (folder / "STATUS.yaml").exists():
                    reason = status_of(folder)["reason"] or ""
                    return folder if reason.startswith(said) else None
            return None

        return wait_for(held, within_s=60, what=f"{said!r} in {name}")


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    with ExitStack() as closing:
        yield Farm(tmp_path, closing)


def servers_of(folder: Path) -> set[str]:
    return {line["server"] for line in manifest_of(folder)}


def test_a_job_goes_to_the_engine_alone_that_has_its_nodes_and_waits_for_it_when_it_is_down(
    farm: Farm,
) -> None:
    farm.lacks("gpu1", "ImageScale")
    farm.daemon.start()
    farm.wait_learned()
    farm.drop("one", SIZES)
    done = farm.daemon.wait_closed("one")
    assert (done.parent, servers_of(done)) == (farm.daemon.spool.done, {"gpu2"})
    farm.engines["gpu2"].stop()
    farm.drop("two", pictures=1)
    farm.wait_held("two", "waits for server gpu2, which is down since ")
    assert "waits for server gpu2" in farm.daemon.vqd("explain", "two").stdout
    farm.engines["gpu2"].start()
    done = farm.daemon.wait_closed("two")
    assert (done.parent, servers_of(done)) == (farm.daemon.spool.done, {"gpu2"})


def test_a_job_that_no_engine_can_carry_out_waits_and_starts_by_itself_when_one_can(
    farm: Farm,
) -> None:
    for name in farm.engines:
        farm.lacks(name, "ImageScale")
    farm.daemon.start()
    farm.wait_learned()
    farm.drop("one")
    farm.wait_held("one", LACKING)
    assert LACKING in farm.daemon.vqd("status").stdout
    farm.daemon.kill()
    farm.daemon.start()
    farm.wait_held("one", LACKING)
    farm.gains("gpu2")
    done = farm.daemon.wait_closed("one")
    assert (done.parent, servers_of(done)) == (farm.daemon.spool.done, {"gpu2"})
    assert not farm.proxies["gpu1"].asked["POST /prompt"]


@pytest.mark.parametrize("error", [NO_CLASS, NO_CLASS_LATER])
def test_a_job_waits_for_what_the_engines_have_lost_since_they_were_looked_at(
    farm: Farm, error: Mapping[str, Any]
) -> None:
    farm.daemon.start()
    farm.wait_learned()
    for name in farm.engines:
        farm.lacks(name, "ImageScale")
        farm.refuses(name, error)
    farm.drop("one", pictures=1)
    held = farm.wait_held("one", LACKING)
    assert status_of(held)["counts"]["failed"] == 0
    farm.gains("gpu1")
    done = farm.daemon.wait_closed("one")
    assert (done.parent, servers_of(done)) == (farm.daemon.spool.done, {"gpu1"})

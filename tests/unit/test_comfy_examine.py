"""A server is asked what it is, how it is and what time it has; what it answers is judged."""

import socket
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy.examine import examine_server
from vqd.domain.catalogue import NodeClass
from vqd.domain.finding import Finding, Level

EDIT = "nano vqd.yaml"
STATS = {
    "system": {"comfyui_version": "0.3.64"},
    "devices": [{"name": "gpu", "type": "cuda", "vram_total": 24 << 30, "vram_free": 1}],
}
CLASSES = {"KSampler": {"input": {"required": {"steps": ["INT", {"default": 20}]}}}}


class Examined:
    """What was found of a server, and which classes it told."""

    def __init__(self, url: str) -> None:
        self.classes: Mapping[str, NodeClass] = {}
        self.found: list[Finding] = [
            *examine_server(url, headers={}, ca_file=None, edit=EDIT, learned=self._learn)
        ]

    def _learn(self, classes: Mapping[str, NodeClass]) -> None:
        self.classes = classes

    @property
    def faults(self) -> dict[str, Finding]:
        return {one.code: one for one in self.found if one.level is not Level.OK}


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with StrangeServer() as made:
        made.answers("GET /system_stats", Answer(body=STATS))
        made.answers("GET /prompt", at(time.time()))
        made.answers("GET /internal/logs/raw", Answer(body={"entries": []}))
        made.answers("GET /object_info", Answer(body=CLASSES))
        yield made


def at(now: float, **more: Any) -> Answer:
    headers = {"Date": formatdate(now, usegmt=True)}
    return Answer(body={"exec_info": {"queue_remaining": 0}}, headers=headers, **more)


def test_a_server_that_is_well_tells_what_it_is_and_has(server: StrangeServer) -> None:
    examined = Examined(server.url)
    assert [one.said for one in examined.found] == [
        "ComfyUI 0.3.64, 24 GB of VRAM",
        "its clock agrees with this machine's",
    ]
    assert list(examined.classes) == ["KSampler"]
    assert {asked.method for asked in server.asked} == {"GET"}


def test_the_memory_of_a_server_without_a_card_is_not_told_as_vram(server: StrangeServer) -> None:
    devices = [{"name": "cpu", "type": "cpu", "vram_total": 24 << 30, "vram_free": 1}]
    server.answers("GET /system_stats", Answer(body={**STATS, "devices": devices}))
    assert Examined(server.url).found[0].said == "ComfyUI 0.3.64"


@pytest.mark.parametrize(("off_s", "said"), [(3600, "60 min ahead of"), (-7200, "2 h behind")])
def test_a_clock_that_is_off_is_told_by_how_much(
    server: StrangeServer, off_s: float, said: str
) -> None:
    server.answers("GET /prompt", at(time.time() + off_s))
    found = Examined(server.url).faults["clocks_apart"]
    assert found.level is Level.WARN
    assert said in found.said
    assert found.cure[0] == "sudo timedatectl set-ntp true"


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2026 25:00:00 GMT"])
def test_a_server_that_tells_no_time_is_not_blamed(server: StrangeServer, date: str) -> None:
    headers = {"Date": date} if date else {}
    server.answers("GET /prompt", Answer(body={"exec_info": {}}, headers=headers))
    assert Examined(server.url).faults == {}


def test_a_server_that_is_not_there_is_to_be_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = Examined(f"http://127.0.0.1:{port}").faults["unreachable"]
    assert found.level is Level.WRONG
    assert "Connection refused" in found.said
    why = "or start ComfyUI there by hand: python main.py --listen"
    assert found.cure == (f"sudo systemctl restart comfyui  # {why}",)


def test_a_page_in_its_place_asks_for_the_settings(server: StrangeServer) -> None:
    page = Answer(body=b"<html><title>Sign in</title>", content_type="text/html")
    server.answers("GET /system_stats", page)
    found = Examined(server.url).faults["not_comfyui"]
    assert 'a page ("Sign in") instead of data' in found.said
    assert found.cure == (
        f"curl -sSi -m 10 {server.url}/system_stats | head -20  # what answers there",
        EDIT,
    )


def test_a_server_whose_thread_died_is_to_be_restarted(server: StrangeServer) -> None:
    log = "Exception in thread Thread-1 (prompt_worker):"
    server.answers("GET /internal/logs/raw", Answer(body={"entries": [{"m": log}]}))
    found = Examined(server.url).faults["server_dead_inside"]
    assert found.level is Level.WRONG
    assert found.cure[0].startswith("sudo systemctl restart comfyui")


def test_a_server_elsewhere_is_mended_there() -> None:
    found = Examined("http://gpu.invalid:8188").faults["unreachable"]
    assert found.cure[1].startswith("ssh gpu.invalid sudo systemctl restart comfyui")


def test_a_url_that_holds_a_secret_is_refused_without_it() -> None:
    (found,) = Examined("http://ann:hunter2@gpu1:8188").found
    assert found.code == "bad_server_url"
    assert "hunter2" not in found.said
    assert found.cure == (EDIT,)

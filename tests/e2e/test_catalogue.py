"""What the daemon learns of its servers, and what it makes of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.daemons import Daemon
from tests.samples import TWO_LINES, picture_job
from tests.strange_server import Answer, Asked, StrangeServer, Talk
from tests.waiting import wait_for
from vqd.definitions.check import check
from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.store.catalogue import CatalogueRows
from vqd.store.store import StoreReader

SCALE = {
    "input": {
        "required": {
            "image": ["IMAGE"],
            "upscale_method": [["Nearest", "LANCZOS"], {}],
            "width": ["INT", {"min": 0, "max": 16384}],
            "height": ["INT", {"min": 0, "max": 16384}],
            "crop": ["COMBO", {"options": ["disabled", "center"]}],
        }
    },
    "output": ["IMAGE"],
}
CLASSES = {"ImageScale": SCALE, "LoadImage": {"input": {}}, "SaveImage": {"input": {}}}
REFUSAL = {"error": {"type": "invalid_prompt", "message": "not here"}, "node_errors": {}}


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    """A server with three classes, that refuses every prompt."""
    with StrangeServer() as server:
        server.answers("GET /ws", Answer(talk=_greet))
        server.answers("GET /object_info", Answer(body=CLASSES))
        server.answers("POST /upload/image", Answer(body={"name": "a.png", "subfolder": "vqd"}))
        server.answers("POST /prompt", Answer(400, REFUSAL))
        yield server


def _greet(talk: Talk) -> None:
    talk.say("status", status={"exec_info": {"queue_remaining": 0}}, sid="s")
    talk.hear_out()


@contextmanager
def catalogue_of(daemon: Daemon) -> Iterator[CatalogueRows]:
    """What the daemon knows of its servers, read beside it."""
    with (
        closing(StoreReader(daemon.folder / "state" / "queue.db")) as reader,
        reader.reading() as session,
    ):
        yield session.catalogue


def scaling_in(sent: Asked) -> dict[str, Any]:
    """The inputs of the node that scales, in a prompt that was sent."""
    nodes = sent.json["prompt"].values()
    found: dict[str, Any] = next(one for one in nodes if one["class_type"] == "ImageScale")
    return dict(found["inputs"])


def wait_learned(daemon: Daemon, servers: int = 1) -> list[dict[str, Any]]:
    return wait_for(
        lambda: learned if len(learned := daemon.logged("catalogue.learned")) >= servers else None,
        within_s=60,
        what="the catalogue",
    )


def test_the_built_in_engines_classes_are_known_and_model_free_workflows_fit_it(
    daemon: Daemon,
) -> None:
    daemon.start()
    (learned,) = wait_learned(daemon)
    definitions = Definitions([shipped_folder()])
    free = [definitions.get(name) for name in ("image-convert", "image-scale", "video-scale")]
    with catalogue_of(daemon) as catalogue:
        names = catalogue.class_names("builtin")
        assert [check(one, catalogue).able for one in free] == [("builtin",)] * 3
    assert learned["classes"] == learned["changed"] == len(names)
    assert {"LoadImage", "ImageScale", "SaveImage"} <= set(names)


def test_a_choice_is_sent_in_the_servers_own_spelling(
    strange: StrangeServer, tmp_path: Path
) -> None:
    daemon = Daemon(tmp_path / "house", servers=[strange.url], settle_s=0.1)
    try:
        daemon.start()
        wait_learned(daemon)
        picture_job(tmp_path / "one", pictures=1, job=TWO_LINES).rename(daemon.spool.inbox / "one")
        daemon.wait_closed("one")
    finally:
        daemon.close()
    (sent,) = strange.requests("POST /prompt")
    inputs = scaling_in(sent)
    assert (inputs["upscale_method"], inputs["crop"]) == ("LANCZOS", "center")


def test_a_prompt_refused_before_the_spelling_was_known_is_sent_again_in_it(
    strange: StrangeServer, tmp_path: Path
) -> None:
    told = Event()
    strange.answers("GET /object_info", Answer(body=CLASSES, after=told))
    daemon = Daemon(tmp_path / "house", servers=[strange.url], settle_s=0.1)
    try:
        daemon.start()
        picture_job(tmp_path / "one", pictures=1, job=TWO_LINES).rename(daemon.spool.inbox / "one")
        wait_for(lambda: strange.requests("POST /prompt"), within_s=60, what="the first refusal")
        told.set()
        daemon.wait_closed("one")
    finally:
        told.set()
        daemon.close()
    assert [scaling_in(sent)["upscale_method"] for sent in strange.requests("POST /prompt")] == [
        "lanczos",
        "LANCZOS",
    ]


def test_each_server_keeps_classes_of_its_own(strange: StrangeServer, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "house", servers=["builtin", strange.url])
    try:
        daemon.start()
        wait_learned(daemon, servers=2)
    finally:
        daemon.close()
    with catalogue_of(daemon) as catalogue:
        assert set(catalogue.servers()) == {"builtin", strange.url}
        assert catalogue.class_names(strange.url) == tuple(CLASSES)
        here, there = (
            catalogue.node_class(server, "ImageScale") for server in ("builtin", strange.url)
        )
    assert here is not None
    assert there is not None
    assert "lanczos" in (here.inputs["upscale_method"].options or ())
    assert there.inputs["upscale_method"].options == ("Nearest", "LANCZOS")

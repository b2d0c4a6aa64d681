"""Workflows and what the store has of the servers."""

from pathlib import Path
from typing import Any

from tests.builders import NOW
from vqd.service.workflows import Workflows, WorkflowView
from vqd.store.learning import learn
from vqd.store.store import Store, StoreReader

LOAD = {"input": {"required": {"image": [[], {"image_upload": True}]}}, "output": ["IMAGE"]}
SAVE = {
    "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING"]}},
    "output_node": True,
}


def scale(**width: Any) -> dict[str, Any]:
    required = {
        "image": ["IMAGE"],
        "upscale_method": [["lanczos", "bicubic", "area", "bilinear", "nearest-exact"]],
        "width": ["INT", width],
        "height": ["INT", {}],
        "crop": [["disabled", "center"]],
    }
    return {"input": {"required": required}, "output": ["IMAGE"]}


def tell(store: Store, server: str, sha: str, scaling: dict[str, Any]) -> None:
    classes = {"LoadImage": LOAD, "ImageScale": scaling, "SaveImage": SAVE}
    learn(store, server, sha * 64, classes.items, now=NOW)


def seen(store: StoreReader) -> WorkflowView:
    return Workflows([], store).get("image-scale")


def test_before_a_daemon_ran_nothing_is_known_of_servers(tmp_path: Path) -> None:
    assert seen(StoreReader(tmp_path / "none.db")).state == "unknown"


def test_a_workflow_is_judged_by_what_the_store_has_of_each_server(store: Store) -> None:
    tell(store, "gpu1", "a", scale(max=16384))
    tell(store, "gpu2", "b", scale(max=16))
    view = seen(store)
    assert (view.state, view.able) == ("ok", ("gpu1",))
    assert {problem.code for problem in view.servers["gpu2"].faults} == {"out_of_range"}


def test_a_workflow_that_fits_no_server_is_nowhere(store: Store) -> None:
    tell(store, "gpu1", "a", scale(max=16))
    assert seen(store).state == "nowhere"


def test_a_signature_that_changed_is_drift_on_its_server_alone(store: Store) -> None:
    for server in ("gpu1", "gpu2"):
        tell(store, server, "a", scale(max=16384))
    tell(store, "gpu2", "b", scale(max=8192))
    ((server, (drift,)),) = seen(store).drift.items()
    assert (server, drift.code) == ("gpu2", "drifted")
    assert drift.said == "was INT, required, max 16384, and is INT, required, max 8192."

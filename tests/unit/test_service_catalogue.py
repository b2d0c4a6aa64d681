"""Workflows against the catalogue in the store."""

from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW
from vqd.definitions.load import Definitions
from vqd.definitions.shipped import shipped_folder
from vqd.domain.workflow import Workflow
from vqd.service.catalogue import check_workflow
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


@pytest.fixture
def workflow() -> Workflow:
    return Definitions([shipped_folder()]).get("image-scale")


def tell(store: Store, server: str, sha: str, scaling: dict[str, Any]) -> None:
    classes = {"LoadImage": LOAD, "ImageScale": scaling, "SaveImage": SAVE}
    learn(store, server, sha * 64, classes.items, now=NOW)


def test_before_a_daemon_ran_nothing_is_known(tmp_path: Path, workflow: Workflow) -> None:
    assert check_workflow(StoreReader(tmp_path / "none.db"), workflow).is_unknown


def test_a_workflow_is_judged_by_what_the_store_has_of_each_server(
    store: Store, workflow: Workflow
) -> None:
    tell(store, "gpu1", "a", scale(max=16384))
    tell(store, "gpu2", "b", scale(max=16))
    checked = check_workflow(store, workflow)
    assert checked.able == ("gpu1",)
    assert {problem.code for problem in checked.servers["gpu2"].faults} == {"out_of_range"}


def test_a_signature_that_changed_is_drift_on_its_server_alone(
    store: Store, workflow: Workflow
) -> None:
    for server in ("gpu1", "gpu2"):
        tell(store, server, "a", scale(max=16384))
    tell(store, "gpu2", "b", scale(max=8192))
    checked = check_workflow(store, workflow)
    assert checked.servers["gpu1"].drift == ()
    (drift,) = checked.servers["gpu2"].drift
    assert drift.code == "drifted"
    assert drift.said == "was INT, required, max 16384, and is INT, required, max 8192."

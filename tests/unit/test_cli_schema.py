"""vqd schema, as somebody types it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.builders import NOW, write
from tests.unit.test_json_schemas import GRAPH, TEXT_TO_IMAGE
from vqd.cli.app import vqd
from vqd.cli.codes import EXIT_FAULTS
from vqd.documents.json_schema import DIALECT
from vqd.store.learning import learn
from vqd.store.store import Store


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings with a workflow of the house and no queue yet."""
    write(tmp_path / "workflows" / "t2i.yaml", TEXT_TO_IMAGE)
    write(tmp_path / "workflows" / "t2i.json", json.dumps(GRAPH))
    return write(tmp_path / "vqd.yaml", "spool: spool\nstate_dir: state\nworkflows: [workflows]\n")


def run(*words: str) -> Result:
    return CliRunner().invoke(vqd, ["schema", *words])


def printed(*words: str) -> dict[str, Any]:
    done = run(*words)
    assert done.exit_code == 0, done.output
    read = json.loads(done.stdout)
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize(
    ("kind", "key"),
    [("job", "fan_out"), ("workflow", "graph"), ("settings", "rescan_s"), ("status", "counts")],
)
def test_each_kind_is_printed_without_any_settings(kind: str, key: str) -> None:
    schema = printed(kind)
    assert schema["$schema"] == DIALECT
    assert key in schema["properties"]


def test_a_workflow_of_the_settings_is_told_before_the_daemon_ever_ran(settings: Path) -> None:
    schema = printed("job", "--workflow", "t2i", "--settings", str(settings))
    assert schema["properties"]["params"]["properties"].keys() == {"model", "sampler"}
    assert not (settings.parent / "state").exists()


def test_a_workflow_is_told_with_what_the_servers_offer(settings: Path) -> None:
    (settings.parent / "state").mkdir()
    store = Store(settings.parent / "state" / "queue.db")
    told = {"KSampler": {"input": {"required": {"sampler_name": [["euler", "heun"], {}]}}}}
    learn(store, "gpu1", "a" * 64, told.items, now=NOW)
    store.close()
    schema = printed("job", "--workflow", "t2i", "--settings", str(settings))
    sampler = schema["properties"]["params"]["properties"]["sampler"]
    assert sampler["anyOf"][0] == {"enum": ["euler", "heun"]}


def test_an_unknown_workflow_is_told_with_the_nearest(settings: Path) -> None:
    done = run("job", "--workflow", "t2j", "--settings", str(settings))
    assert done.exit_code == EXIT_FAULTS
    assert "Did you mean t2i?" in done.stderr


def test_a_workflow_goes_with_jobs_alone(settings: Path) -> None:
    done = run("settings", "--workflow", "t2i", "--settings", str(settings))
    assert done.exit_code == 2
    assert "vqd schema job" in done.stderr

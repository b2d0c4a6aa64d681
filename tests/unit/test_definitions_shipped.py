"""The shipped definitions: sound, and each runs from a two-line job."""

from pathlib import Path

import pytest

from vqd.definitions.load import Definitions
from vqd.domain.jobspec import FoundInputs, Given, InputFile, JobSpec
from vqd.planning.expand import plan

FOLDER = Path(__file__).parents[2] / "workflows"
SHIPPED = Definitions([FOLDER])


def test_the_model_free_workflows_are_shipped() -> None:
    assert {"image-convert", "image-scale", "video-scale"} <= {*SHIPPED.names()}


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_definition_has_no_fault(name: str) -> None:
    assert [str(problem) for problem in SHIPPED.problems(name)] == []


@pytest.mark.parametrize("name", SHIPPED.names())
def test_a_shipped_default_is_what_its_graph_has(name: str) -> None:
    workflow = SHIPPED.get(name)
    for param in workflow.params.values():
        assert param.default is not None
        for target, value in param.edits(param.default).items():
            assert workflow.graph.nodes[target.node]["inputs"][target.input] == value


@pytest.mark.parametrize("name", SHIPPED.names())
def test_two_lines_and_a_file_are_a_job(name: str) -> None:
    workflow = SHIPPED.get(name)
    spec = JobSpec("job.yaml", Given(name, "workflow"))
    files = {
        slot.name: (InputFile(f"a{slot.extensions[0]}", 1),) for slot in workflow.inputs.values()
    }
    planned = plan(spec, workflow, FoundInputs(files), job="j", created_at=0.0)
    (prompt,) = planned.prompts()
    assert (planned.plan.total, prompt.stem) == (1, "a")
    assert planned.plan.outputs[0].prefix_input == "filename_prefix"

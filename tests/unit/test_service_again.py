"""What of a job that comes back need not be made again."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import A_GRAPH, NOW, a_plan, write
from vqd.domain.graph import Target
from vqd.domain.job import ExpectedOutput, InputBind, PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import PromptState
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import Prompt, PromptKey
from vqd.domain.recipe import Recipes
from vqd.domain.schedule import Schedule
from vqd.service.again import Again, Stopped
from vqd.spool.manifest import MANIFEST, add_lines, lines_of, opened
from vqd.spool.signs import Signs, mtime

BINDS = {"image": InputBind("image", (".png",), (Target("1", "image"),))}
PLAN = a_plan(3, inputs=BINDS)


def a_job(*widths: int, stems: tuple[str, ...] = (), **changes: object) -> PlannedJob:
    """A job of one picture at several widths."""

    def prompts() -> Iterator[PlannedPrompt]:
        for number, width in enumerate(widths, 1):
            yield PlannedPrompt(
                number=number,
                graph=A_GRAPH,
                edits={Target("1", "width"): width},
                inputs={"image": "cat.png"},
                params={"width": width},
                seed=None,
                stem=stems[number - 1] if stems else f"w{width}",
            )

    return PlannedJob(replace(PLAN, total=len(widths), **changes), prompts)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a job in which the widths 8, 16 and 24 were made."""
    made = tmp_path / "job"
    write(made / "inputs" / "cat.png", "a cat")
    return make(made, a_job(8, 16, 24))


def make(folder: Path, planned: PlannedJob) -> Path:
    recipes, signs = Recipes(planned.plan), Signs(folder)
    cat = read(folder / "inputs" / "cat.png")
    for prompt in planned.prompts():
        path = write(folder / "outputs" / f"{prompt.stem}.png", f"made {prompt.stem}")
        file = read(path)
        name = str(path.relative_to(folder))
        output = OutputFile(
            "image", name, "image", file.sha256, file.bytes, 8, 8, modified_at=file.modified_at
        )
        key = recipes.of(A_GRAPH.sha256, A_GRAPH.nodes, prompt.edits, {"image": cat})
        add_lines(folder, lines_of(succeeded(prompt, output, cat), planned.plan, key, signs))
    return folder


def succeeded(prompt: PlannedPrompt, output: OutputFile, cat: ReadFile) -> Prompt:
    return Prompt(
        key=PromptKey(1, prompt.number),
        state=PromptState.SUCCEEDED,
        graph_sha256=A_GRAPH.sha256,
        edits=prompt.edits,
        inputs=prompt.inputs,
        params=prompt.params,
        seed=None,
        stem=prompt.stem,
        attempt=2,
        strikes=0,
        prompt_id="p",
        server="gpu1",
        claimed_at=NOW,
        ended_at=NOW + 1,
        seconds=0.5,
        failure_code=None,
        failure_message=None,
        outputs=(output,),
        files={"image": cat},
    )


def read(path: Path) -> ReadFile:
    content = path.read_bytes()
    return ReadFile(hashlib.sha256(content).hexdigest(), len(content), mtime(path.stat()))


def kept(folder: Path, planned: PlannedJob) -> dict[int, str]:
    """For each prompt that is kept what it made."""
    with opened(folder) as manifest:
        again = Again(planned, folder, manifest, now=NOW)
        prompts = list(again.planned.prompts())
    made = {one.number: one.made.outputs[0].path for one in prompts if one.made is not None}
    assert set(made.values()) == again.paths
    assert len(made) == again.kept
    return made


def why(folder: Path, planned: PlannedJob) -> list[str]:
    with opened(folder) as manifest:
        return [said for _, said in Again(planned, folder, manifest, now=NOW).to_run()]


def test_what_was_made_is_kept_under_whatever_number(folder: Path) -> None:
    assert kept(folder, a_job(24, 40, 8)) == {1: "outputs/w24.png", 3: "outputs/w8.png"}
    assert why(folder, a_job(24, 40, 8)) == ["not made before"]


def test_what_it_was_made_of_and_how_is_told_with_it(folder: Path) -> None:
    with opened(folder) as manifest:
        again = Again(a_job(8), folder, manifest, now=NOW)
        (prompt,) = again.planned.prompts()
    made = prompt.made
    assert made is not None
    assert (made.server, made.attempt, made.started_at, made.seconds) == ("gpu1", 2, NOW, 0.5)
    assert made.files["image"] == read(folder / "inputs" / "cat.png")
    assert made.outputs[0].modified_at == mtime((folder / "outputs" / "w8.png").stat())


def test_a_name_that_is_other_keeps_the_output_under_the_old_one(folder: Path) -> None:
    assert kept(folder, a_job(8, 16, stems=("a", "w8"))) == {
        1: "outputs/w8.png",
        2: "outputs/w16.png",
    }


def test_prompts_that_only_their_names_tell_apart_each_keep_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    write(folder / "inputs" / "cat.png", "a cat")
    make(folder, a_job(8, 8, stems=("one", "two")))
    assert kept(folder, a_job(8, 8, stems=("two", "one"))) == {
        1: "outputs/two.png",
        2: "outputs/one.png",
    }
    (folder / "outputs" / "one.png").unlink()
    assert kept(folder, a_job(8, 8, stems=("one", "two"))) == {2: "outputs/two.png"}
    assert kept(folder, a_job(8, 8, stems=("new", "other"))) == {1: "outputs/two.png"}


def test_another_input_under_the_same_name_keeps_nothing(folder: Path) -> None:
    path = folder / "inputs" / "cat.png"
    facts = path.stat()
    path.write_text("a dog")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # of the same size and time
    assert kept(folder, a_job(8, 16)) == {}
    assert why(folder, a_job(8)) == ["image is another file"]


def test_the_same_input_that_was_copied_keeps_everything(folder: Path) -> None:
    copied = Path(shutil.copytree(folder, folder.with_name("copy")))
    os.utime(copied / "inputs" / "cat.png")
    assert len(kept(copied, a_job(8, 16, 24))) == 3


def test_an_output_that_is_gone_cut_or_painted_over_is_made_again(folder: Path) -> None:
    (folder / "outputs" / "w8.png").unlink()
    write(folder / "outputs" / "w16.png", "made")
    write(folder / "outputs" / "w24.png", "MADE w24")
    assert kept(folder, a_job(8, 16, 24)) == {}
    assert why(folder, a_job(8)) == ["what it made is gone, or was changed"]


def test_a_link_in_the_place_of_an_output_is_not_followed(folder: Path, tmp_path: Path) -> None:
    moved = (folder / "outputs" / "w8.png").rename(tmp_path / "w8.png")
    (folder / "outputs" / "w8.png").symlink_to(moved)
    assert kept(folder, a_job(8, 16)) == {2: "outputs/w16.png"}


@pytest.mark.parametrize("path", ["../secret", "outputs/../../secret", "/etc/passwd", "job.yaml"])
def test_a_manifest_that_names_other_files_is_not_believed(folder: Path, path: str) -> None:
    write(folder.parent / "secret", "made w8")
    write(folder / "job.yaml", "made w8")
    text = (folder / MANIFEST).read_text().replace("outputs/w8.png", path)
    (folder / MANIFEST).write_text(text)
    assert kept(folder, a_job(8, 16)) == {2: "outputs/w16.png"}


def test_an_output_that_the_workflow_has_by_now_is_lacking(folder: Path) -> None:
    more = (*PLAN.outputs, ExpectedOutput("mask", "2", "image"))
    assert kept(folder, a_job(8, outputs=more)) == {}


def test_an_input_that_is_gone_keeps_nothing_and_is_no_error(folder: Path) -> None:
    (folder / "inputs" / "cat.png").unlink()
    assert kept(folder, a_job(8)) == {}


def test_a_folder_without_a_manifest_keeps_nothing(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    assert kept(folder, a_job(8, 16, 24)) == {}


def test_why_a_prompt_runs_names_the_value_that_was_other(folder: Path) -> None:
    assert why(folder, a_job(12, stems=("w8",))) == ["width was 8"]


def test_a_job_that_comes_back_is_not_suspended_and_disturbs_no_server_of_before(
    folder: Path,
) -> None:
    with opened(folder) as manifest:
        planned = a_job(8, schedule=Schedule(suspended=True))
        again = Again(planned, folder, manifest, now=NOW)
    assert not again.planned.plan.schedule.suspended
    assert again.planned.plan.life == f"{NOW:.0f}-"


def test_it_ends_while_it_reads_when_the_daemon_does(folder: Path) -> None:
    write(folder / "inputs" / "cat.png", "another cat")
    with opened(folder) as manifest, pytest.raises(Stopped):
        Again(a_job(8), folder, manifest, now=NOW, is_stopping=lambda: True)

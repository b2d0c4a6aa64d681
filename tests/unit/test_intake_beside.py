"""What lies beside inputs, and paths as other machines write them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from vqd.domain.errors import Faults
from vqd.domain.graph import NamedGraph
from vqd.domain.jobspec import FoundInputs, Given, InputFile, InputSpec, JobSpec
from vqd.domain.param import Param
from vqd.domain.workflow import InputSlot, Workflow
from vqd.intake.inputs import gather
from vqd.intake.places import Places
from vqd.intake.sidecars import MOST_BYTES, Sidecars

WORKFLOW = Workflow(
    "w",
    1,
    "workflows/w.yaml",
    NamedGraph.of({}),
    {"image": InputSlot("image", "image", (".png",), (), fan_out=True)},
    {"prompt": Param("prompt", "text", "", caption=True)},
    (),
)


def put(folder: Path, **contents: str | bytes) -> None:
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def values(folder: Path, path: str = "a.png", caption: str | None = "prompt") -> dict[str, str]:
    (file,) = Sidecars(Places(folder), caption, "job.yaml").beside([InputFile(path, 1)])
    return {name: given.text for name, given in file.values.items()}


def problems(folder: Path) -> list[tuple[str, str | None, int | None]]:
    sidecars = Sidecars(Places(folder), "prompt", "job.yaml")
    sidecars.beside([InputFile("a.png", 1)])
    return [(one.code, one.where, one.line) for one in sidecars.problems]


def test_a_text_beside_an_input_is_its_caption(tmp_path: Path) -> None:
    put(tmp_path, a_txt="\ufeff a cat,\r\n asleep \n")
    assert values(tmp_path) == {"prompt": "a cat,\r\n asleep"}
    assert values(tmp_path, caption=None) == {}


def test_values_beside_an_input_win_over_its_text(tmp_path: Path) -> None:
    put(tmp_path, sub__a_txt="text", sub__a_yaml="prompt: value\nsize: {scale: 2}\nsteps: 010\n")
    assert values(tmp_path, "sub/a.png") == {"prompt": "value", "size": "scale 2", "steps": "010"}


@pytest.mark.parametrize(
    ("image", "text"),
    [("SHOT.PNG", "shot.txt"), ("shot.png", "Shot.TXT"), ("zut\u00e9.png", "zute\u0301.txt")],
)
def test_case_and_unicode_form_part_no_text_from_its_input(
    tmp_path: Path, image: str, text: str
) -> None:
    (tmp_path / text).write_text("cat")
    assert values(tmp_path, image) == {"prompt": "cat"}


def test_of_two_texts_the_one_that_is_named_exactly_so_counts(tmp_path: Path) -> None:
    put(tmp_path, a_txt="mine", A_txt="other")
    assert values(tmp_path, "a.png") == {"prompt": "mine"}
    assert values(tmp_path, "A.png") == {"prompt": "other"}
    assert values(tmp_path, "a.PNG") == {"prompt": "mine"}


def test_a_file_beside_an_input_may_name_another_slot_s(tmp_path: Path) -> None:
    put(tmp_path, a_png="x", a_yaml="end: e.png\n", e_png="x", b_png="x", b_yaml="end: none\n")
    end = InputSlot("end", "image", (".png",), (), required=False)
    workflow = replace(WORKFLOW, inputs={**WORKFLOW.inputs, "end": end})
    spec = JobSpec("job.yaml", Given("w", "workflow"))
    found = gather(spec, workflow, Places(tmp_path))
    assert [file.path for file in found.slots["image"]] == ["a.png", "b.png"]
    assert {key: file.path for key, file in found.named.items()} == {("end", "e.png"): "e.png"}
    put(tmp_path, a_yaml="end: gone.png\n")
    with pytest.raises(Faults) as caught:
        gather(spec, workflow, Places(tmp_path))
    (problem,) = caught.value.problems
    assert (problem.code, problem.where, problem.line) == ("missing_input", "a.yaml", 1)


def test_what_lies_beside_a_file_that_a_value_names_belongs_to_it(tmp_path: Path) -> None:
    put(tmp_path, a_png="x", a_txt="cat")
    spec = JobSpec("job.yaml", Given("w", "workflow"), params={"image": Given("a.png", "image")})
    found = gather(spec, WORKFLOW, Places(tmp_path))
    assert found.named["image", "a.png"].values["prompt"].text == "cat"
    assert found.paths() == ("a.png", "a.txt")


def test_a_job_file_is_no_input_s_values(tmp_path: Path) -> None:
    put(tmp_path, a_yaml="vqd: 1\nworkflow: w\n", job_yaml="steps: 4\n", b_yaml="", c_yml="k: 1")
    assert values(tmp_path) == {}
    assert values(tmp_path, "job.png") == {}
    assert values(tmp_path, "b.png") == {}
    assert values(tmp_path, "c.png") == {"k": "1"}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a_yaml", "steps: [1, 2]\n", ("wrong_type", "a.yaml", 1)),
        ("a_yaml", "steps: 1\nsteps: 2\n", ("duplicate_key", "a.yaml", 2)),
        ("a_yaml", "- a\n", ("no_mapping", "a.yaml", 1)),
        ("a_yaml", "a: &x 1\n", ("alias", "a.yaml", 1)),
        ("a_yaml", "a: {b: {c: 1}}\n", ("wrong_type", "a.yaml", 1)),
        ("a_txt", b"th\xe9", ("not_utf8", "a.txt", 1)),
        ("a_txt", b"x" * (MOST_BYTES + 1), ("too_large", "a.txt", None)),
    ],
)
def test_what_cannot_be_read_is_told_with_its_file(
    tmp_path: Path, name: str, content: str | bytes, found: tuple[str, str, int | None]
) -> None:
    put(tmp_path, **{name: content})
    assert problems(tmp_path) == [found]


def test_a_link_or_a_pipe_beside_an_input_is_not_opened(tmp_path: Path) -> None:
    put(tmp_path, secret_text="s")
    (tmp_path / "a.txt").symlink_to(tmp_path / "secret.text")
    (tmp_path / "a.yaml").mkdir()
    assert [code for code, _, _ in problems(tmp_path)] == ["not_a_file", "not_a_file"]


def test_what_was_read_beside_inputs_belongs_to_the_job(tmp_path: Path) -> None:
    put(tmp_path, a_png="x", a_txt="cat", b_png="x", b_yaml="vqd: 1", c_txt="nobody's")
    found = gathered(tmp_path)
    assert found.paths() == ("a.png", "b.png", "a.txt")


def gathered(
    folder: Path,
    asked: str | None = None,
    *,
    roots: tuple[Path, ...] = (),
    path_map: Mapping[str, Path] | None = None,
) -> FoundInputs:
    inputs = {"image": InputSpec("path", (Given(asked, "inputs.image"),))} if asked else {}
    spec = JobSpec("job.yaml", Given("w", "workflow"), inputs=inputs)
    return gather(spec, WORKFLOW, Places(folder, roots, path_map or {}))


@pytest.mark.parametrize(
    "asked",
    [
        "Z:\\shots\\a.png",
        "z:/Shots/a.png",
        "\\\\nas\\share\\shots\\a.png",
        "//NAS/share/shots/a.png",
        "//wsl.localhost/Debian/mnt/shots/a.png",
        "ROOT/shots/a.png",
        "\\\\nas\\STRASSE\\shots\\a.png",
        "//nas/zute\u0301/shots/a.png",
    ],
)
def test_a_path_of_another_machine_is_found_below_a_root(tmp_path: Path, asked: str) -> None:
    root = tmp_path / "nas"
    put(root, shots__a_png="x", shots__a_txt="cat")
    path_map = {
        "Z:\\": root,
        "\\\\nas\\share": root,
        "//wsl.localhost/Debian/mnt": root,
        "//nas": tmp_path / "elsewhere",
        "//nas/stra\u00dfe": root,
        "//nas/zut\u00e9/": root,
    }
    folder = tmp_path / "job"
    folder.mkdir()
    asked = asked.replace("ROOT", str(root))
    (file,) = gathered(folder, asked, roots=(root,), path_map=path_map).slots["image"]
    assert file.path == f"{root}/shots/a.png"
    assert file.values["prompt"].text == "cat"


@pytest.mark.parametrize("asked", ["Z:\\a.png", "Y:\\a.png", "//other/a.png", "Z:\\..\\a.png"])
def test_a_path_of_another_machine_that_leads_nowhere_allowed_is_refused(
    tmp_path: Path, asked: str
) -> None:
    put(tmp_path / "private", a_png="x")
    with pytest.raises(Exception, match="leaves the job's folder"):
        gathered(tmp_path, asked, path_map={"Z:\\": tmp_path / "private"})

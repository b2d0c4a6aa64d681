"""The files of a job's slots: found by name, never through a link."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import NamedGraph
from vqd.domain.jobspec import Given, InputSpec, JobSpec
from vqd.domain.workflow import InputSlot, Workflow
from vqd.intake import tree
from vqd.intake.inputs import gather
from vqd.intake.leftout import in_words
from vqd.intake.places import Places


def a_slot(name: str = "image", *, required: bool = True) -> InputSlot:
    return InputSlot(name, "image", (".png", ".jpg"), (), required, fan_out=True)


def a_workflow(*slots: InputSlot) -> Workflow:
    inputs = {slot.name: slot for slot in slots or (a_slot(),)}
    return Workflow("w", 1, "workflows/w.yaml", NamedGraph.of({}), inputs, {}, ())


def a_spec(**inputs: InputSpec) -> JobSpec:
    return JobSpec("job.yaml", Given("w", "workflow", 2, 11), inputs=inputs)


def an_input(
    *paths: str,
    kind: str = "path",
    expect: int | tuple[str, ...] | None = None,
    sort: str = "natural",
) -> InputSpec:
    return InputSpec(kind, tuple(Given(path, "inputs.image", 4, 8) for path in paths), expect, sort)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345")


def found(folder: Path, asked: InputSpec | None = None, roots: Sequence[Path] = ()) -> list[str]:
    spec = a_spec(image=asked) if asked else a_spec()
    return [file.path for file in gather(spec, a_workflow(), Places(folder, roots)).slots["image"]]


def faults_of(folder: Path, spec: JobSpec, *slots: InputSlot) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        gather(spec, a_workflow(*slots), Places(folder))
    return list(caught.value.problems)


def test_a_slot_that_is_not_named_takes_every_file_of_its_kind(tmp_path: Path) -> None:
    put(tmp_path, "a10.png", "a2.PNG", "deep/er/b.jpg", "notes.txt", "job.yaml")
    assert found(tmp_path) == ["a2.PNG", "a10.png", "deep/er/b.jpg"]


def test_what_is_never_taken_is_not_taken(tmp_path: Path) -> None:
    put(tmp_path, "a.png", ".b.png", "~c.png", "._d.png", "@eaDir/e.png", "outputs/f.png")
    put(tmp_path, "#recycle/g.png", ".stfolder/h.png")
    (tmp_path / "linked").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    assert found(tmp_path) == ["a.png"]


def test_what_was_made_of_a_folder_before_is_no_input_of_it(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "outputs/a.png", "rejected-outputs/1-1_a.png")
    put(tmp_path, "previous/outputs/a.png", "previous-2/rejected-outputs/a.png")
    put(tmp_path, "previous/b.png", "takes/outputs/c.png")
    assert found(tmp_path) == ["a.png", "previous/b.png", "takes/outputs/c.png"]


def test_what_looks_like_an_input_and_is_no_file_is_named_and_not_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    os.mkfifo(tmp_path / "fifo.png")
    faults = faults_of(tmp_path, a_spec())
    assert {fault.code for fault in faults} == {"not_a_file"}
    assert sorted(fault.said.split(",")[0] for fault in faults) == [
        "fifo.png is a fifo",
        "link.png is a link",
    ]


def test_of_very_many_faults_alike_not_all_are_told(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.png").symlink_to("nowhere")
    assert len(faults_of(tmp_path, a_spec())) == 50
    for number in range(200):
        (tmp_path / f"{number}.png").unlink()
        put(tmp_path, f"{number}.png")
        (tmp_path / f"{number}.yaml").mkdir()
    assert 50 <= len(faults_of(tmp_path, a_spec())) < 60


@pytest.mark.parametrize("asked", [None, an_input("**/*.png", kind="glob"), an_input("d")])
def test_folders_deeper_than_are_looked_into_are_told_of(
    tmp_path: Path, asked: InputSpec | None
) -> None:
    put(tmp_path, "/".join(["d"] * tree.DEEPEST) + "/a.png")
    assert len(found(tmp_path, asked)) == 1
    put(tmp_path, "/".join(["d"] * (tree.DEEPEST + 1)) + "/a.png")
    (fault,) = faults_of(tmp_path, a_spec(image=asked) if asked else a_spec())
    assert (fault.code, len(fault.said) < 200) == ("too_deep", True)


def test_a_file_knows_its_bytes(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (file,) = gather(a_spec(), a_workflow(), Places(tmp_path)).slots["image"]
    assert file.bytes == 5


@pytest.mark.parametrize(
    ("asked", "files"),
    [
        (an_input("frames/a2.png"), ["frames/a2.png"]),
        (an_input("frames\\a2.png"), ["frames/a2.png"]),
        (an_input("./Frames//A2.PNG"), ["frames/a2.png"]),
        (an_input("frames"), ["frames/a2.png", "frames/a10.png", "frames/x/c.jpg"]),
        (an_input("frames", kind="folder"), ["frames/a2.png", "frames/a10.png", "frames/x/c.jpg"]),
        (an_input("z.png", "frames/a10.png"), ["z.png", "frames/a10.png"]),
        (an_input("*.png", kind="glob"), ["z.png"]),
        (an_input("frames/*", kind="glob"), ["frames/a2.png", "frames/a10.png"]),
        (an_input("frames/*", kind="glob", sort="name"), ["frames/a10.png", "frames/a2.png"]),
        (an_input("frames/A?.png", kind="glob"), ["frames/a2.png"]),
        (an_input("**/c.jpg", kind="glob"), ["frames/x/c.jpg"]),
        (an_input("**/a2.png", kind="glob"), ["frames/a2.png"]),
        (an_input("frames/**", kind="glob"), ["frames/a2.png", "frames/a10.png", "frames/x/c.jpg"]),
        (an_input("**/z.png", kind="glob"), ["z.png"]),
    ],
)
def test_files_are_found_as_they_are_named(
    tmp_path: Path, asked: InputSpec, files: list[str]
) -> None:
    put(tmp_path, "frames/a10.png", "frames/a2.png", "frames/x/c.jpg", "frames/t.txt", "z.png")
    assert found(tmp_path, asked) == files


def test_thousands_of_names_in_another_case_are_found(tmp_path: Path) -> None:
    put(tmp_path, *(f"sub/a{number}.png" for number in range(3000)))
    asked = an_input(*(f"SUB/A{number}.PNG" for number in range(3000)))
    assert found(tmp_path, asked) == [f"sub/a{number}.png" for number in range(3000)]


def test_a_name_that_two_are_like_is_found_as_it_is_written(tmp_path: Path) -> None:
    put(tmp_path, "one/a.png", "One/a.png", "One/A.png")
    assert found(tmp_path, an_input("One/A.png")) == ["One/A.png"]
    for name in ("ONE/a.png", "One/a.PNG"):
        (problem,) = faults_of(tmp_path, a_spec(image=an_input(name)))
        assert problem.code == "missing_input"


def test_a_name_in_another_unicode_form_is_found(tmp_path: Path) -> None:
    put(tmp_path, "zute\u0301.png")
    assert found(tmp_path, an_input("zut\u00e9.png")) == ["zute\u0301.png"]


def test_brackets_in_a_pattern_stand_for_themselves(tmp_path: Path) -> None:
    put(tmp_path, "a[1]x.png", "a1x.png")
    assert found(tmp_path, an_input("a[1]*.png", kind="glob")) == ["a[1]x.png"]


def test_names_may_hold_what_they_like(tmp_path: Path) -> None:
    names = ["a\nb.png", "CON.png", "x" * 251 + ".png", "\N{CAT}.png"]
    put(tmp_path, *names)
    assert sorted(found(tmp_path)) == sorted(names)


def test_a_root_is_looked_through_after_the_folder(tmp_path: Path) -> None:
    put(tmp_path / "job", "a.png")
    put(tmp_path / "root", "a.png", "b.png")
    folder, root = tmp_path / "job", tmp_path / "root"
    assert found(folder, an_input("a.png", "b.png"), [root]) == ["a.png", f"{root}/b.png"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow.png",
        "../a.png",
        "x/../../a.png",
        "C:\\a.png",
        "\\\\nas\\a.png",
        "..\\a.png",
        "a\0.png",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "x").mkdir()
    (problem,) = faults_of(tmp_path, a_spec(image=an_input(path)))
    assert (problem.code, problem.line, problem.found) == ("outside_folder", 4, path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("link.png", "path"),
        ("linked/a.png", "path"),
        ("linked/*.png", "glob"),
        ("l*.png", "glob"),
        ("fifo.png", "path"),
        ("linked", "folder"),
    ],
)
def test_a_link_or_a_fifo_is_refused_and_named(tmp_path: Path, path: str, kind: str) -> None:
    put(tmp_path / "outside", "a.png")
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "link.png").symlink_to("/etc/shadow")
    (folder / "linked").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "fifo.png")
    (problem,) = faults_of(folder, a_spec(image=an_input(path, kind=kind)))
    assert problem.code == "not_a_file"
    assert path.split("/")[0].replace("l*", "link") in problem.said


def test_a_folder_swapped_for_a_link_between_two_looks_is_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "outside", "secret.png")
    put(tmp_path / "job", "frames/a.png")
    folder = tmp_path / "job"
    looked = tree._look

    def look_then_swap(handle: int, above: str, name: str) -> tree.Entry | None:
        entry = looked(handle, above, name)
        if name == "frames" and not (folder / "frames").is_symlink():
            (folder / "frames").rename(folder / "away")
            (folder / "frames").symlink_to(tmp_path / "outside")
        return entry

    monkeypatch.setattr(tree, "_look", look_then_swap)
    (problem,) = faults_of(folder, a_spec(image=an_input("frames/secret.png")))
    assert problem.code == "not_a_file"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (an_input("gone.png"), "missing_input"),
        (an_input("gone/a.png"), "missing_input"),
        (an_input("x" * 300 + ".png"), "missing_input"),
        (an_input("x" * 300 + "/a.png"), "missing_input"),
        (an_input("a.png/b.png"), "missing_input"),
        (an_input("gone/*.png", kind="glob"), "missing_input"),
        (an_input("*.jpg", kind="glob"), "missing_input"),
        (an_input("empty", kind="folder"), "missing_input"),
        (an_input("notes.txt"), "wrong_kind"),
        (an_input("empty", kind="file"), "not_a_file"),
        (an_input("a.png", expect=2), "awaited_input"),
        (an_input("*.png", kind="glob", expect=1), "wrong_count"),
        (an_input("gone/*.png", kind="glob", expect=4), "awaited_input"),
        (an_input("a.png", "c.png", expect=2), "awaited_input"),
        (an_input("a.png", "c.png", expect=1), "missing_input"),
        (an_input("*.png", kind="glob", expect=("A.png", "b.png", "c.png")), "awaited_input"),
        (an_input("*.png", kind="glob", expect=("a.png",)), "wrong_count"),
        (an_input("."), "wrong_value"),
    ],
)
def test_what_cannot_be_given_is_a_fault_with_its_line(
    tmp_path: Path, asked: InputSpec, code: str
) -> None:
    put(tmp_path, "a.png", "b.png", "notes.txt")
    (tmp_path / "empty").mkdir()
    (problem,) = faults_of(tmp_path, a_spec(image=asked))
    assert (problem.code, problem.where, problem.line) == (code, "job.yaml", 4)


def test_a_slot_that_the_workflow_has_not_names_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (problem,) = faults_of(tmp_path, a_spec(imagge=an_input("a.png")))
    assert (problem.code, problem.hint) == ("unknown_slot", "Did you mean image?")


def test_two_slots_must_be_named(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    problems = faults_of(tmp_path, a_spec(), a_slot("first"), a_slot("second"))
    assert [problem.key for problem in problems] == ["inputs.first", "inputs.second"]


def test_the_only_slot_left_takes_what_no_other_has(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png", "mask.png")
    spec = a_spec(mask=an_input("mask.png"))
    files = gather(spec, a_workflow(a_slot(), a_slot("mask")), Places(tmp_path)).slots
    assert [file.path for file in files["image"]] == ["a.png", "b.png"]


def test_an_optional_slot_stays_empty(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    workflow = a_workflow(a_slot(), a_slot("mask", required=False))
    files: Mapping[str, object] = gather(a_spec(), workflow, Places(tmp_path)).slots
    assert [*files] == ["image"]


def test_an_empty_folder_may_still_be_filled(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, a_spec())
    assert (problem.code, problem.key) == ("missing_input", "inputs.image")
    assert problem.said == "there is no image for the input image."


def test_files_that_are_there_and_of_no_kind_that_is_missed_are_named(tmp_path: Path) -> None:
    put(tmp_path, "a.heic", "job.yaml", "a.txt", "PAUSE", "shots.csv")
    (problem,) = faults_of(tmp_path, a_spec())
    assert problem.said == "there is no image for the input image; a.heic is none."
    put(tmp_path, "b.mp4", "c.mov", "d.psd")
    (problem,) = faults_of(tmp_path, a_spec())
    assert problem.said.endswith("; a.heic, b.mp4, c.mov … are none.")


def test_of_an_address_it_is_said_that_nothing_is_fetched(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, a_spec(image=an_input("https://example.org/a.png")))
    assert problem.code == "missing_input"
    assert problem.hint == "Nothing is fetched: put the file beside the job file, and name it."


def test_a_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.png")).write_bytes(b"x")
    (problem,) = faults_of(tmp_path, a_spec())
    assert (problem.code, problem.hint) == ("bad_file_name", "Rename the file.")


def left_out(folder: Path, *slots: InputSlot, **inputs: InputSpec) -> Sequence[str]:
    return gather(a_spec(**inputs), a_workflow(*slots), Places(folder)).left_out


def test_what_no_slot_takes_of_the_files_that_are_looked_through_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.tif", "deep/c.psd", "notes.txt", "job.yaml", ".hidden.tif", "d.part")
    assert sorted(left_out(tmp_path)) == ["b.tif", "deep/c.psd", "notes.txt"]


def test_of_a_folder_or_a_pattern_that_a_job_names_only_what_it_covers_is_told(
    tmp_path: Path,
) -> None:
    put(tmp_path, "frames/a.png", "frames/b.tif", "other.tif", "last.png")
    assert left_out(tmp_path, image=an_input("frames")) == ("frames/b.tif",)
    assert left_out(tmp_path, image=an_input("frames/*.png", kind="glob")) == ()


def test_what_another_slot_takes_or_lies_beside_an_input_is_not_left_out(tmp_path: Path) -> None:
    sound = InputSlot("sound", "audio", (".wav",), (), required=False, fan_out=False)
    put(tmp_path, "a.png", "voice.wav", "b.wav")
    (tmp_path / "a.yaml").write_text("steps: 4\n")
    asked = {"sound": an_input("voice.wav")}
    assert left_out(tmp_path, a_slot(), sound, **asked) == ("b.wav",)


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([], ()),
        (["b.tif"], ("b.tif",)),
        (["a.tif", "x/b.TIF", "notes", "c.psd"], ("a.tif, x/b.TIF", "notes", "c.psd")),
        ([f"{n}.tif" for n in range(1500)], ("0.tif, 1.tif, 2.tif and 1,497 more .tif",)),
        (["a", "b", "c", "d"], ("a, b, c and 1 more without an ending",)),
    ],
)
def test_what_is_left_out_is_told_by_its_endings(paths: list[str], told: tuple[str, ...]) -> None:
    assert in_words(paths) == told


def test_of_very_many_endings_only_some_are_told() -> None:
    told = in_words(f"a.{number}" for number in range(1000))
    assert len(told) == 21
    assert told[-1] == "files with 980 other endings"

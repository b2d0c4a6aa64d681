import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.builders import NOW, write
from tests.pages import a_node, a_page
from tests.samples import picture, picture_job
from vqd.definitions.shipped import shipped_folder
from vqd.documents import reader
from vqd.documents.builder import USUAL
from vqd.documents.tree import Document
from vqd.domain.job import Notify
from vqd.domain.needs import Needs
from vqd.media.apart import NoDecoder
from vqd.service import carried
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool

JOB = "vqd: 1\nworkflow: image-scale\n"


def drafted(spool: Spool, job_file: Path) -> Draft:
    return Drafting(spool, workflows=(), input_roots=()).draft(job_file, now=NOW)


def test_a_folder_with_two_job_files_is_refused_and_both_are_named(
    spool: Spool, tmp_path: Path
) -> None:
    folder = picture_job(tmp_path / "beach", job=JOB)
    write(folder / "job.json", "{}")
    (problem,) = drafted(spool, folder / "job.yaml").problems
    assert problem.code == "several_job_files"
    assert "job.json" in str(problem)
    assert problem.where == "job.yaml"


def test_bare_job_files_beside_one_another_do_not_disturb(spool: Spool) -> None:
    for name in ("one.yaml", "two.yaml"):
        write(spool.inbox / name, JOB + "inputs: {image: a.png}\n")
    write(spool.inbox / "a.png", "x")
    assert drafted(spool, spool.inbox / "one.yaml").planned is not None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("inputs: {image: a.png}", ("a.png",)),
        ("inputs: {image: {glob: 'frames/*.png'}}", ("frames/b.png", "frames/c.png")),
        ("inputs: {image: a.png}\nparams: {method: none-such}", ("a.png",)),
        ("inputs: {image: missing.png}", ()),
        ("inputs: [", ()),
    ],
)
def test_a_peek_tells_of_the_inputs_that_a_draft_finds(
    spool: Spool, asked: str, found: tuple[str, ...]
) -> None:
    for name in ("a.png", "frames/b.png", "frames/c.png"):
        picture(spool.inbox / name)
    job_file = write(spool.inbox / "one.yaml", f"{JOB}{asked}\n")
    drafting = Drafting(spool, workflows=(), input_roots=())
    assert drafting.peek(job_file).inputs == found
    draft = drafting.draft(job_file, now=NOW)
    assert draft.inputs == (() if draft.problems else found)


def test_a_short_job_file_that_was_peeked_at_is_not_parsed_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def parse_as(path: Path, text: str) -> Document:
        parsed.append(path.name)
        return reader.parse_as(path, text)

    monkeypatch.setattr(carried, "parse_as", parse_as)
    picture(spool.inbox / "a.png")
    job_file = write(spool.inbox / "peeked.yaml", f"{JOB}inputs: {{image: a.png}}\n")
    drafting = Drafting(spool, workflows=(), input_roots=())
    assert drafting.peek(job_file).inputs == ("a.png",)
    assert drafting.draft(job_file, now=NOW).inputs == ("a.png",)
    assert parsed == ["peeked.yaml"]


def test_a_job_file_that_changed_since_it_was_peeked_at_is_read_as_it_is_now(spool: Spool) -> None:
    for name in ("a.png", "b.png"):
        picture(spool.inbox / name)
    job_file = write(spool.inbox / "one.yaml", f"{JOB}inputs: {{image: a.png}}\n")
    drafting = Drafting(spool, workflows=(), input_roots=())
    drafting.peek(job_file)
    write(job_file, f"{JOB}inputs: {{image: b.png}}\n")
    assert drafting.draft(job_file, now=NOW).inputs == ("b.png",)


def test_each_of_two_job_files_that_say_the_same_is_told_of_by_its_own_name(spool: Spool) -> None:
    files = [write(spool.inbox / name, f"{JOB}nonsense: 1\n") for name in ("a.yaml", "b.yaml")]
    told = [drafted(spool, file).problems[0].where for file in files]
    assert told == ["a.yaml", "b.yaml"]


def test_a_job_yaml_in_the_inbox_itself_is_one_drop_among_others(spool: Spool) -> None:
    job_file = write(spool.inbox / "job.yaml", JOB)
    write(spool.inbox / "job.json", "{}")
    write(spool.inbox / "_defaults.yaml", JOB + "params: {method: area}\n")
    write(spool.inbox / "STATUS.yaml", "job: J\nheartbeat_at: now\n")
    picture_job(spool.inbox / "beach")
    draft = drafted(spool, job_file)
    assert draft.name == "job"
    assert not draft.inputs
    assert [problem.key for problem in draft.problems] == ["inputs.image"]


def test_a_job_file_that_is_a_link_is_not_opened(spool: Spool, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.yaml", JOB)
    folder = picture_job(tmp_path / "beach", job=JOB)
    (folder / "job.yaml").unlink()
    (folder / "job.yaml").symlink_to(secret)
    draft = drafted(spool, folder / "job.yaml")
    assert [problem.code for problem in draft.problems] == ["not_a_file"]
    write(secret, JOB + "name: other\n")
    assert drafted(spool, folder / "job.yaml").job_file == draft.job_file


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_job_file_is_known_by_what_is_read_of_it(spool: Spool, beyond: int) -> None:
    limit = USUAL.most_bytes
    text = JOB.ljust(limit + beyond, "\n")
    draft = drafted(spool, write(spool.inbox / "long.yaml", text))
    assert draft.job_file.sha256 == sha256(text[:limit].encode()).hexdigest()
    assert ["too_large"] * beyond == [one.code for one in draft.problems if not one.key]


def test_every_stage_tells_its_faults_at_once_in_the_order_of_the_lines(
    spool: Spool, tmp_path: Path
) -> None:
    folder = picture_job(
        tmp_path / "beach",
        job=JOB
        + "inputs: {image: no.png}\n"
        + "params: {methud: lanczos, size: 99999x1}\n"
        + "retry: {limit: lots}\n"
        + "fanout: {}\n"
        + "output: {name: '{inptu.stem}'}\n",
    )
    problems = drafted(spool, folder / "job.yaml").problems
    assert [(problem.line, problem.code) for problem in problems] == [
        (3, "missing_input"),
        (4, "unknown_parameter"),
        (4, "out_of_range"),
        (5, "wrong_type"),
        (6, "unknown_key"),
        (7, "unknown_token"),
    ]


def test_a_parameter_and_an_input_beside_the_keys_of_a_job_are_told_where_they_belong(
    spool: Spool, tmp_path: Path
) -> None:
    job = JOB + "method: area\nimage: a.png\ncolour: red\n"
    folder = picture_job(tmp_path / "beach", job=job)
    hints = [problem.hint or "" for problem in drafted(spool, folder / "job.yaml").problems]
    assert hints[:2] == [
        "Write it below `params`: it is one of image-scale.",
        "Write it below `inputs`: it is one of image-scale.",
    ]
    assert hints[2].startswith("Known: ")


def test_what_stands_in_a_part_that_cannot_be_read_is_not_called_missing(
    spool: Spool, tmp_path: Path
) -> None:
    folder = picture_job(
        tmp_path / "beach", pictures=0, job=JOB + "inputs: {image: {globb: '*.png'}}\n"
    )
    (problem,) = drafted(spool, folder / "job.yaml").problems
    assert (problem.line, problem.key) == (3, "inputs.image")


def test_inputs_that_may_still_come_are_waited_for_whatever_else_is_wrong(
    spool: Spool, tmp_path: Path
) -> None:
    folder = picture_job(tmp_path / "beach", pictures=0, job=JOB + "params: {methud: area}\n")
    draft = drafted(spool, folder / "job.yaml")
    assert (draft.waits_for_inputs, draft.is_assembling) == (True, False)


def test_a_picture_whose_sides_cannot_be_told_is_named(spool: Spool, tmp_path: Path) -> None:
    folder = picture_job(tmp_path / "beach", pictures=1, job=JOB + "params: {size: {scale: 2}}\n")
    write(folder / "broken.png", "\x89PNG")
    (problem,) = drafted(spool, folder / "job.yaml").problems
    assert problem.code == "undecodable"
    assert problem.said.startswith("broken.png: its width and height cannot be told: ")
    assert problem.said.endswith(".")


def test_a_picture_that_nothing_decodes_now_is_no_fault_of_the_job(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> tuple[int, int]:
        raise NoDecoder("Resource temporarily unavailable")

    monkeypatch.setattr("vqd.service.measuring.dimensions", refuse)
    folder = picture_job(tmp_path / "beach", pictures=1, job=JOB + "params: {size: {scale: 2}}\n")
    with pytest.raises(NoDecoder):
        drafted(spool, folder / "job.yaml")


def test_a_workflow_of_which_no_server_was_seen_yet_is_waited_for(
    spool: Spool, tmp_path: Path
) -> None:
    definition = (
        "vqd_workflow: 1\ngraph: w.json\noutputs: {image: {node: 2, kind: image}}\n"
        "inputs: {image: {kind: image, bind: 1.image}}\n"
    )
    write(tmp_path / "workflows" / "w.yaml", definition)
    write(tmp_path / "workflows" / "w.json", json.dumps(a_page([a_node(2, "SaveImage")])))
    folder = picture_job(tmp_path / "beach", job="vqd: 1\nworkflow: w\n")
    drafting = Drafting(spool, workflows=[tmp_path / "workflows"], input_roots=())
    draft = drafting.draft(folder / "job.yaml", now=NOW)
    assert [problem.code for problem in draft.problems] == ["ui_format"]
    assert draft.is_assembling


def test_a_window_that_the_settings_do_not_name_is_a_fault_with_the_nearest(
    spool: Spool, tmp_path: Path
) -> None:
    job = JOB + "schedule: {window: night}\n"
    job_file = picture_job(tmp_path / "beach", job=job) / "job.yaml"
    drafting = Drafting(spool, workflows=(), input_roots=(), windows=["nights", "weekends"])
    (problem,) = drafting.draft(job_file, now=NOW).problems
    assert (problem.code, problem.key, problem.line) == ("unknown_window", "schedule.window", 3)
    assert problem.hint == "Did you mean nights?"
    (problem,) = drafted(spool, job_file).problems
    assert "The settings name no windows" in (problem.hint or "")


def test_a_job_needs_what_it_asks_for_and_what_its_workflow_requires(
    spool: Spool, tmp_path: Path
) -> None:
    shipped = shipped_folder()
    definition = (shipped / "image-scale.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "workflows"
    write(folder / "image-scale.yaml", definition + "requires: {tags: [Wan], vram_gb: 20}\n")
    write(folder / "image-scale.json", (shipped / "image-scale.json").read_text(encoding="utf-8"))
    job = JOB + "schedule: {needs: {tags: [fast], vram_gb: 16}}\n"
    job_file = picture_job(tmp_path / "beach", job=job) / "job.yaml"
    planned = Drafting(spool, workflows=[folder], input_roots=()).draft(job_file, now=NOW).planned
    assert planned is not None
    assert planned.plan.schedule.needs == Needs(("fast", "wan"), 20)
    assert planned.plan.name == "beach"


def test_a_target_that_the_settings_do_not_name_is_a_fault(spool: Spool, tmp_path: Path) -> None:
    job_file = picture_job(tmp_path / "a", job=f"{JOB}notify: {{to: studios}}\n") / "job.yaml"
    drafting = Drafting(spool, workflows=(), input_roots=(), targets=["studio"])
    draft = drafting.draft(job_file, now=NOW)
    (problem,) = draft.problems
    assert (problem.code, problem.key, problem.line) == ("unknown_target", "notify.to", 3)
    assert problem.hint == "Did you mean studio?"
    assert draft.notify is None


@pytest.mark.parametrize(
    ("lines", "to"),
    [
        ("", "mail"),
        ("notify: {to: studio}\n", "studio"),
        ("notify: {to: studio}\nparams: {paint: 1}\n", "studio"),
        ("notify: {to: nobody}\n", "mail"),
        ("notify: {events: soon, to: studio}\n", "studio"),
        ("[", "mail"),
    ],
)
def test_whom_a_job_tells_is_known_whatever_else_is_wrong_with_it(
    spool: Spool, tmp_path: Path, lines: str, to: str
) -> None:
    job_file = picture_job(tmp_path / "a", job=JOB + lines) / "job.yaml"
    default = Notify(("failed",), "mail")
    targets = ["studio", "mail"]
    drafting = Drafting(
        spool, workflows=(), input_roots=(), targets=targets, notify_default=default
    )
    draft = drafting.draft(job_file, now=NOW)
    assert draft.notify is not None
    assert draft.notify.to == to
    assert draft.planned is None or draft.planned.plan.notify == draft.notify


def test_how_long_a_job_is_kept_is_known_whatever_else_is_wrong_with_it(
    spool: Spool, tmp_path: Path
) -> None:
    job = JOB + "output: {keep: 2d}\nparams: {paint: 1}\n"
    draft = drafted(spool, picture_job(tmp_path / "a", job=job) / "job.yaml")
    assert (draft.planned, draft.keep_s) == (None, 172_800)

"""A report is made again from the job's folder alone, and tells what it told."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.builders import A_JOB_FILE, NOW, a_planned_job, as_read, write
from tests.samples import picture
from vqd.cli.app import vqd
from vqd.domain.errors import VqdError
from vqd.domain.graph import Target
from vqd.domain.job import InputBind, PlannedJob
from vqd.domain.outcome import Failed, FailureCode, OutputFile, ReadFile, Succeeded
from vqd.media.report import write_report
from vqd.runner.publish import Publisher
from vqd.service import reports
from vqd.service.reports import make_report
from vqd.spool.layout import Spool
from vqd.store.store import Store

JOB = "20260101-000000-a"
FAILED = "it raised <b>"


@pytest.fixture
def publish(store: Store, spool: Spool) -> Iterator[Callable[[], Path]]:
    """Publishes the job; gives its folder."""
    closed = threading.Event()
    publisher = Publisher(store, spool, on_change=closed.set)
    publisher.start()

    def publish() -> Path:
        with store.reading() as session:
            job = session.jobs.find(JOB)
        assert job is not None
        publisher.publish(job.job_key, JOB)
        assert closed.wait(60)
        return spool.find(JOB) or spool.root

    yield publish
    publisher.stop()


def run(store: Store, spool: Spool, *, made: int, failed: int) -> None:
    """Run a job whose first prompts make a picture each, and whose last ones fail."""
    folder = spool.active / JOB
    binds = {"image": InputBind("image", (".png",), (Target("1", "image"),))}
    axes = {"cfg": tuple(number + 0.5 for number in range(1, made + failed + 1))}
    planned = a_planned_job(made + failed, params={"steps": 20}, axes=axes, inputs=binds)
    prompts = [replace(one, inputs={"image": "plate.png"}) for one in planned.prompts()]
    given = as_read(picture(folder / "plate.png", shade=200))
    write(folder / "job.yaml", "vqd: 1\nworkflow: w\ncomment: for A\nlabels: {shot: sh010}\n")
    whole = PlannedJob(planned.plan, lambda: iter(prompts))
    store.accept(JOB, whole, A_JOB_FILE, input_folder="", now=NOW)
    for number in range(1, made + failed + 1):
        conclude(store, folder, number, None if number > made else given)


def conclude(store: Store, folder: Path, number: int, given: ReadFile | None) -> None:
    """Let the next prompt make a picture of what it was given, or fail without."""
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    key = prompt.key
    if given is None:
        fault = Failed(FailureCode.NODE_ERROR, FAILED)
        store.write(lambda session: session.prompts.fail(key, fault, now=NOW))
        return
    path = f"outputs/{number}.png"
    one = as_read(picture(folder / path, shade=number))
    output = OutputFile("image", path, "image", one.sha256, one.bytes, width=32, height=20)
    made = Succeeded((output,), 1.5, {"image": given})
    store.write(lambda session: session.prompts.succeed(key, made, now=NOW))


def cells(page: str) -> list[str]:
    return re.findall(r'<article class="cell.*?</article>', page)


def test_it_shows_what_the_first_one_showed(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=3, failed=2)
    folder = publish()
    first = (folder / "report.html").read_text(encoding="utf-8")
    (folder / "report.html").unlink()
    assert make_report(folder) == folder / "report.html"
    again = (folder / "report.html").read_text(encoding="utf-8")
    assert len(cells(again)) == 5
    assert cells(again) == cells(first)
    assert "it raised &lt;b&gt;" in again
    for said in ("3</b> succeeded", "2</b> failed", "steps", "for A", "sh010", "plate.png"):
        assert said in again


def test_the_page_that_the_daemon_is_writing_meanwhile_is_let_be(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=1, failed=0)
    folder = publish()
    half = write(folder / ".report.html.part", "<!doctype")
    make_report(folder)
    assert half.read_text() == "<!doctype"
    assert not (folder / ".report.html.again").exists()


def test_a_job_that_is_closed_meanwhile_keeps_its_last_report(
    store: Store, spool: Spool, publish: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(store, spool, made=1, failed=0)
    folder = publish()
    last = (folder / "report.html").read_bytes()
    status = folder / "STATUS.yaml"
    closed = status.read_text()
    status.write_text(closed.replace("state: done", "state: running"))

    def write_slowly(*given: Any) -> None:
        write_report(*given)
        status.write_text(closed)

    monkeypatch.setattr(reports, "write_report", write_slowly)
    with pytest.raises(VqdError) as caught:
        make_report(folder)
    assert caught.value.code == "job_closing"
    assert (folder / "report.html").read_bytes() == last


def test_what_failed_is_listed_beside_what_was_made_and_gone_when_nothing_did(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=1, failed=1)
    folder = publish()
    (line,) = (folder / "failures.jsonl").read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert (told["prompt"], told["state"], told["code"]) == (2, "failed", "node_error")
    assert told["params"] == {"steps": 20, "cfg": 2.5}
    assert told["inputs"] == {"image": "inputs/plate.png"}


def test_a_job_of_which_all_was_made_lists_no_failures(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=2, failed=0)
    folder = publish()
    assert not (folder / "failures.jsonl").exists()
    make_report(folder)
    assert len(cells((folder / "report.html").read_text(encoding="utf-8"))) == 2


def test_what_people_took_away_or_edited_is_shown_as_it_is(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=2, failed=1)
    folder = publish()
    (folder / "outputs/1.png").unlink()
    write(folder / "job.yaml", "comment: for B")
    lines = (folder / "failures.jsonl").read_bytes()
    (folder / "failures.jsonl").write_bytes(b"not a line\n" + lines + b'{"prompt": -1}\n')
    make_report(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "1.png</b> No preview: no such file or directory" in page
    assert "for B" in page
    assert len(cells(page)) == 3


@pytest.mark.parametrize("kind", ["image", "text"])
def test_a_manifest_that_somebody_wrote_shows_nothing_from_outside_the_folder(
    store: Store, spool: Spool, publish: Callable[[], Path], tmp_path: Path, kind: str
) -> None:
    run(store, spool, made=1, failed=0)
    folder = publish()
    secret = picture(tmp_path / "secret.png", size=(64, 64))
    if kind == "text":
        write(secret, "SECRET")
    outputs = [
        str(secret),
        "../../../secret.png",
        "outputs/../../../../secret.png",
        "outputs/l.png",
    ]
    (folder / "outputs/l.png").symlink_to(secret)
    line = json.loads((folder / "manifest.jsonl").read_text(encoding="utf-8"))
    line |= {"kind": kind, "sha256": "", "files": {}}
    forged = [
        {**line, "prompt": number, "output": output, "inputs": {"image": output}}
        for number, output in enumerate(outputs, 1)
    ]
    write(folder / "manifest.jsonl", "".join(f"{json.dumps(one)}\n" for one in forged))
    make_report(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert len(cells(page)) == 4
    assert "<img" not in page
    assert "SECRET" not in page


def test_an_input_from_elsewhere_is_shown_where_that_is_allowed(
    store: Store, spool: Spool, publish: Callable[[], Path], tmp_path: Path
) -> None:
    run(store, spool, made=1, failed=0)
    folder = publish()
    plate = picture(tmp_path / "plates/wide.png", size=(64, 64))
    line = json.loads((folder / "manifest.jsonl").read_text(encoding="utf-8"))
    line |= {"inputs": {"image": str(plate)}, "files": {}}
    write(folder / "manifest.jsonl", json.dumps(line))
    pictures = []
    for roots in ([], [tmp_path / "plates"]):
        make_report(folder, roots=roots)
        pictures.append((folder / "report.html").read_text(encoding="utf-8").count("<img"))
    assert pictures == [1, 2]


@pytest.mark.parametrize("status", [None, "", "a: [", "job: J\n", "- 1\n", "counts: x\n"])
def test_a_folder_that_is_no_jobs_is_left_alone(tmp_path: Path, status: str | None) -> None:
    if status is not None:
        write(tmp_path / "STATUS.yaml", status)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(VqdError, match="tells of no job"):
        make_report(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_the_command_finds_the_job_by_a_part_of_its_name_and_needs_no_queue(
    store: Store, spool: Spool, publish: Callable[[], Path]
) -> None:
    run(store, spool, made=1, failed=0)
    folder = publish()
    (folder / "report.html").unlink()
    told = CliRunner().invoke(vqd, ["report", "0000-a", "--spool", str(spool.root), "--json"])
    assert json.loads(told.output) == {"job": JOB, "report": str(folder / "report.html")}
    assert (folder / "report.html").is_file()
    unknown = CliRunner().invoke(vqd, ["report", "nothing", "--spool", str(spool.root)])
    assert unknown.exit_code == 4
    assert "There is no job 'nothing'" in unknown.output

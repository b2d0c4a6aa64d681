"""Folders that claim to be what they are not."""

from pathlib import Path

from tests.builders import write
from tests.hostile import Case, Make, done, failed
from tests.hostile.links import FORGED, NAMED
from tests.samples import TWO_LINES, picture, picture_job


def status(job: str) -> Make:
    """Make a job folder with a STATUS.yaml that tells of another job."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path)
        write(path / "STATUS.yaml", f"job: {job}\nstate: done\nheartbeat_at: now\n")

    return make


def whole_result(path: Path, secret: Path) -> None:
    picture_job(path)
    write(path / "STATUS.yaml", FORGED.format("whole"))
    write(path / "manifest.jsonl", '{"output": "../../../secret.png", "prompt": 1}\nnot json\n')
    write(path / "outputs" / "x.png", "not made by vqd")
    write(path / "graphs" / "x.json", "{}")
    write(path / "WHY.txt", "not said by vqd")


def working_folders(path: Path, secret: Path) -> None:
    picture_job(path)
    write(path / ".part" / "1-1-0.png", "x")
    write(path / ".dropped" / "y.png", "x")


def outputs_as_inputs(text: str) -> Make:
    def make(path: Path, secret: Path) -> None:
        picture_job(path, pictures=0, job=text)
        picture(path / "outputs" / "a.png")

    return make


CASES: dict[str, Case] = {
    "forged-status": done("forged", status("20200101-000000-nobody")),
    "forged-status-above-the-spool": done("forged-above", status("../../../tmp/x")),
    "forged-status-hidden": done("forged-hidden", status(".20200101-000000-x.part")),
    "forged-status-too-long": done("forged-long", status("20200101-000000-" + "x" * 239)),
    "forged-status-with-escapes": done("forged-esc", status('"20200101-000000-a\\nb\\e\\0"')),
    "forged-result": done("forged-result", whole_result),
    "working-folders": done("working", working_folders),
    "outputs-as-input": failed(
        "outputs-in", outputs_as_inputs(NAMED.format("outputs/a.png")), "reserved_name"
    ),
    "outputs-as-only-input": failed("outputs-only", outputs_as_inputs(TWO_LINES), "missing_input"),
}

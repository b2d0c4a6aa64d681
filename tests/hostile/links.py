"""Links, wherever they can stand; hard links."""

import os
from pathlib import Path

from tests.builders import write
from tests.hostile import Case, Make, done, failed, waits
from tests.samples import TWO_LINES, picture, picture_job

NAMED = TWO_LINES + "inputs: {{image: {}}}\n"
FORGED = "job: 20200101-000000-{}\nstate: done\nheartbeat_at: 2020-01-01T00:00:00Z\n"


def link(target: str | None = None) -> Make:
    def make(path: Path, secret: Path) -> None:
        path.symlink_to(secret / target if target else "nowhere")

    return make


def loop(path: Path, secret: Path) -> None:
    path.symlink_to(path.name)


def job(inside: str, target: str, text: str = TWO_LINES) -> Make:
    """Make a job folder in which `inside` is a link to a file of the secret folder."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path, job=text)
        (path / inside).unlink(missing_ok=True)
        (path / inside).symlink_to(secret / target)

    return make


def dangling_job_file(path: Path, secret: Path) -> None:
    picture_job(path)
    (path / "job.yaml").unlink()
    (path / "job.yaml").symlink_to("nowhere")


def loop_of_folders(path: Path, secret: Path) -> None:
    picture_job(path)
    (path / "again").symlink_to(path)


def hard_link(path: Path, secret: Path) -> None:
    picture_job(path)
    os.link(picture(secret.parent / "shared.png", shade=5), path / "hard.png")


def inputs_of_a_forged_result(path: Path, secret: Path) -> None:
    picture_job(path, pictures=0)
    (path / "inputs").symlink_to(secret)
    write(path / "STATUS.yaml", FORGED.format("inputs"))
    write(path / "WHY.txt", "x")


def all_of_vqds_names(path: Path, secret: Path) -> None:
    picture_job(path)
    for name in (".part", ".dropped", "outputs", "graphs", "previous"):
        (path / name).symlink_to(secret)
    for name in (".STATUS.yaml.part", ".manifest.jsonl.part", ".report.html.part", "log.txt"):
        (path / name).symlink_to(secret / "secret.yaml")


A_LINK = "ignored: a link"
CASES: dict[str, Case] = {
    "link-to-a-file": waits("to-a-file", link("secret.yaml"), A_LINK),
    "link-to-a-job-file": waits("to-a-job.yaml", link("secret.yaml"), A_LINK),
    "link-to-a-folder": waits("to-a-folder", link("."), A_LINK),
    "link-to-nothing": waits("to-nothing.yaml", link(), A_LINK),
    "link-to-itself": waits("to-itself", loop, A_LINK),
    "link-as-hot-folder": waits("image-scale", link("."), A_LINK),
    "link-as-job-file": failed("as-job-file", job("job.yaml", "secret.yaml"), "not_a_file"),
    "link-to-nothing-as-job-file": waits("dangling", dangling_job_file, "no job.yaml here"),
    "link-as-input": failed("as-input", job("x.png", "secret.png"), "not_a_file"),
    "link-as-named-input": failed(
        "as-named", job("x.png", "secret.png", NAMED.format("x.png")), "not_a_file"
    ),
    "link-as-input-folder": failed(
        "as-folder", job("sub", ".", NAMED.format("{folder: sub}")), "not_a_file"
    ),
    "link-on-the-way-to-an-input": failed(
        "on-the-way", job("sub", ".", NAMED.format("sub/secret.png")), "not_a_file"
    ),
    "link-under-a-pattern": done("pattern", job("sub", ".", NAMED.format("{glob: '**/*.png'}"))),
    "link-to-the-folder-above": done("above", loop_of_folders),
    "link-as-table": failed(
        "as-table",
        job("t.csv", "secret.yaml", TWO_LINES + "fan_out: {rows: t.csv}\n"),
        "not_a_file",
    ),
    "link-beside-an-input": failed("beside", job("p1.yaml", "secret.yaml"), "not_a_file"),
    "link-as-status": done("as-status", job("STATUS.yaml", "secret.yaml")),
    "link-as-inputs-of-a-result": failed(
        "forged-inputs", inputs_of_a_forged_result, "missing_input"
    ),
    "links-as-vqds-own-names": done("own-names", all_of_vqds_names),
    "hard-link": done("hard-link", hard_link, prompts=3),
    "path-to-etc-shadow": failed(
        "shadow", job("x", ".", NAMED.format("/etc/shadow")), "outside_folder"
    ),
    "path-above-the-folder": failed(
        "dotdot", job("x", ".", NAMED.format("../secret.png")), "outside_folder"
    ),
}

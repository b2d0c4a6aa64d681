"""Names that some file system, shell or server cannot bear."""

import os
import random
from pathlib import Path

from tests.builders import write
from tests.hostile import Case, Make, done, failed, waits
from tests.hostile.links import NAMED
from tests.samples import TWO_LINES, picture, picture_job


def job(*inputs: str, text: str = TWO_LINES) -> Make:
    """Make a job folder with inputs of these names, and two ordinary ones."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path, job=text)
        for shade, name in enumerate(inputs, 10):
            picture(path / "x.png", shade=shade)
            (path / name).parent.mkdir(exist_ok=True)
            (path / "x.png").rename(path / name)

    return make


def bare(input_name: str, text: str = NAMED) -> Make:
    """Make a job file with an input beside it, which only it names."""

    def make(path: Path, secret: Path) -> None:
        write(path, text.format(input_name))
        picture(path.with_name(input_name))

    return make


def job_files(*names: str) -> Make:
    def make(path: Path, secret: Path) -> None:
        picture_job(path)
        (path / "job.yaml").unlink()
        for name in names:
            write(path / name, TWO_LINES)

    return make


def random_names(count: int) -> list[str]:
    """Give names of any characters that a file's name may have and UTF-8 can tell, each time the
    same."""
    chance = random.Random(4)
    planes = [(1, 0x2E), (0x30, 0x7F), (0xA0, 0x2FF), (0x300, 0x36F), (0x2000, 0x2FFF)]
    planes += [(0x4E00, 0x9FFF), (0xE000, 0xF8FF), (0x1F300, 0x1FAFF)]

    def name() -> str:
        chars = (chr(chance.randint(*chance.choice(planes))) for _ in range(chance.randint(1, 20)))
        return "n" + "".join(chars) + ".png"

    return [name() for _ in range(count)]


_NOT_UTF8 = os.fsdecode(b"\xe9t\xe9")
CASES: dict[str, Case] = {
    "name-with-a-line-end": done("new\nline", job("a\nb.png"), prompts=3),
    "name-with-escapes": done("esc\x1b[31m\u202etxt", job("\x1b]0;x\x07.png"), prompts=3),
    "name-with-quotes-and-braces": done('it\'s "q" {a}.yaml', bare("q.png"), prompts=1),
    "name-with-emoji": done("take 🎬", job("👨\u200d👩\u200d👧.png"), prompts=3),
    "name-decomposed": done("cafe\u0301", job("e\u0301.png"), prompts=3),
    "name-of-255-bytes": done("l" * 255, job("i" * 251 + ".png"), prompts=3),
    "job-file-name-of-255-bytes": done("y" * 250 + ".yaml", bare("long-input.png"), prompts=1),
    "name-that-ends-with-a-dot": done("trail. .", job("a..png", "b .png"), prompts=4),
    "name-of-a-dos-device": done("CON", job("NUL.png", "aux.png"), prompts=4),
    "job-file-named-like-a-dos-device": done("nul.yaml", bare("con.png"), prompts=1),
    "names-of-any-characters": done("any", job(*random_names(20)), prompts=22),
    "folder-name-not-utf8": done(_NOT_UTF8, job()),
    "job-file-name-not-utf8": waits(f"{_NOT_UTF8}.yaml", bare("n.png"), "is not UTF-8; rename it"),
    "input-name-not-utf8": failed("not-utf8-in", job(f"{_NOT_UTF8}.png"), "bad_file_name"),
    "input-folder-not-utf8": failed("not-utf8-dir", job(f"{_NOT_UTF8}/a.png"), "bad_file_name"),
    "other-name-not-utf8": done("not-utf8-other", job(f"{_NOT_UTF8}.txt")),
    "inputs-that-differ-in-case": done("twins", job("a.png", "A.PNG", "A.png"), prompts=5),
    "job-file-in-capitals": done("capitals", job_files("JOB.YAML")),
    "job-files-that-differ-in-case": failed(
        "two-job-files", job_files("Job.yaml", "JOB.YAML"), "several_job_files"
    ),
    "job-yaml-and-its-twin": done("job-twins", job_files("job.yaml", "JOB.YAML")),
    "output-names-that-differ-in-case": failed(
        "case-outputs",
        job("b.png", "B.png", text=TWO_LINES + 'output: {name: "{input.stem}"}\n'),
        "name_collision",
    ),
    "output-name-that-leaves-the-folder": failed(
        "out-of-folder", job(text=TWO_LINES + "output: {name: ../../x}\n"), "bad_name"
    ),
    "job-name-that-leaves-the-folder": failed(
        "out-of-spool", job(text=TWO_LINES + "name: ../../etc/passwd\n"), "bad_name"
    ),
    "name-like-a-job": done("20200101-000000-like-a-job", job()),
    "name-hidden": waits(".hidden.yaml", bare("h.png"), "its name begins with . or ~"),
    "name-temporary": waits("copying.yaml.part", bare("t.png"), "temporary name"),
}

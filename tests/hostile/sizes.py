"""Too large, too many, too deep, too old."""

import os
from pathlib import Path

from tests.hostile import Case, Make, done, failed
from tests.samples import TWO_LINES, clip_job, picture_job

LARGE_BYTES = 50 << 30
MANY = 100_000


def grown(inside: str, text: str = TWO_LINES) -> Make:
    """Make a job folder in which a file has 50 GB, of which nearly all is a hole."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path, job=text)
        with (path / inside).open("ab") as file:
            file.truncate(LARGE_BYTES)

    return make


def clip(path: Path, secret: Path) -> None:
    clip_job(path)
    os.truncate(path / "day.mp4", LARGE_BYTES)


def empty(path: Path, secret: Path) -> None:
    picture_job(path)
    (path / "empty.png").touch()


def many(path: Path, secret: Path) -> None:
    picture_job(path, pictures=0, job=TWO_LINES + "fan_out: {limit: 10}\n")
    for number in range(MANY):
        os.mknod(path / f"{number}.png")


def many_links(path: Path, secret: Path) -> None:
    picture_job(path)
    for number in range(MANY // 5):
        (path / f"{number}.png").symlink_to(secret / "secret.png")


def deep(levels: int, name: str) -> Make:
    """Make a job folder with so many folders in one another, whose path may be too long to say."""

    def make(path: Path, secret: Path) -> None:
        picture_job(path)
        handle = os.open(path, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=handle)
            below = os.open(name, os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = below
        os.close(handle)

    return make


def times(path: Path, secret: Path) -> None:
    picture_job(path)
    for name, at in (("p1.png", -5e8), ("p2.png", 253_370_764_800.0), ("job.yaml", 0.0)):
        os.utime(path / name, (at, at))


CASES: dict[str, Case] = {
    "input-of-50-gb-of-nothing": failed("large", grown("x.png"), "only zero bytes", succeeded=2),
    "picture-grown-to-50-gb": failed("grown", grown("p1.png"), "is cut off", succeeded=1),
    "clip-grown-to-50-gb": failed("clip", clip, "is cut off"),
    "table-of-50-gb": failed(
        "table", grown("t.csv", TWO_LINES + "fan_out: {rows: t.csv}\n"), "too_large"
    ),
    "status-of-50-gb": done("status", grown("STATUS.yaml")),
    "empty-input": failed("with-empty", empty, "it is empty", succeeded=2),
    "folder-of-100000-files": failed("many", many, "too_many_prompts"),
    "folder-of-20000-links": failed("links", many_links, "not_a_file"),
    "folder-300-levels-deep": failed("deep", deep(300, "d"), "too_deep"),
    "folder-deeper-than-a-path": done("deeper", deep(30, "d" * 200)),
    "times-of-1954-and-9999": done("times", times),
}

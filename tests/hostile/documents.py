"""Job files that are no job files, or would be too much to read."""

from pathlib import Path

from tests.hostile import Case, Make, done, failed
from tests.samples import TWO_LINES, picture_job

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{below}: &{below} [{', '.join([f'*{above}'] * 9)}]\n"
    for above, below in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = "[" * 10_000 + "]" * 10_000


def text(content: str, encoding: str = "utf-8") -> Make:
    def make(path: Path, secret: Path) -> None:
        path.write_bytes(content.encode(encoding))

    return make


def job(content: str, encoding: str) -> Make:
    def make(path: Path, secret: Path) -> None:
        picture_job(path)
        (path / "job.yaml").write_bytes(content.encode(encoding))

    return make


def sparse(path: Path, secret: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


CASES: dict[str, Case] = {
    "yaml-bomb": failed("bomb.yaml", text(TWO_LINES + BOMB), "alias"),
    "yaml-10000-levels-deep": failed("deep.yaml", text(f"vqd: 1\na: {DEEP}\n"), "too_deep"),
    "json-10000-levels-deep": failed("deep.json", text(f'{{"vqd": {DEEP}}}'), "too_deep"),
    "yaml-of-1-gb": failed("large.yaml", sparse, "too_large"),
    "yaml-of-many-lines": failed("long.yaml", text(TWO_LINES + "# x\n" * 500_000), "too_large"),
    "yaml-with-a-tag": failed("tag.yaml", text(TWO_LINES + "a: !!python/name:os.x ''\n"), "tag"),
    "yaml-with-nul": failed("nul-byte.yaml", text("vqd: 1\nworkflow: a\0b\n"), "nul_byte"),
    "yaml-with-tabs": failed("tabs.yaml", text(TWO_LINES + "params:\n\tsize: 8x8\n"), "tab"),
    "yaml-utf16": failed("utf16.yaml", text(TWO_LINES, "utf-16"), "not_utf8"),
    "yaml-latin1": failed("latin1.yaml", text(TWO_LINES + "comment: ü\n", "latin-1"), "not_utf8"),
    "yaml-empty": failed("empty.yaml", text(""), "no_mapping"),
    "yaml-with-bom-and-crlf": done("bom", job(TWO_LINES.replace("\n", "\r\n"), "utf-8-sig")),
}

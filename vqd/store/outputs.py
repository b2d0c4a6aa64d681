"""The rows of outputs: what the prompts that succeeded made."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter

from vqd.domain.outcome import OutputFile
from vqd.domain.queue import PromptKey
from vqd.store.rows import Connection

_COLUMNS = (
    "slot, path, kind, sha256, bytes, width, height, frames, fps, duration_s, sample_rate,"
    " channels, chars, modified_at"
)


_PATH = attrgetter("path")


class OutputRows:
    """Outputs: written with the move of their prompt, in the same commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, outputs: Iterable[tuple[PromptKey, OutputFile]]) -> None:
        """Write what prompts made, each output with its prompt."""
        self._connection.executemany(
            "INSERT INTO outputs (job_key, number, path, slot, kind, sha256, bytes, width, height,"
            " frames, fps, duration_s, sample_rate, channels, chars, modified_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    key.job_key,
                    key.number,
                    output.path,
                    output.slot,
                    output.kind,
                    output.sha256,
                    output.bytes,
                    output.width,
                    output.height,
                    output.frames,
                    output.fps,
                    output.duration_s,
                    output.sample_rate,
                    output.channels,
                    output.chars,
                    output.modified_at,
                )
                for key, output in outputs
            ),
        )

    def forget(self, key: PromptKey) -> None:
        """Take away what a prompt made."""
        self._connection.execute(
            "DELETE FROM outputs WHERE job_key = ? AND number = ?", (key.job_key, key.number)
        )

    def of_prompt(self, key: PromptKey) -> tuple[OutputFile, ...]:
        """Give what a prompt made, by path."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM outputs INDEXED BY outputs_of_prompt"
            " WHERE job_key = ? AND number = ? ORDER BY path",
            (key.job_key, key.number),
        )
        return tuple(OutputFile(**dict(row)) for row in rows)

    def of_prompts(
        self, job_key: int, numbers: Sequence[int]
    ) -> Mapping[int, tuple[OutputFile, ...]]:
        """Give what prompts of a job made, by path, for each of these numbers, which ascend; those
        that made nothing are left out. Cost: as many rows as were made from the first to the last.
        """
        rows = self._connection.execute(
            f"SELECT number, {_COLUMNS} FROM outputs INDEXED BY outputs_of_prompt"
            " WHERE job_key = ? AND number >= ? AND number <= ?",
            (job_key, numbers[0], numbers[-1]),
        )
        wanted = {*numbers}
        found: dict[int, list[OutputFile]] = defaultdict(list)
        for facts in (dict(row) for row in rows if row["number"] in wanted):
            found[facts.pop("number")].append(OutputFile(**facts))
        return {number: tuple(sorted(made, key=_PATH)) for number, made in found.items()}

    def of_job(self, job_key: int, *, after: str, limit: int) -> list[tuple[int, OutputFile]]:
        """Give a page of what a job made, by path, each with the number of its prompt; `after` is
        the path of the last of the page before."""
        rows = self._connection.execute(
            f"SELECT number, {_COLUMNS} FROM outputs WHERE job_key = ? AND path > ?"
            " ORDER BY path LIMIT ?",
            (job_key, after, limit),
        )
        facts = (dict(row) for row in rows)
        return [(one.pop("number"), OutputFile(**one)) for one in facts]

    def spread(self, job_key: int, prompts: int, *, most: int) -> list[OutputFile]:
        """Give at most so many pictures, clips and sounds from all over a job of `prompts` prompts;
        a seek for each."""
        found: dict[str, OutputFile] = {}
        for turn in range(most):
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM outputs INDEXED BY outputs_of_prompt"
                " WHERE job_key = ? AND number >= ? AND kind IN ('image', 'video', 'audio')"
                " ORDER BY number, path LIMIT 1 OFFSET ?",
                (job_key, *_start(turn, prompts, most)),
            ).fetchone()
            if row is not None:
                found[row["path"]] = OutputFile(**dict(row))
        return [*found.values()]

    def find(self, job_key: int, path: str) -> OutputFile | None:
        """Give an output of a job by its path; None if there is none."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM outputs WHERE job_key = ? AND path = ?", (job_key, path)
        ).fetchone()
        return None if row is None else OutputFile(**dict(row))

    def maker(self, job_key: int, path: str) -> int | None:
        """Give the number of the prompt that made an output; None if there is no such output."""
        row = self._connection.execute(
            "SELECT number FROM outputs WHERE job_key = ? AND path = ?", (job_key, path)
        ).fetchone()
        return None if row is None else int(row["number"])

    def told(self, job_key: int, paths: Collection[str]) -> list[str]:
        """Give those of some paths, a few hundred at most, that are outputs of a job; a seek for
        each."""
        marks = ", ".join("?" * len(paths))
        rows = self._connection.execute(
            f"SELECT path FROM outputs WHERE job_key = ? AND path IN ({marks})",
            (job_key, *paths),
        )
        return [row["path"] for row in rows]


def _start(turn: int, prompts: int, most: int) -> tuple[int, int]:
    """Give the number of the prompt to begin with, and how many outputs from there to leave out."""
    return (1 + turn * prompts // most, 0) if prompts > most else (1, turn)

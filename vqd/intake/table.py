"""The table of a job: a CSV or TSV file in, its rows out."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vqd.documents.reader import decoded
from vqd.domain.breaks import with_breaks
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import Given, Rows
from vqd.intake.places import Places

MOST_BYTES = 64 << 20
_MOST_ROWS = 1_000_000
_MOST_COLUMNS = 200
_MOST_PROBLEMS = 20
_SEPARATORS = ",;\t"
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_NO_SEPARATOR = "\x1f"
"""ASCII's unit separator, which no text has."""


def read_table(given: Given, places: Places, job_file: str) -> tuple[Rows, str]:
    """Give the rows of the file that `rows` names, and its path.

    UTF-8, with or without a mark at its beginning; separated by commas, semicolons or tabs, as its
    first line is; that line names the parameters. A line with nothing in it is no row. Where the
    first line has no separator, a separator further down is part of the one value.

    Raises:
        Faults: `missing_input` where there is no such file, or all that is wrong with it.
    """
    found = places.look(given.text, "file")
    if found is None:
        said = f"{given.text} leaves the job's folder."
        hint = "Put the file beside the job file and name it from there."
        raise Faults([given.problem("outside_folder", said, job_file, hint=hint)])
    root, entries = found
    if entries and not entries[0].is_file:
        said = f"{given.text} is {entries[0].what}, not a file, and was not opened."
        hint = "Put the file itself there."
        raise Faults([given.problem("not_a_file", said, job_file, hint=hint)])
    if not entries:
        said = f"{given.text}: no such file."
        hint = "Check the name, and that it was copied."
        raise Faults([given.problem("missing_input", said, job_file, hint=hint)])
    path = places.path_of(root, entries[0])
    return _Reader(entries[0].path, _text(given, places, path, job_file)).rows(), path


def _text(given: Given, places: Places, path: str, job_file: str) -> str:
    try:
        content = places.read(path, MOST_BYTES)
    except OSError as error:
        said = f"{path} cannot be read ({error.strerror})."
        hint = "Let the daemon's user read it."
        raise Faults([given.problem("unreadable", said, job_file, hint=hint)]) from error
    if len(content) > MOST_BYTES:
        said = f"{path} is longer than {MOST_BYTES} bytes."
        raise Faults([given.problem("too_large", said, job_file, hint="Split the job.")])
    if path.lower().endswith(_SPREADSHEETS):
        hint = "Save its table as CSV (UTF-8), and name that file."
        raise Faults([Problem("not_csv", "is a spreadsheet, and no CSV.", path, hint=hint)])
    return decoded(content, path)


@dataclass(slots=True)
class _Reader:
    """Reads one table, and keeps what is wrong with it."""

    where: str
    text: str
    problems: list[Problem] = field(default_factory=list)

    def rows(self) -> Rows:
        """Give the table, or raise Faults."""
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            self._note(1, "no_rows", "is empty.", "Name the parameters in its first line.")
            raise Faults(self.problems)
        names = self._names(*first)
        texts: list[tuple[str, ...]] = []
        starts: list[int] = []
        for line, cells in with_breaks(lines):
            if self._is_whole(line, cells, names):
                texts.append(tuple(cells))
                starts.append(line)
            if len(texts) > _MOST_ROWS:
                said = f"holds more than {_MOST_ROWS:,} rows."
                self._note(line, "too_many_prompts", said, "Split the job.")
                break
        if not texts and not self.problems:
            self._note(1, "no_rows", "has no row below its names.", "Write one line for each shot.")
        if self.problems:
            raise Faults(self.problems)
        return Rows(tuple(names), texts, starts, self.where)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Give every line that holds something, with its number; one may go over several."""
        separator = _separator(self.text)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=separator, strict=True)
        begins = 1
        try:
            for cells in reader:
                if any(cells):
                    yield begins, [cell.strip() for cell in cells]
                begins = reader.line_num + 1
        except csv.Error as error:
            said = f"is not read beyond here: {error}."
            hint = 'Put a text with a quote in it in quotes, and double that: "5"" pipe".'
            self._note(begins, "not_csv", said, hint)

    def _names(self, line: int, names: list[str]) -> list[str]:
        while names and not names[-1]:
            names.pop()
        if len(names) > _MOST_COLUMNS:
            said = f"has {len(names)} columns, above {_MOST_COLUMNS}."
            self._note(line, "wrong_value", said, "Is the first line that with the names?")
            raise Faults(self.problems)
        for name in dict.fromkeys(names):
            if not name:
                self._note(line, "missing_key", "a column has no name.", "Name it, or remove it.")
            elif names.count(name) > 1:
                self._note(line, "duplicate_key", f"`{name}` stands twice.", "Keep one.")
        return names

    def _is_whole(self, line: int, cells: list[str], names: Sequence[str]) -> bool:
        while len(cells) > len(names) and not cells[-1]:
            cells.pop()
        if len(cells) != len(names) and len(self.problems) < _MOST_PROBLEMS:
            values = "1 value" if len(cells) == 1 else f"{len(cells)} values"
            said = f"has {values} for {len(names)} columns."
            hint = "Quote a value with a separator in it; was the file copied whole?"
            self._note(line, "uneven_row", said, hint)
        return len(cells) == len(names)

    def _note(self, line: int, code: str, said: str, hint: str) -> None:
        self.problems.append(Problem(code, said, self.where, line, hint=hint))


def _separator(text: str) -> str:
    """Give what parts the first line; where nothing does, a line is one value as it stands."""
    first = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    separator = max(_SEPARATORS, key=first.count)
    return separator if separator in first else _NO_SEPARATOR

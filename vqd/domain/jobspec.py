"""What somebody asked for, before it is planned: values as they were written, with their places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain

from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.job import Notify
from vqd.domain.record import Record
from vqd.domain.schedule import Schedule


@frozen
class Given:
    """A value as it was written: text, not typed yet, and where it stands.

    `key` is its dotted key path (`fan_out.matrix.cfg[1]`), `line` and `column` count from 1.
    `where` is the file that it stands in, if that is not the job file.
    """

    text: str
    key: str
    line: int | None = None
    column: int | None = None
    where: str | None = None

    def problem(
        self,
        code: str,
        said: str,
        where: str,
        *,
        allowed: str | None = None,
        hint: str | None = None,
    ) -> Problem:
        """Give a fault of this value, with its place; `where` is the job file."""
        place = self.where or where
        return Problem(
            code, said, place, self.line, self.column, self.key, self.text or None, allowed, hint
        )


Point = Mapping[str, Given]
"""Parameters by name, one value each."""


@frozen
class InputSpec:
    """What a slot is given. `kind` is `path` (a file or a folder), `file`, `folder` or `glob`.

    `sort` is `natural` (`a2` before `a10`) or `name`; `expect` how many files there must be,
    or their names.
    """

    kind: str
    paths: tuple[Given, ...]
    expect: int | tuple[str, ...] | None = None
    sort: str = "natural"


@frozen
class Seeds:
    """The seeds of each point: `values` as written, or `count` of them derived from `base`."""

    count: int = 0
    base: int = 0
    values: tuple[int, ...] = ()
    place: Given = field(default=Given("", "fan_out.seeds"), compare=False)

    def __len__(self) -> int:
        return len(self.values) or self.count


@frozen
class Rows:
    """A table: `texts` has for each row one text by column, empty where the row gives none.

    `names` are the columns' parameters; `lines` where each row begins in the file `where`, or in
    the job file where that is None.
    """

    names: tuple[str, ...]
    texts: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    where: str | None = None

    def given(self, row: int, column: int) -> Given:
        """Give one value of the table, both counted from 0."""
        name = self.names[column]
        key = name if self.where else f"fan_out.rows[{row}].{name}"
        return Given(self.texts[row][column], key, self.lines[row], None, self.where)


@frozen
class InputRule:
    """What the inputs that fit a pattern get: `pattern` is their name, or their path with a `/`."""

    pattern: Given
    values: Point


@frozen
class FanOut:
    """How one job becomes many prompts: the rows vary slowest, then `matrix` from its first key on,
    then `zips`.

    Each of `zips` holds lists of equal length that advance together. `exclude` takes points away;
    `include` adds whole ones. `rows` are a table, or the name of its file until that was read.
    `limit` is the most prompts the job may become.
    """

    rows: Rows | Given | None = None
    matrix: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    zips: tuple[Mapping[str, tuple[Given, ...]], ...] = ()
    exclude: tuple[Point, ...] = ()
    include: tuple[Point, ...] = ()
    per_input: tuple[InputRule, ...] = ()
    seeds: Seeds | None = None
    limit: int | None = None
    place: Given = field(default=Given("", "fan_out"), compare=False)


@frozen
class JobSpec:
    """A job file that was read. `where` is its name; `workflow` the name it asks for.

    `output_name` is the pattern of output names, None for the usual one; `window` is where the
    schedule names its window, if it does, and `target` where the job says whom it tells. `defaults`
    are the values that the settings give where the job gives none. `proof_inputs` is of how many
    inputs a proof is made first, None without. `done_marker` is the file that tells that all of
    the job has arrived. `record` tells of the output that it makes again.
    """

    where: str
    workflow: Given
    name: str | None = None
    comment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    done_marker: Given | None = None
    defaults: Point = field(default_factory=dict)
    params: Point = field(default_factory=dict)
    fan_out: FanOut = field(default_factory=FanOut)
    priority: int = 50
    retry_limit: int = 2
    timeout_s: float | None = None
    stop_job_after: int | None = None
    deadline_s: float | None = None
    schedule: Schedule = field(default_factory=Schedule)
    window: Given | None = None
    output_name: Given | None = None
    sidecar: str = "full"
    proof_inputs: int | None = None
    keep_s: float | None = None
    notify: Notify | None = None
    target: Given | None = None
    record: Record | None = None

    def gives(self, name: str) -> bool:
        """Tell whether every point of the job has a value for a parameter.

        A column of the rows counts, though a row may have nothing there.
        """
        fixed = name in self.params or name in self.defaults
        lists = (self.fan_out.matrix, *self.fan_out.zips)
        included = self.fan_out.include
        has_only_included = bool(included) and not any(lists) and self.fan_out.rows is None
        in_product = has_only_included or name in self._columns or any(name in one for one in lists)
        return fixed or (in_product and all(name in point for point in included))

    def values_of(self, name: str) -> Iterator[Given]:
        """Give every value that the job file and its rows have for a parameter or a slot."""
        fan_out = self.fan_out
        points = (self.defaults, self.params, *fan_out.include)
        rules = (rule.values for rule in fan_out.per_input)
        yield from (point[name] for point in chain(points, rules) if name in point)
        for lists in (fan_out.matrix, *fan_out.zips):
            yield from lists.get(name, ())
        if isinstance(fan_out.rows, Rows) and name in self._columns:
            column = fan_out.rows.names.index(name)
            yield from (
                fan_out.rows.given(row, column)
                for row, texts in enumerate(fan_out.rows.texts)
                if texts[column]
            )

    @property
    def _columns(self) -> tuple[str, ...]:
        return self.fan_out.rows.names if isinstance(self.fan_out.rows, Rows) else ()


@frozen
class InputFile:
    """A file that a slot was given.

    `path` has `/`, and is relative to the job's input folder, or absolute when it lies in one of
    the input roots. `values` are those that lie beside it (`shot.txt`, `shot.yaml`); `sides` are
    width and height in pixels, where somebody asked for them.
    """

    path: str
    bytes: int
    values: Point = field(default_factory=dict)
    sides: tuple[int, int] | None = None


@frozen
class FoundInputs:
    """The files of a job: those of each slot, in order, and those that values name.

    `named` has them by slot and text. `others` are the paths of what was read beside them: the
    rows, and what lies beside inputs. Of the files that were looked through for a slot, none takes
    those that are `left_out`.
    """

    slots: Mapping[str, tuple[InputFile, ...]]
    named: Mapping[tuple[str, str], InputFile] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def paths(self) -> tuple[str, ...]:
        """Give the path of every file that belongs to the job, once."""
        files = chain.from_iterable((*self.slots.values(), self.named.values()))
        return tuple(dict.fromkeys([*(file.path for file in files), *self.others]))

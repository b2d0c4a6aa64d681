"""What somebody asked for, before it is planned: values as they were written, with their places."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vqd.domain.errors import Problem


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written: text, not typed yet, and where it stands.

    `key` is its dotted key path (`fan_out.matrix.cfg[1]`), `line` and `column` count from 1.
    """

    text: str
    key: str
    line: int | None = None
    column: int | None = None

    def problem(
        self,
        code: str,
        said: str,
        where: str,
        *,
        allowed: str | None = None,
        hint: str | None = None,
    ) -> Problem:
        """Give a fault of this value, with its place."""
        return Problem(
            code, said, where, self.line, self.column, self.key, self.text or None, allowed, hint
        )


Point = Mapping[str, Given]
"""Parameters by name, one value each."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a slot is given. `kind` is `path` (a file or a folder), `file`, `folder` or `glob`.

    `sort` is `natural` (`a2` before `a10`) or `name`; `expect` the number of files there must be.
    """

    kind: str
    paths: tuple[Given, ...]
    expect: int | None = None
    sort: str = "natural"


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of each point: `values` as written, or `count` of them derived from `base`."""

    count: int = 0
    base: int = 0
    values: tuple[int, ...] = ()
    place: Given = field(default=Given("", "fan_out.seeds"), compare=False)

    def __len__(self) -> int:
        return len(self.values) or self.count


@dataclass(frozen=True, slots=True)
class FanOut:
    """How one job becomes many prompts. The first key of `matrix` varies slowest, then `zips`.

    Each of `zips` holds lists of equal length that advance together. `exclude` takes points away;
    `include` adds whole ones. `limit` is the most prompts the job may become.
    """

    matrix: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    zips: tuple[Mapping[str, tuple[Given, ...]], ...] = ()
    exclude: tuple[Point, ...] = ()
    include: tuple[Point, ...] = ()
    seeds: Seeds | None = None
    limit: int | None = None
    place: Given = field(default=Given("", "fan_out"), compare=False)


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job file that was read. `where` is its name; `workflow` the name it asks for.

    `output_name` is the pattern of output names, None for the usual one.
    """

    where: str
    workflow: Given
    name: str | None = None
    comment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    params: Point = field(default_factory=dict)
    fan_out: FanOut = field(default_factory=FanOut)
    priority: int = 50
    retry_limit: int = 2
    timeout_s: float | None = None
    output_name: Given | None = None
    sidecar: str = "full"

    def gives(self, name: str) -> bool:
        """Tell whether every point of the job has a value for a parameter."""
        lists = (self.fan_out.matrix, *self.fan_out.zips)
        included = self.fan_out.include
        has_only_included = bool(included) and not any(lists)
        in_product = has_only_included or any(name in given for given in lists)
        return name in self.params or (in_product and all(name in point for point in included))


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a slot was given.

    `path` has `/`, and is relative to the job's input folder, or absolute when it lies in one of
    the input roots.
    """

    path: str
    bytes: int

"""The fan-out against a model: what docs/jobfile.md says, written a second time and simply."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.test_planning_expand import SLOT, a_spec, a_workflow, point
from tests.unit.test_planning_tables import a_table, beside, with_rows
from vqd.domain.graph import edited
from vqd.domain.jobspec import FoundInputs, Given, JobSpec, Seeds
from vqd.planning.expand import plan

Told = Mapping[str, object]

DEFAULTS: Told = {"cfg": 1.0, "steps": 20, "tag": ""}
VALUES: Mapping[str, Sequence[object]] = {
    "cfg": (1.0, 2.0, 3.0),
    "steps": (5, 6, 7),
    "tag": ("x", "y", "z"),
}
SOME = st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in VALUES.items()})


@dataclass(frozen=True)
class Asked:
    """A job: what each of its parts gives. `own` are the values beside each file."""

    params: Told
    rows: Sequence[Told]
    matrix: Mapping[str, Sequence[object]]
    zipped: Sequence[Told]
    include: Sequence[Told]
    own: Mapping[str, Told] = field(default_factory=dict)
    seeds: int = 1

    @property
    def varied(self) -> set[str]:
        return {
            name for one in (*self.rows, self.matrix, *self.zipped, *self.include) for name in one
        }

    def spec(self) -> JobSpec:
        lists = {name: [one[name] for one in self.zipped] for name in (self.zipped or [{}])[0]}
        spec = a_spec(
            self.params,
            matrix=self.matrix,
            zips=[lists] if lists else [],
            include=[point(**one) for one in self.include],
            seeds=Seeds(self.seeds, 5),
        )
        names = [*dict.fromkeys(name for row in self.rows for name in row)]
        cells = [[str(row.get(name, "")) for name in names] for row in self.rows]
        return with_rows(a_table(" ".join(names), *cells), spec) if names else spec

    def points(self) -> Iterator[Told]:
        elsewhere = {*self.matrix, *(self.zipped or [{}])[0]}
        rows = [{n: v for n, v in row.items() if n not in elsewhere} for row in self.rows]
        different = [row for at, row in enumerate(rows) if row not in rows[:at]]
        axes = [[{name: value} for value in values] for name, values in self.matrix.items()]
        groups = [group for group in (different, *axes, self.zipped) if group]
        if groups or not self.include:
            for several in product(*groups):
                yield {name: value for one in several for name, value in one.items()}
        yield from self.include

    def prompts(self) -> Iterator[tuple[str | None, Told]]:
        made: list[tuple[str | None, Told]] = []
        for one in self.points():
            for file in self.own or [None]:
                own = self.own[file] if file else {}
                rest = {name: value for name, value in one.items() if name not in own}
                is_covered = bool(self.varied & {*own})
                if not is_covered or (file, rest) not in made:
                    yield from [(file, {**DEFAULTS, **self.params, **one, **own})] * self.seeds
                made.append((file, rest))


@st.composite
def jobs(draw: st.DrawFn) -> Asked:
    names = draw(st.permutations([*VALUES]))
    parts = {name: draw(st.sampled_from(["matrix", "zip", "neither"])) for name in names}
    zipped = [name for name in names if parts[name] == "zip"]
    rows = st.tuples(*(st.sampled_from(VALUES[name]) for name in zipped))
    columns = draw(st.sets(st.sampled_from(names)))
    cells = st.fixed_dictionaries({}, optional={n: st.sampled_from(VALUES[n]) for n in columns})
    table = draw(st.lists(cells, max_size=3, unique_by=lambda row: tuple(sorted(row.items()))))
    return Asked(
        params=draw(SOME),
        rows=[row for row in table if row],
        matrix={
            name: draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, unique=True))
            for name in names
            if parts[name] == "matrix"
        },
        zipped=[
            dict(zip(zipped, row, strict=True))
            for row in (draw(st.lists(rows, min_size=1, max_size=3, unique=True)) if zipped else [])
        ],
        include=draw(st.lists(SOME, max_size=2)),
        own=draw(st.dictionaries(st.sampled_from(["a.png", "b.png", "c.png"]), SOME)),
        seeds=draw(st.integers(1, 2)),
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(jobs())
def test_a_job_becomes_the_prompts_that_the_manual_says(asked: Asked) -> None:
    workflow = a_workflow(slots=[replace(SLOT, required=False)])
    files = tuple(beside(path, **own) for path, own in asked.own.items())
    inputs = FoundInputs({"image": files} if files else {})
    made = plan(asked.spec(), workflow, inputs, job="j", created_at=0.0)
    prompts = [*made.prompts()]
    told = [
        (
            prompt.inputs.get("image"),
            {name: {**made.plan.params, **prompt.params}[name] for name in DEFAULTS},
        )
        for prompt in prompts
    ]
    assert told == [*asked.prompts()]
    assert made.plan.total == len(told)
    assert len({prompt.stem.casefold() for prompt in prompts}) == len(told)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(jobs())
def test_the_values_and_the_name_of_a_prompt_make_it_again(asked: Asked) -> None:
    workflow = a_workflow(slots=[replace(SLOT, required=False)])
    files = tuple(beside(path, **own) for path, own in asked.own.items())
    inputs = FoundInputs({"image": files} if files else {})
    made = plan(asked.spec(), workflow, inputs, job="j", created_at=0.0)
    *_, last = made.prompts()
    spec = a_spec({**made.plan.params, **last.params})
    named = replace(spec, output_name=Given(last.stem, "output.name"))
    file = {"image": tuple(beside(path) for path in last.inputs.values())} if last.inputs else {}
    (again,) = plan(named, workflow, FoundInputs(file), job="k", created_at=9.0).prompts()
    assert edited(again.graph.nodes, again.edits) == edited(last.graph.nodes, last.edits)
    assert again.stem == last.stem

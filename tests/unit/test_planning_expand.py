"""A job spec becomes prompts: how many, in which order, with which values."""

import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import NamedGraph, Target, edited
from vqd.domain.job import ExpectedOutput, PlannedJob, PlannedPrompt
from vqd.domain.jobspec import FanOut, FoundInputs, Given, InputFile, JobSpec, Point, Seeds
from vqd.domain.param import Param
from vqd.domain.workflow import InputSlot, Workflow
from vqd.planning.expand import MOST_PROMPTS, plan

GRAPH = NamedGraph.of(
    {
        "1": {"class_type": "Load", "inputs": {"image": "x"}},
        "2": {"class_type": "Sample", "inputs": {"cfg": 1.0, "steps": 1, "seed": 0, "text": ""}},
        "3": {"class_type": "Save", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
)
PARAMS = (
    Param("cfg", "float", 1.0, min=0, max=20, targets=(Target("2", "cfg"),)),
    Param("steps", "int", 20, min=1, max=150, targets=(Target("2", "steps"),)),
    Param("tag", "text", ""),
    Param("seed", "seed", targets=(Target("2", "seed"),)),
)
SLOT = InputSlot("image", "image", (".png",), (Target("1", "image"),), fan_out=True)


def a_workflow(*params: Param, slots: Sequence[InputSlot] = ()) -> Workflow:
    return Workflow(
        name="w",
        version=3,
        where="workflows/w.yaml",
        graph=GRAPH,
        inputs={slot.name: slot for slot in slots},
        params={param.name: param for param in params or PARAMS},
        outputs=(ExpectedOutput("image", "3", "image", "filename_prefix"),),
    )


def one(text: object, key: str = "key", line: int = 7) -> Given:
    return Given(str(text), key, line, 3)


def many(*texts: object) -> tuple[Given, ...]:
    return tuple(one(text) for text in texts)


def point(**values: object) -> Point:
    return {name: one(value, f"point.{name}") for name, value in values.items()}


def a_spec(
    params: Mapping[str, object] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    matrix: Mapping[str, Sequence[object]] | None = None,
    zips: Sequence[Mapping[str, Sequence[object]]] = (),
    exclude: Sequence[Point] = (),
    include: Sequence[Point] = (),
    seeds: Seeds | None = None,
    limit: int | None = None,
    proof_inputs: int | None = None,
) -> JobSpec:
    return JobSpec(
        where="cats.yaml",
        workflow=Given("w", "workflow", 2, 11),
        labels=labels or {},
        params={name: one(text, f"params.{name}") for name, text in (params or {}).items()},
        fan_out=FanOut(
            matrix={name: many(*values) for name, values in (matrix or {}).items()},
            zips=tuple({name: many(*values) for name, values in zip_.items()} for zip_ in zips),
            exclude=tuple(exclude),
            include=tuple(include),
            seeds=seeds,
            limit=limit,
        ),
        proof_inputs=proof_inputs,
    )


def files(*paths: str) -> tuple[InputFile, ...]:
    return tuple(InputFile(path, 1) for path in paths)


def planned(
    spec: JobSpec,
    workflow: Workflow | None = None,
    inputs: Mapping[str, tuple[InputFile, ...]] | None = None,
) -> PlannedJob:
    found = FoundInputs(inputs or {})
    return plan(spec, workflow or a_workflow(), found, job="20260101-j", created_at=0.0)


def prompts_of(spec: JobSpec, workflow: Workflow | None = None) -> list[PlannedPrompt]:
    return [*planned(spec, workflow).prompts()]


def values_of(spec: JobSpec, *names: str) -> list[tuple[object, ...]]:
    return [tuple(prompt.params[name] for name in names) for prompt in prompts_of(spec)]


def faults_of(
    spec: JobSpec,
    workflow: Workflow | None = None,
    inputs: Mapping[str, tuple[InputFile, ...]] | None = None,
) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        planned(spec, workflow, inputs)
    return list(caught.value.problems)


def test_a_job_that_varies_nothing_is_one_prompt_with_everything_in_its_graph() -> None:
    job = planned(a_spec({"steps": 4, "seed": 9}))
    (prompt,) = job.prompts()
    assert (job.plan.total, prompt.number, prompt.params, prompt.edits) == (1, 1, {}, {})
    assert job.plan.params == {"cfg": 1.0, "steps": 4, "tag": "", "seed": 9}
    assert prompt.graph.nodes["2"]["inputs"] == {"cfg": 1.0, "steps": 4, "seed": 9, "text": ""}
    assert prompt.seed == 9


def test_the_first_matrix_key_varies_slowest_then_zip_then_inputs_then_seeds() -> None:
    spec = a_spec(
        matrix={"cfg": [1, 2]},
        zips=[{"steps": [5, 6], "tag": ["a", "b"]}],
        seeds=Seeds(values=(7, 8)),
    )
    job = planned(spec, a_workflow(slots=[SLOT]), {"image": files("x.png", "y.png")})
    rows = [
        (p.params["cfg"], p.params["steps"], p.params["tag"], p.inputs["image"], p.seed)
        for p in job.prompts()
    ]
    assert rows == [
        (cfg, steps, tag, image, seed)
        for cfg in (1.0, 2.0)
        for steps, tag in ((5, "a"), (6, "b"))
        for image in ("x.png", "y.png")
        for seed in (7, 8)
    ]
    assert job.plan.total == 16
    assert job.plan.axes == {
        "cfg": (1.0, 2.0),
        "steps": (5, 6),
        "tag": ("a", "b"),
        "seed": (7, 8),
    }


def test_only_what_varies_is_edited() -> None:
    job = planned(a_spec({"steps": 4, "seed": 1}, matrix={"cfg": [2, 3]}))
    assert [dict(prompt.edits) for prompt in job.prompts()] == [
        {Target("2", "cfg"): 2.0},
        {Target("2", "cfg"): 3.0},
    ]
    assert "cfg" not in job.plan.params


def test_what_varies_counts_above_what_is_fixed() -> None:
    assert values_of(a_spec({"cfg": 9}, matrix={"cfg": [2, 3]}), "cfg") == [(2.0,), (3.0,)]


def test_an_excluded_point_is_left_out() -> None:
    matrix = {"cfg": [1, 2], "steps": [3, 4]}
    spec = a_spec(matrix=matrix, exclude=[point(cfg="1.0", steps=4), point(cfg=2, steps=3)])
    assert values_of(spec, "cfg", "steps") == [(1.0, 3), (2.0, 4)]
    assert planned(spec).plan.total == 2


def test_an_exclusion_may_name_less_than_a_point() -> None:
    spec = a_spec(matrix={"cfg": [1, 2], "steps": [3, 4]}, exclude=[point(cfg=1)])
    assert values_of(spec, "cfg", "steps") == [(2.0, 3), (2.0, 4)]


@pytest.mark.parametrize("axes", [{}, {"image": ["b", "./a"]}])
def test_an_excluded_file_that_no_axis_names_is_a_fault(axes: Mapping[str, list[str]]) -> None:
    spec = a_spec(matrix={"cfg": [1, 2], **axes}, exclude=[point(image="a", cfg=1)])
    named = {("image", path): files(path)[0] for path in axes.get("image", ())}
    found = FoundInputs({"image": files("a", "b")}, named)
    with pytest.raises(Faults) as caught:
        plan(spec, a_workflow(slots=[SLOT]), found, job="j", created_at=0.0)
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("unknown_point", "point.image")


def test_a_file_that_an_axis_has_is_excluded() -> None:
    spec = a_spec(matrix={"cfg": [1, 2], "image": ["a", "b"]}, exclude=[point(image="a", cfg=1)])
    named = {("image", path): file for path in "ab" for file in files(path)}
    made = plan(
        spec, a_workflow(slots=[SLOT]), FoundInputs({}, named), job="j", created_at=0.0
    ).prompts()
    assert [(p.params["cfg"], p.inputs["image"]) for p in made] == [
        (1.0, "b"),
        (2.0, "a"),
        (2.0, "b"),
    ]


def test_an_included_point_is_whole() -> None:
    spec = a_spec({"steps": 9}, matrix={"cfg": [1, 2]}, include=[point(steps=5), point(cfg=1)])
    assert values_of(spec, "cfg", "steps") == [(1.0, 9), (2.0, 9), (1.0, 5), (1.0, 9)]
    assert planned(spec).plan.axes == {"cfg": (1.0, 2.0), "steps": (9, 5)}


def test_inclusions_alone_are_all_the_points() -> None:
    assert values_of(a_spec(include=[point(cfg=5), point(cfg=6)]), "cfg") == [(5.0,), (6.0,)]


def test_every_edit_of_a_prompt_is_whole_whichever_point_came_before() -> None:
    spec = a_spec({"seed": 1}, matrix={"cfg": [1, 2]}, include=[point(steps=5)])
    job = planned(spec)
    sampled = [edited(prompt.graph.nodes, prompt.edits)["2"]["inputs"] for prompt in job.prompts()]
    assert [(inputs["cfg"], inputs["steps"]) for inputs in sampled] == [
        (1.0, 20),
        (2.0, 20),
        (1.0, 5),
    ]


def test_labels_stand_in_texts_and_other_braces_stay() -> None:
    spec = a_spec({"tag": "{label.shot} {a|b}"}, labels={"shot": "sh010"})
    assert planned(spec).plan.params["tag"] == "sh010 {a|b}"


def test_slots_that_fan_out_together_are_paired() -> None:
    slots = [SLOT, replace(SLOT, name="mask"), replace(SLOT, name="end", fan_out=False)]
    given = {
        "image": files("a.png", "b.png"),
        "mask": files("m.png", "n.png"),
        "end": files("z.png"),
    }
    job = planned(a_spec(), a_workflow(slots=slots), given)
    assert [dict(prompt.inputs) for prompt in job.prompts()] == [
        {"image": "a.png", "mask": "m.png", "end": "z.png"},
        {"image": "b.png", "mask": "n.png", "end": "z.png"},
    ]
    assert job.plan.inputs["end"].extensions == (".png",)


def test_a_slot_without_a_file_is_not_in_the_plan() -> None:
    slots = [SLOT, replace(SLOT, name="mask", required=False)]
    job = planned(a_spec(), a_workflow(slots=slots), {"image": files("a.png")})
    assert [*job.plan.inputs] == ["image"]


def test_a_value_out_of_range_says_where_and_what_to_do() -> None:
    (problem,) = faults_of(a_spec({"steps": 900}))
    assert str(problem) == (
        "cats.yaml:7: params.steps: 900 is above 150 (workflow w). "
        "Lower it, or raise max in workflows/w.yaml."
    )
    assert problem.allowed == "at least 1, at most 150"


@pytest.mark.parametrize(
    ("spec", "code", "key"),
    [
        (a_spec({"stps": 4}), "unknown_parameter", "params.stps"),
        (a_spec({"steps": "four"}), "wrong_type", "params.steps"),
        (a_spec({"free": 1 << 64}), "out_of_range", "params.free"),
        (a_spec({"free": -(1 << 63) - 1}), "out_of_range", "params.free"),
        (a_spec({"wide": 1 << 63}), "out_of_range", "params.wide"),
        (a_spec(matrix={"foo": [1]}), "unknown_parameter", "key"),
        (a_spec(matrix={"cfg": [1, 99]}), "out_of_range", "key"),
        (a_spec(matrix={"cfg": [1, "1.0"]}), "duplicate_value", "key"),
        (a_spec(zips=[{"cfg": [1, "1.0"], "tag": ["a", "a"]}]), "duplicate_value", "key"),
        (a_spec(seeds=Seeds(values=(7, 8, 7))), "duplicate_value", "fan_out.seeds"),
        (a_spec(seeds=Seeds(values=(*range(90_000), 89_999))), "duplicate_value", "fan_out.seeds"),
        (a_spec(matrix={"cfg": [1]}, zips=[{"cfg": [2]}]), "duplicate_axis", "key"),
        (a_spec(matrix={"cfg": [1]}, exclude=[point(cfg=2)]), "unknown_point", "point.cfg"),
        (a_spec(matrix={"cfg": [1]}, exclude=[point(steps=2)]), "unknown_point", "point.steps"),
        (a_spec(matrix={"cfg": [1]}, exclude=[point(cfg=1)]), "nothing_to_make", "fan_out"),
        (a_spec(include=[point(foo=1)]), "unknown_parameter", "point.foo"),
        (a_spec(matrix={"seed": [1]}, seeds=Seeds(2)), "duplicate_axis", "fan_out.seeds"),
        (
            a_spec(matrix={"cfg": [1, 2]}, seeds=Seeds(2), limit=3),
            "too_many_prompts",
            "fan_out",
        ),
        (a_spec({"tag": "{label.shot}"}), "unknown_token", "params.tag"),
    ],
)
def test_what_cannot_be_planned_is_a_fault(spec: JobSpec, code: str, key: str) -> None:
    unbounded = (Param("free", "int", 1), Param("wide", "seed", max=(1 << 64) - 1))
    (problem,) = faults_of(spec, a_workflow(*PARAMS, *unbounded))
    assert (problem.code, problem.key, problem.where) == (code, key, "cats.yaml")


def test_all_faults_are_told_at_once() -> None:
    workflow = a_workflow(*PARAMS, Param("prompt", "text"), slots=[SLOT])
    problems = faults_of(a_spec({"steps": 900, "foo": 1}, matrix={"cfg": ["x"]}), workflow)
    assert [problem.code for problem in problems] == [
        "out_of_range",
        "unknown_parameter",
        "wrong_type",
        "missing_parameter",
        "missing_input",
    ]


def test_a_limit_says_the_number() -> None:
    spec = a_spec(matrix={"cfg": [1, 2], "steps": range(1, 101)}, seeds=Seeds(5), limit=500)
    (problem,) = faults_of(spec)
    assert "1,000 prompts, above the limit of 500" in problem.said


def test_a_product_too_large_is_refused_without_walking_through_it() -> None:
    hundred = range(1, 101)
    workflow = a_workflow(*(Param(name, "int", 1) for name in "abcdefgh"))
    spec = a_spec(matrix=dict.fromkeys("abcdefgh", hundred), exclude=[point(a=1)])
    (problem,) = faults_of(spec, workflow)
    assert problem.code == "too_many_prompts"
    assert problem.allowed == f"at most {MOST_PROMPTS}"


def test_a_parameter_without_default_must_reach_every_point() -> None:
    workflow = a_workflow(Param("prompt", "text"), Param("cfg", "float", 1.0))
    for spec in (a_spec(), a_spec(matrix={"prompt": ["a"]}, include=[point(cfg=2)])):
        (problem,) = faults_of(spec, workflow)
        assert (problem.code, problem.key) == ("missing_parameter", "params.prompt")
    assert len(prompts_of(a_spec(matrix={"prompt": ["a", "b"]}), workflow)) == 2
    assert len(prompts_of(a_spec(include=[point(prompt="a")]), workflow)) == 1


@pytest.mark.parametrize(
    ("given_files", "code"),
    [
        ({"image": files("a.png", "b.png"), "mask": files("m.png")}, "uneven_inputs"),
        ({"image": files("a.png"), "end": files("y.png", "z.png")}, "too_many_files"),
        ({"mask": files("m.png")}, "missing_input"),
    ],
)
def test_inputs_that_cannot_be_paired_are_a_fault(
    given_files: Mapping[str, tuple[InputFile, ...]], code: str
) -> None:
    slots = [
        SLOT,
        replace(SLOT, name="mask", required=False),
        replace(SLOT, name="end", required=False, fan_out=False),
    ]
    (problem,) = faults_of(a_spec(), a_workflow(slots=slots), given_files)
    assert problem.code == code


def test_seeds_need_a_workflow_with_a_seed() -> None:
    (problem,) = faults_of(a_spec(seeds=Seeds(2)), a_workflow(PARAMS[0]))
    assert problem.code == "no_seed"


def test_a_seed_that_nobody_gave_is_derived_and_stays_the_same() -> None:
    first, second = prompts_of(a_spec(matrix={"cfg": [1, 2]}))
    assert (first.seed, second.seed) == (2047980422237159, 3114750702948671)
    assert first.edits[Target("2", "seed")] == first.seed
    assert first.params["seed"] == first.seed


def test_a_seed_hangs_on_base_input_point_and_turn_alone() -> None:
    workflow = a_workflow(slots=[SLOT])

    def seeds(
        base: int, cfg: Sequence[float], *images: str
    ) -> dict[tuple[object, ...], int | None]:
        spec = a_spec(matrix={"cfg": cfg}, seeds=Seeds(2, base))
        job = planned(spec, workflow, {"image": files(*images)})
        keys = ((p.params["cfg"], p.inputs["image"], p.number % 2) for p in job.prompts())
        return dict(zip(keys, (p.seed for p in job.prompts()), strict=True))

    few = seeds(1, [1, 2], "a.png")
    more = seeds(1, [2, 3, 1], "z.png", "a.png")
    assert few.items() <= more.items()
    assert len({*more.values()}) == len(more) == 12
    assert not {*seeds(2, [1, 2], "a.png").values()} & {*few.values()}


@settings(max_examples=60)
@given(
    matrix=st.dictionaries(
        st.sampled_from(["cfg", "steps"]),
        st.lists(st.integers(1, 20), min_size=1, max_size=4, unique=True),
    ),
    tags=st.lists(st.text(max_size=8), max_size=4, unique=True),
    inputs=st.integers(1, 3),
    seeds=st.integers(1, 3),
)
def test_the_count_is_the_product_and_the_same_job_has_the_same_prompts(
    matrix: dict[str, list[int]], tags: list[str], inputs: int, seeds: int
) -> None:
    zips = [{"tag": tags}] if tags else []
    spec = a_spec(matrix=matrix, zips=zips, seeds=Seeds(seeds, 3))
    given_files = {"image": files(*(f"{number}.png" for number in range(inputs)))}
    job = planned(spec, a_workflow(slots=[SLOT]), given_files)
    prompts = [*job.prompts()]
    total = inputs * seeds * (len(tags) or 1)
    for values in matrix.values():
        total *= len(values)
    assert len(prompts) == job.plan.total == total
    assert [prompt.number for prompt in prompts] == [*range(1, total + 1)]
    assert len({prompt.stem.casefold() for prompt in prompts}) == total
    again = planned(spec, a_workflow(slots=[SLOT]), given_files)
    assert [*again.prompts()] == prompts
    assert all(prompt.seed is not None and 0 <= prompt.seed < 1 << 53 for prompt in prompts)


def test_prompts_are_made_one_by_one() -> None:
    job = planned(a_spec(matrix={"cfg": [1, 2]}, seeds=Seeds(1500)))
    tracemalloc.start()
    counted = sum(1 for _ in job.prompts())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counted == 3000
    assert peak_bytes < 300_000


@pytest.mark.parametrize(("proof_inputs", "proved"), [(None, ""), (1, "a"), (2, "ab"), (9, "abc")])
def test_a_proof_is_of_the_first_inputs_at_every_point_by_the_first_seed(
    proof_inputs: int | None, proved: str
) -> None:
    spec = a_spec(matrix={"cfg": [2, 3]}, seeds=Seeds(2, 9), proof_inputs=proof_inputs)
    made = planned(spec, a_workflow(*PARAMS, slots=[SLOT]), {"image": files("a", "b", "c")})
    firsts = {cfg: [p for p in made.prompts() if p.params["cfg"] == cfg] for cfg in (2, 3)}
    expected = [p.number for of_point in firsts.values() for p in of_point[::2]]
    numbers = [p.number for p in made.prompts() if p.is_proof]
    assert made.plan.has_proof == (proof_inputs is not None)
    assert numbers == [n for n in expected if "abc"[(n - 1) // 2 % 3] in proved]


def test_the_inputs_of_a_proof_may_be_values_too() -> None:
    spec = a_spec(matrix={"cfg": [2, 3], "image": ["a", "b"]}, proof_inputs=1)
    named = {("image", path): file for path in "ab" for file in files(path)}
    workflow = a_workflow(*PARAMS, slots=[SLOT])
    made = plan(spec, workflow, FoundInputs({}, named), job="j", created_at=0.0)
    proof = [p for p in made.prompts() if p.is_proof]
    assert [(p.inputs["image"], p.params["cfg"]) for p in proof] == [("a", 2), ("a", 3)]


def test_a_proof_of_a_job_without_inputs_is_each_point_once() -> None:
    spec = a_spec(matrix={"cfg": [2, 3]}, seeds=Seeds(3, 9), proof_inputs=1)
    assert [p.number for p in prompts_of(spec) if p.is_proof] == [1, 4]

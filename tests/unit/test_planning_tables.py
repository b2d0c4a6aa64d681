"""Rows, values of single inputs, sizes that hang on them, and nodes that are taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_planning_expand import (
    SLOT,
    a_spec,
    a_workflow,
    files,
    one,
    point,
)
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import NamedGraph, Target, edited
from vqd.domain.job import ExpectedOutput, PlannedJob, PlannedPrompt
from vqd.domain.jobspec import (
    FanOut,
    FoundInputs,
    Given,
    InputFile,
    InputRule,
    JobSpec,
    Rows,
    Seeds,
)
from vqd.domain.param import Param
from vqd.domain.workflow import FLIP, InputSlot, Workflow
from vqd.planning.expand import plan


def a_table(names: str, *rows: Sequence[object], where: str | None = "shots.csv") -> Rows:
    texts = [tuple(str(cell) for cell in row) for row in rows]
    return Rows(tuple(names.split()), texts, range(2, 2 + len(rows)), where)


def with_rows(table: Rows, spec: JobSpec | None = None) -> JobSpec:
    spec = spec or a_spec()
    return replace(spec, fan_out=replace(spec.fan_out, rows=table))


def with_rules(spec: JobSpec, **values: Mapping[str, object]) -> JobSpec:
    rules = (InputRule(one(name), point(**given)) for name, given in values.items())
    return replace(spec, fan_out=replace(spec.fan_out, per_input=tuple(rules)))


def planned(spec: JobSpec, workflow: Workflow, inputs: FoundInputs) -> PlannedJob:
    return plan(spec, workflow, inputs, job="j", created_at=0.0)


def prompts_of(
    spec: JobSpec, workflow: Workflow | None = None, *given: InputFile
) -> list[PlannedPrompt]:
    slots = [SLOT] if given else []
    workflow = workflow or a_workflow(slots=slots)
    made = planned(spec, workflow, FoundInputs({"image": given} if given else {}))
    prompts = [*made.prompts()]
    assert made.plan.total == len(prompts)
    assert [*made.prompts()] == prompts
    return prompts


def faults_of(spec: JobSpec, workflow: Workflow | None = None, *given: InputFile) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        prompts_of(spec, workflow, *given)
    return list(caught.value.problems)


def beside(path: str, **values: object) -> InputFile:
    (file,) = files(path)
    return replace(file, values=point(**values))


def told(prompts: Sequence[PlannedPrompt], *names: str) -> list[tuple[object, ...]]:
    return [tuple(prompt.params.get(name) for name in names) for prompt in prompts]


class TestRows:
    def test_a_row_is_a_point_and_an_empty_cell_gives_nothing(self) -> None:
        spec = with_rows(a_table("steps tag", (4, "a"), ("", "b")), a_spec({"steps": 9}))
        assert told(prompts_of(spec), "steps", "tag") == [(4, "a"), (9, "b")]

    def test_rows_vary_slowest_and_the_matrix_wins_over_them(self) -> None:
        spec = a_spec(matrix={"cfg": [1, 2]})
        table = a_table("steps cfg", (4, 7), (4, 8), (5, 9))
        assert told(prompts_of(with_rows(table, spec)), "steps", "cfg") == [
            (4, 1.0),
            (4, 2.0),
            (5, 1.0),
            (5, 2.0),
        ]

    def test_an_output_is_named_by_its_row(self) -> None:
        rows = [(f"a very long text of row {at}",) for at in range(10)]
        spec = with_rows(a_table("tag", *rows), a_spec(matrix={"cfg": [1, 2]}))
        stems = [prompt.stem for prompt in prompts_of(spec, None, *files("x.png"))]
        assert stems[:3] == ["x_r01_cfg-1.0", "x_r01_cfg-2.0", "x_r02_cfg-1.0"]
        assert stems[-1] == "x_r10_cfg-2.0"

    def test_rows_can_be_excluded(self) -> None:
        spec = a_spec(matrix={"cfg": [1, 2]}, exclude=[point(tag="a", cfg=2)])
        table = a_table("tag", ("a",), ("b",))
        found = told(prompts_of(with_rows(table, spec)), "tag", "cfg")
        assert found == [("a", 1.0), ("b", 1.0), ("b", 2.0)]

    def test_a_fault_in_a_row_names_its_file_and_line(self) -> None:
        (problem,) = faults_of(with_rows(a_table("steps tag", (4, "a"), (900, "b"))))
        assert (problem.where, problem.line, problem.key) == ("shots.csv", 3, "steps")
        assert (problem.code, problem.found) == ("out_of_range", "900")

    def test_a_row_of_the_job_file_is_named_by_its_key(self) -> None:
        table = a_table("steps", (4,), ("many",), where=None)
        (problem,) = faults_of(with_rows(table))
        assert (problem.where, problem.key) == ("cats.yaml", "fan_out.rows[1].steps")

    def test_an_unknown_column_is_one_fault_and_not_one_for_each_row(self) -> None:
        table = a_table("stepz", *[(at,) for at in range(50)])
        (problem,) = faults_of(with_rows(table))
        assert (problem.code, problem.hint) == ("unknown_parameter", "Did you mean steps?")

    def test_a_row_that_stands_twice_is_a_fault(self) -> None:
        (problem,) = faults_of(with_rows(a_table("tag", ("a",), ("b",), ("a",))))
        assert (problem.code, problem.line) == ("duplicate_value", 4)
        assert "line 2" in problem.said

    def test_a_row_without_a_value_that_must_be_given_is_a_fault(self) -> None:
        workflow = a_workflow(Param("text", "text", targets=(Target("2", "text"),)))
        (problem,) = faults_of(with_rows(a_table("text", ("a",), ("",))), workflow)
        assert (problem.code, problem.where, problem.line) == ("missing_parameter", "shots.csv", 3)

    def test_ten_thousand_bad_cells_are_not_ten_thousand_faults(self) -> None:
        table = a_table("steps", *[(f"x{at}",) for at in range(10_000)])
        assert len(faults_of(with_rows(table))) == 50

    def test_a_column_can_be_an_input(self) -> None:
        slots = [SLOT, replace(SLOT, name="mask", required=False, fan_out=False)]
        table = a_table("image tag mask", ("p/a.png", "x", ""), ("p/b.png", "y", "m.png"))
        named = {("image", f"p/{name}.png"): files(f"p/{name}.png")[0] for name in "ab"}
        named["mask", "m.png"] = files("m.png")[0]
        workflow = a_workflow(slots=slots)
        made = planned(with_rows(table), workflow, FoundInputs({}, named))
        prompts = [*made.prompts()]
        assert [prompt.inputs for prompt in prompts] == [
            {"image": "p/a.png"},
            {"image": "p/b.png", "mask": "m.png"},
        ]
        assert [prompt.stem for prompt in prompts] == ["p/a_r1", "p/b_r2"]
        assert [*made.plan.inputs] == ["image", "mask"]
        assert made.plan.axes == {"tag": ("x", "y")}
        assert "image" not in prompts[0].params

    def test_a_row_without_a_file_that_must_be_there_is_a_fault(self) -> None:
        table = a_table("image tag", ("a.png", "x"), ("", "y"))
        named = {("image", "a.png"): files("a.png")[0]}
        with pytest.raises(Faults) as caught:
            planned(with_rows(table), a_workflow(slots=[SLOT]), FoundInputs({}, named))
        (problem,) = caught.value.problems
        assert (problem.code, problem.line) == ("missing_input", 3)

    def test_what_lies_beside_the_file_of_a_row_is_its_own(self) -> None:
        table = a_table("image", ("a.png",), ("b.png",))
        own = beside("b.png", tag="own", cfg=9)
        named = {("image", "a.png"): files("a.png")[0], ("image", "b.png"): own}
        spec = with_rows(table, a_spec(matrix={"cfg": [1, 2]}))
        spec = with_rules(spec, **{"b*": {"steps": 3}})
        made = [*planned(spec, a_workflow(slots=[SLOT]), FoundInputs({}, named)).prompts()]
        assert told(made, "cfg", "tag", "steps") == [
            (1.0, "", 20),
            (2.0, "", 20),
            (9.0, "own", 3),
        ]

    def test_the_file_of_a_row_replaces_every_file_of_its_slot_once(self) -> None:
        table = a_table("image tag", ("c.png", "row"), ("", "all"))
        found = FoundInputs(
            {"image": (beside("a.png", steps=3), *files("b.png"))},
            {("image", "c.png"): beside("c.png", steps=4)},
        )
        made = [*planned(with_rows(table), a_workflow(slots=[SLOT]), found).prompts()]
        assert [prompt.inputs["image"] for prompt in made] == ["c.png", "a.png", "b.png"]
        assert told(made, "tag", "steps") == [("row", 4), ("all", 3), ("all", 20)]

    def test_none_in_a_row_leaves_an_input_absent(self) -> None:
        slots = [SLOT, replace(SLOT, name="end", required=False, fan_out=False)]
        spec = with_rows(a_table("end", ("None",), ("e.png",)), a_spec({"tag": "x"}))
        found = FoundInputs({"image": files("a.png")}, {("end", "e.png"): files("e.png")[0]})
        made = planned(spec, a_workflow(slots=slots), found).prompts()
        assert [prompt.inputs for prompt in made] == [
            {"image": "a.png"},
            {"image": "a.png", "end": "e.png"},
        ]

    def test_a_file_beside_another_is_that_of_its_prompt_alone(self) -> None:
        slots = [SLOT, replace(SLOT, name="end", required=False, fan_out=False)]
        found = FoundInputs(
            {"image": (beside("a.png", end="e.png"), *files("b.png"))},
            {("end", "e.png"): files("e.png")[0]},
        )
        made = planned(a_spec(), a_workflow(slots=slots), found).prompts()
        assert [prompt.inputs.get("end") for prompt in made] == ["e.png", None]


class TestValuesOfInputs:
    def test_what_lies_beside_an_input_wins_over_everything(self) -> None:
        spec = with_rules(
            a_spec({"steps": 9, "tag": "job"}), **{"*.png": {"tag": "rule", "cfg": 3}}
        )
        given = (beside("a.png", tag="own"), *files("b.png"))
        found = told(prompts_of(spec, None, *given), "steps", "tag", "cfg")
        assert found == [(None, "own", 3.0), (None, "rule", 3.0)]

    def test_the_later_rule_wins_and_a_slash_matches_the_path(self) -> None:
        rules = {"*.png": {"steps": 1}, "SUB/*": {"steps": 2}}
        found = prompts_of(with_rules(a_spec(), **rules), None, *files("a.png", "sub/b.png"))
        assert told(found, "steps") == [(1,), (2,)]

    @pytest.mark.parametrize("first", ["a.png", "A*", "sub/a.png", "sub/?.png"])
    @pytest.mark.parametrize("second", ["A.PNG", "a*", "SUB/A.png", r"sub\a.png", r"*\a.png"])
    def test_the_later_rule_wins_whether_it_is_a_name_or_a_pattern(
        self, first: str, second: str
    ) -> None:
        spec = with_rules(a_spec(), **{first: {"steps": 1, "cfg": 3}, second: {"steps": 2}})
        assert told(prompts_of(spec, None, *files("sub/a.png")), "steps", "cfg") == [(2, 3.0)]

    def test_each_of_thousands_of_inputs_may_have_a_rule(self) -> None:
        names = [f"{number}.png" for number in range(5000)]
        spec = with_rules(
            a_spec(), **{name: {"steps": at % 150 + 1} for at, name in enumerate(names)}
        )
        found = told(prompts_of(spec, None, *files(*names)), "steps")
        assert found == [(at % 150 + 1,) for at in range(5000)]

    def test_brackets_in_a_name_that_a_rule_has_stand_for_themselves(self) -> None:
        rules = {"a[1].png": {"steps": 1}}
        found = prompts_of(with_rules(a_spec(), **rules), None, *files("a[1].png", "a1.png"))
        assert told(found, "steps") == [(1,), (20,)]

    def test_an_input_with_its_own_value_does_not_vary_there(self) -> None:
        spec = a_spec(matrix={"cfg": [1, 2], "tag": ["x", "y"]})
        found = prompts_of(spec, None, beside("a.png", cfg=7), *files("b.png"))
        inputs = [prompt.inputs["image"] for prompt in found]
        values = told(found, "cfg", "tag")
        assert [(one, *two) for one, two in zip(inputs, values, strict=True)] == [
            ("a.png", 7.0, "x"),
            ("b.png", 1.0, "x"),
            ("a.png", 7.0, "y"),
            ("b.png", 1.0, "y"),
            ("b.png", 2.0, "x"),
            ("b.png", 2.0, "y"),
        ]

    def test_an_input_with_its_own_seed_has_one_turn(self) -> None:
        spec = replace(a_spec(), fan_out=FanOut(seeds=None))
        found = prompts_of(spec, None, beside("a.png", seed=5), *files("b.png"))
        assert found[0].seed == 5
        assert found[1].seed not in (5, None)

    def test_a_value_beside_one_input_changes_no_seed_of_another(self) -> None:
        spec = a_spec(matrix={"cfg": [1, 2]})
        plain = prompts_of(spec, None, *files("a.png", "b.png"))
        valued = prompts_of(spec, None, beside("a.png", steps=3), *files("b.png"))
        assert [prompt.seed for prompt in plain] == [prompt.seed for prompt in valued]

    def test_an_input_that_is_the_same_in_all_has_no_say(self) -> None:
        slots = [SLOT, replace(SLOT, name="end", required=False, fan_out=False)]
        given_files = {"image": (beside("a.png", tag="own"),), "end": (beside("e.png", tag="end"),)}
        spec = with_rules(a_spec(), **{"a*": {"steps": 2}})
        made = planned(spec, a_workflow(slots=slots), FoundInputs(given_files))
        assert told([*made.prompts()], "tag", "steps") == [("own", 2)]

    def test_a_rule_that_fits_no_input_is_a_fault(self) -> None:
        (problem,) = faults_of(with_rules(a_spec(), **{"c*": {"steps": 1}}), None, *files("a.png"))
        assert (problem.code, problem.found) == ("unknown_point", "c*")

    def test_a_bad_value_beside_an_input_is_told_with_its_file(self) -> None:
        values = {"steps": Given("900", "steps", 2, None, "a.yaml")}
        (file,) = files("a.png")
        (problem,) = faults_of(a_spec(), None, replace(file, values=values))
        assert (problem.where, problem.line, problem.code) == ("a.yaml", 2, "out_of_range")

    def test_a_missing_parameter_may_be_given_beside_every_input(self) -> None:
        text = Param("text", "text", targets=(Target("2", "text"),))
        workflow = a_workflow(text, slots=[SLOT])
        given = (beside("a.png", text="A"), beside("b.png", text="B"))
        assert told(prompts_of(a_spec(), workflow, *given), "text") == [("A",), ("B",)]
        (problem,) = faults_of(a_spec(), workflow, given[0], *files("b.png"))
        assert problem.code == "missing_parameter"

    def test_the_settings_give_what_the_job_does_not(self) -> None:
        spec = replace(a_spec({"steps": 3}), defaults=point(steps=8, cfg=4))
        made = planned(spec, a_workflow(), FoundInputs({}))
        assert (made.plan.params["steps"], made.plan.params["cfg"]) == (3, 4.0)


SIZED = NamedGraph.of(
    {
        "1": {"class_type": "Load", "inputs": {"image": "x"}},
        "2": {"class_type": "Scale", "inputs": {"image": ["1", 0], "width": 1, "height": 1}},
        "3": {"class_type": "Save", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
)
SIZE = Param(
    "size",
    "size",
    "64x32",
    max=4096,
    multiple_of=8,
    presets={"tall": "32x64"},
    targets=(Target("2", "width"), Target("2", "height")),
)


def a_scaling() -> Workflow:
    flip = Param(FLIP, "bool", default=False)
    return replace(a_workflow(SIZE, flip, slots=[SLOT]), graph=SIZED)


def sides_of(spec: JobSpec, *sides: tuple[int, int] | None) -> list[tuple[int, int]]:
    given = [replace(files(f"{at}.png")[0], sides=one) for at, one in enumerate(sides)]
    found = []
    for prompt in prompts_of(spec, a_scaling(), *given):
        inputs = edited(prompt.graph.nodes, prompt.edits)["2"]["inputs"]
        found.append((inputs["width"], inputs["height"]))
    return found


class TestSizes:
    @pytest.mark.parametrize(
        ("params", "sides", "made"),
        [
            ({}, None, (64, 32)),
            ({"flip": True}, None, (32, 64)),
            ({"size": "tall"}, None, (32, 64)),
            ({"size": "tall", "flip": True}, None, (64, 32)),
            ({"size": "scale 0.5"}, (640, 480), (320, 240)),
            ({"size": "scale 1.5", "flip": True}, (640, 480), (720, 960)),
            ({"size": "scale .5"}, (640, 480), (320, 240)),
            ({"size": "scale 1.3333333333333333"}, (768, 576), (1024, 768)),
            ({"size": "scale 0.333"}, (100, 99), (32, 32)),
            ({"size": "scale 0.001"}, (100, 99), (8, 8)),
            ({"size": "fit 1280x720"}, (640, 480), (960, 720)),
            ({"size": "fit 1280x720", "flip": True}, (1000, 2000), (640, 1280)),
            ({"size": "fit 1280x720"}, (1000, 2000), (360, 720)),
        ],
    )
    def test_a_size_becomes_pixels(
        self, params: Mapping[str, object], sides: tuple[int, int] | None, made: tuple[int, int]
    ) -> None:
        assert sides_of(a_spec(params), sides) == [made]

    def test_a_relative_size_is_one_value_however_it_is_written(self) -> None:
        spec = a_spec(matrix={"size": ["scale 1.5", "scale 2"]}, exclude=[point(size="scale 1.50")])
        assert sides_of(spec, (64, 32)) == [(128, 64)]
        twice = a_spec(matrix={"size": ["scale 1.5", "scale 1.50"]})
        (file,) = files("a.png")
        (problem,) = faults_of(twice, a_scaling(), replace(file, sides=(64, 32)))
        assert problem.code == "duplicate_value"

    def test_each_input_has_its_own_size(self) -> None:
        spec = a_spec({"size": "scale 2"})
        assert sides_of(spec, (64, 32), (32, 8)) == [(128, 64), (64, 16)]

    def test_the_file_of_a_row_has_the_size_that_hangs_on_it(self) -> None:
        (given, named) = (replace(file, sides=(8, 8)) for file in files("a.png", "b.png"))
        found = FoundInputs(
            {"image": (given,)}, {("image", "b.png"): replace(named, sides=(64, 32))}
        )
        spec = with_rows(a_table("image", ("b.png",)), a_spec({"size": "scale 2"}))
        (prompt,) = planned(spec, a_scaling(), found).prompts()
        assert prompt.params["size"] == "128x64"

    def test_a_row_without_a_file_has_no_size_that_hangs_on_it(self) -> None:
        workflow = replace(a_scaling(), inputs={"image": replace(SLOT, required=False)})
        (named,) = (replace(file, sides=(64, 32)) for file in files("b.png"))
        found = FoundInputs({}, {("image", "b.png"): named})
        spec = with_rows(a_table("image size", ("b.png", ""), ("", "8x8")), a_spec())
        whole = replace(spec, params=point(size="scale 2"))
        made = planned(whole, workflow, found).prompts()
        assert [prompt.params["size"] for prompt in made] == ["128x64", "8x8"]
        table = a_table("image flip", ("b.png", "true"), ("", "false"))
        with pytest.raises(Faults) as caught:
            planned(with_rows(table, whole), workflow, found)
        assert caught.value.code == "unknown_size"

    def test_a_size_need_not_fit_an_input_that_has_its_own(self) -> None:
        spec = with_rules(a_spec({"size": "scale 9"}), **{"1.png": {"size": "8x8"}})
        assert sides_of(spec, (64, 32), (640, 480)) == [(576, 288), (8, 8)]

    def test_an_axis_of_relative_sizes_is_told_in_pixels_as_its_prompts_are(self) -> None:
        spec = a_spec(matrix={"size": ["scale 2", "64x32", "tall"]})
        given = [
            replace(file, sides=(32, at)) for at, file in enumerate(files("a.png", "b.png"), 8)
        ]
        made = planned(spec, a_scaling(), FoundInputs({"image": tuple(given)}))
        assert {prompt.params["size"] for prompt in made.prompts()} == {*made.plan.axes["size"]}

    def test_flip_may_vary_alone(self) -> None:
        spec = a_spec({"size": "64x32"}, matrix={"flip": [False, True]})
        assert sides_of(spec, None) == [(64, 32), (32, 64)]
        assert [prompt.params["size"] for prompt in prompts_of(spec, a_scaling(), *files("a.png"))]

    def test_a_flip_that_is_an_input_of_the_graph_swaps_no_sides(self) -> None:
        flip = Param(FLIP, "bool", default=False, targets=(Target("1", "image"),))
        workflow = replace(a_workflow(SIZE, flip, slots=[SLOT]), graph=SIZED)
        files_of_two = [replace(file, sides=(64, 32)) for file in files("a.png", "b.png")]
        spec = with_rules(
            a_spec({"size": "scale 2"}, matrix={"flip": [False, True]}), **{"b.png": {"flip": True}}
        )
        made = prompts_of(spec, workflow, *files_of_two)
        assert [(p.params["size"], p.params["flip"]) for p in made] == [
            ("128x64", False),
            ("128x64", True),
            ("128x64", True),
        ]

    def test_a_relative_size_is_told_in_pixels_and_makes_the_same_again(self) -> None:
        for size in ("fit 1280x720", "scale 0.7"):
            spec = a_spec({"size": size, "flip": True})
            (file,) = files("a.png")
            (prompt,) = prompts_of(spec, a_scaling(), replace(file, sides=(1000, 1700)))
            again = a_spec({"size": prompt.params["size"], "flip": prompt.params["flip"]})
            assert sides_of(again, None) == sides_of(spec, (1000, 1700))

    def test_a_size_that_becomes_too_large_is_a_fault(self) -> None:
        with pytest.raises(Faults) as caught:
            sides_of(a_spec({"size": "scale 9"}), (640, 480))
        (problem,) = caught.value.problems
        assert (problem.code, problem.key) == ("out_of_range", "params.size")
        assert "640x480" in problem.said

    def test_a_relative_size_without_an_input_is_a_fault(self) -> None:
        (problem,) = faults_of(a_spec({"size": "scale 2"}), a_scaling(), *files("a.png"))
        assert problem.code == "unknown_size"


LORAS: dict[str, Any] = {
    "1": {"class_type": "Loader", "inputs": {}},
    "2": {"class_type": "Lora", "inputs": {"model": ["1", 0], "name": "x"}},
    "3": {"class_type": "Save", "inputs": {"images": ["2", 0], "end": ["4", 0]}},
    "4": {"class_type": "Load", "inputs": {"image": "x"}},
}


def a_lora_workflow(*, is_known: bool = True) -> Workflow:
    lora = Param(
        "lora", "lora", "none", targets=(Target("2", "name"),), when_none=("2",), folder="loras"
    )
    slot = InputSlot("end", "image", (".png",), (Target("4", "image"),), False, False, ("4",))
    return Workflow(
        name="w",
        version=1,
        where="workflows/w.yaml",
        graph=NamedGraph.of(LORAS),
        inputs={"end": slot},
        params={"lora": lora},
        outputs=(ExpectedOutput("image", "3", "image"),),
        wires={"2": {0: "model"} if is_known else None, "4": {}},
    )


def graphs_of(spec: JobSpec, inputs: Mapping[str, tuple[InputFile, ...]]) -> list[dict[str, Any]]:
    made = planned(spec, a_lora_workflow(), FoundInputs(inputs))
    return [edited(prompt.graph.nodes, prompt.edits) for prompt in made.prompts()]


class TestBypass:
    def test_none_takes_its_node_out_and_a_name_keeps_it(self) -> None:
        without, with_one = graphs_of(a_spec(matrix={"lora": ["None", "film"]}), {})
        assert without["3"]["inputs"] == {"images": ["1", 0]}
        assert "2" not in without
        assert with_one["2"]["inputs"]["name"] == "film"
        assert with_one["3"]["inputs"]["images"] == ["2", 0]

    def test_an_absent_input_takes_its_node_out(self) -> None:
        (absent,) = graphs_of(a_spec(), {})
        (given,) = graphs_of(a_spec(), {"end": files("e.png")})
        assert "4" not in absent
        assert given["3"]["inputs"]["end"] == ["4", 0]

    def test_prompts_that_go_without_the_same_nodes_share_a_graph(self) -> None:
        made = planned(
            a_spec(matrix={"lora": ["none", "a", "b"]}), a_lora_workflow(), FoundInputs({})
        )
        assert len({prompt.graph.sha256 for prompt in made.prompts()}) == 2

    def test_a_bypass_of_which_nothing_is_known_yet_is_a_fault_where_it_is_wanted(self) -> None:
        workflow = a_lora_workflow(is_known=False)
        (problem,) = faults_of(a_spec(), workflow)
        assert (problem.code, problem.key) == ("unknown_wires", "workflow")
        assert prompts_of(a_spec({"lora": "film"}), workflow)


@given(
    rows=st.integers(0, 4),
    cfg=st.integers(0, 3),
    zipped=st.integers(0, 3),
    included=st.integers(0, 2),
    inputs=st.integers(1, 3),
    seeds=st.integers(1, 3),
)
def test_the_count_is_the_product(
    rows: int, cfg: int, zipped: int, included: int, inputs: int, seeds: int
) -> None:
    spec = a_spec(
        matrix={"cfg": [*range(1, cfg + 1)]} if cfg else None,
        zips=[{"steps": [*range(1, zipped + 1)]}] if zipped else [],
        include=[point(cfg=10 + at, steps=100 + at, tag="i") for at in range(included)],
        seeds=Seeds(count=seeds),
    )
    if rows:
        spec = with_rows(a_table("tag", *[(f"row {at}",) for at in range(rows)]), spec)
    product = (rows or 1) * (cfg or 1) * (zipped or 1)
    if included and not (rows or cfg or zipped):
        product = 0
    found = prompts_of(spec, None, *files(*(f"{at}.png" for at in range(inputs))))
    assert len(found) == (product + included) * inputs * seeds
    assert [prompt.number for prompt in found] == [*range(1, len(found) + 1)]
    assert len({prompt.stem for prompt in found}) == len(found)
    assert len({(prompt.seed, prompt.inputs["image"]) for prompt in found}) == len(found)


@given(
    data=st.lists(
        st.dictionaries(st.sampled_from(["cfg", "steps", "seed"]), st.integers(1, 9)), max_size=4
    ),
    excluded=st.booleans(),
)
def test_an_input_with_values_of_its_own_is_made_once_for_each_point_that_differs_elsewhere(
    data: list[dict[str, int]], excluded: bool
) -> None:
    given_files = [beside(f"{at}.png", **values) for at, values in enumerate(data)]
    spec = a_spec(
        matrix={"cfg": [11, 12], "steps": [21, 22]},
        exclude=[point(cfg=11, steps=21)] if excluded else [],
        seeds=Seeds(count=2),
    )
    found = prompts_of(spec, None, *given_files)
    keys = [
        (*prompt.inputs.items(), *sorted(prompt.params.items()), prompt.seed) for prompt in found
    ]
    assert len({*keys}) == len(keys)
    for at, values in enumerate(data or [{}]):
        own = [p for p in found if not data or p.inputs["image"] == f"{at}.png"]
        free = [(cfg, steps) for cfg in (11, 12) for steps in (21, 22)]
        free = [one for one in free if not (excluded and one == (11, 21))]
        points = {(values.get("cfg", cfg), values.get("steps", steps)) for cfg, steps in free}
        assert len(own) == len(points) * (1 if "seed" in values else 2)

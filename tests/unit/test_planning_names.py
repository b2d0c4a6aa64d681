"""The names of outputs: safe and different before anything runs."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_planning_expand import SLOT, a_spec, a_workflow, files, point
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import FoundInputs, Given, JobSpec, Seeds
from vqd.domain.param import Param
from vqd.planning.expand import plan

LATER = 1_790_000_000.0


def stems(spec: JobSpec, *paths: str) -> list[str]:
    workflow = a_workflow(slots=[SLOT] if paths else [])
    inputs = {"image": files(*paths)} if paths else {}
    planned = plan(
        spec, workflow, FoundInputs(inputs), job="20260101-000000-cats", created_at=LATER
    )
    return [prompt.stem for prompt in planned.prompts()]


def named(pattern: str, spec: JobSpec | None = None) -> JobSpec:
    return replace(spec or a_spec(), output_name=Given(pattern, "output.name", 9, 9))


def faults_of(spec: JobSpec, *paths: str) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        stems(spec, *paths)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("spec", "paths", "expected"),
    [
        (a_spec(), ["a.png", "sub/b.png"], ["a", "sub/b"]),
        (a_spec(matrix={"cfg": [3.5, 5]}), ["a.png"], ["a_cfg-3.5", "a_cfg-5.0"]),
        (a_spec(seeds=Seeds(values=(7, 8))), ["a.png"], ["a_s7", "a_s8"]),
        (a_spec(), [], ["w"]),
        (replace(a_spec(), name="beach"), [], ["beach"]),
        (a_spec(), ["/mnt/root/deep/a.png"], ["a"]),
        (a_spec(), ["CON.png", "a:b?.png", "end .png"], ["_CON", "a_b_", "end"]),
        (a_spec(matrix={"tag": ["a/b", "../.."]}), ["x.png"], ["x_tag-a_b", "x_tag-_"]),
    ],
)
def test_the_usual_name_is_the_input_and_what_varies(
    spec: JobSpec, paths: Sequence[str], expected: list[str]
) -> None:
    assert stems(spec, *paths) == expected


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        (a_spec(), ["a.png", "A.png"]),
        (a_spec(), ["a.png", "a.jpg"]),
        (a_spec(matrix={"tag": ["a/b", "a?b"]}), ["x.png"]),
        (a_spec(matrix={"tag": ["long " * 40 + "1", "long " * 40 + "2"]}), ["x.png"]),
        (a_spec(include=[{}, {}]), ["x.png"]),
    ],
)
def test_usual_names_that_would_not_differ_are_numbered(
    spec: JobSpec, paths: Sequence[str]
) -> None:
    first, second = stems(spec, *paths)
    assert (first[-2:], second[-2:]) == ("_1", "_2")
    assert len(first.encode()) <= 180


_texts = st.text("abA_-. /ß1", max_size=6)


@settings(max_examples=300)
@given(
    first=st.lists(_texts, min_size=1, max_size=4, unique=True),
    second=st.lists(_texts, max_size=4, unique=True),
    excluded=st.booleans(),
    inputs=st.lists(_texts, max_size=3, unique=True),
)
def test_usual_names_differ_whatever_they_are_made_of(
    first: list[str], second: list[str], excluded: bool, inputs: list[str]
) -> None:
    axes = {"b": first, **({"a_b": second} if second else {})}
    spec = a_spec(matrix=axes, exclude=[point(b=first[0])] if excluded and first[1:] else ())
    workflow = a_workflow(
        Param("b", "text", ""), Param("a_b", "text", ""), slots=[SLOT] if inputs else []
    )
    found = FoundInputs({"image": files(*(f"{name}.png" for name in inputs))} if inputs else {})
    job = plan(spec, workflow, found, job="J", created_at=LATER)
    names = [prompt.stem for prompt in job.prompts()]
    assert len({normalize("NFC", name).casefold() for name in names}) == len(names)


def test_names_whose_parts_differ_are_not_made_before_their_prompts() -> None:
    tags = [f"x{number}" for number in range(300)]
    spec = a_spec(matrix={"tag": tags, "steps": [*range(1, 101)]})
    tracemalloc.start()
    job = plan(spec, a_workflow(), FoundInputs({}), job="J", created_at=LATER)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert job.plan.total == 30_000
    assert peak_bytes < 1_000_000  # a hash of each would be 3 MB


def test_a_usual_name_stays_short_with_many_axes_and_deep_folders() -> None:
    spec = a_spec(matrix={"tag": ["y" * 500]})
    (stem,) = stems(spec, "/".join(["folder" * 10] * 20) + "/" + "\N{CAT}" * 60 + ".png")
    assert len(stem.encode()) <= 400
    assert "\N{CAT}" in stem


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{job}/{input.stem}", "20260101-000000-cats/b.c"),
        ("{input.parent}/{input.name}", "sub/b.c.png"),
        ("{index}-{label.shot}-{tag}", "1-sh010-x_y"),
        ("{date:%Y-%m-%d}_{steps}_s{seed}", "2026-09-21_20_s7"),
        ("{date:%H%M}{date:at}", "1413at"),
    ],
)
def test_every_token_has_its_value(pattern: str, expected: str) -> None:
    spec = a_spec({"tag": "x/y", "seed": 7}, labels={"shot": "sh010"})
    assert stems(named(pattern, spec), "sub/b.c.png") == [expected]


def test_the_index_is_padded_so_that_names_sort() -> None:
    found = stems(named("{index}", a_spec(seeds=Seeds(10))))
    assert (found[0], found[9]) == ("01", "10")


def test_a_varying_value_stands_in_the_name() -> None:
    assert stems(named("c{cfg}", a_spec(matrix={"cfg": [1, 2.5]}))) == ["c1.0", "c2.5"]


def test_a_number_that_is_called_seed_stands_in_the_name() -> None:
    spec = named("s{seed}", a_spec(matrix={"seed": [1, 2]}))
    made = plan(spec, a_workflow(Param("seed", "int")), FoundInputs({}), job="J", created_at=LATER)
    assert [prompt.stem for prompt in made.prompts()] == ["s1", "s2"]


def test_a_file_at_the_top_has_no_parent_in_its_name() -> None:
    assert stems(named("{input.parent}/{input.stem}"), "a.png") == ["a"]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("{inptu.stem}", "unknown_token"),
        ("{label.nope}", "unknown_token"),
        ("{}", "unknown_token"),
        ("{date:%B}", "unknown_token"),
        ("{date}", "unknown_token"),
        ("a}", "bad_name"),
        ("/etc/{input.stem}", "bad_name"),
        ("../{input.stem}", "bad_name"),
        ("x/../{input.stem}", "bad_name"),
        ("a\\{input.stem}", "bad_name"),
        ("con", "bad_name"),
        ("x/NUL.txt", "bad_name"),
        ("a:b", "bad_name"),
        ("a.", "bad_name"),
        (".hidden", "bad_name"),
        ("{tag}", "bad_name"),
        ("x" * 181, "bad_name"),
        ("/".join(["y" * 100] * 5), "bad_name"),
    ],
)
def test_a_name_that_a_share_may_refuse_is_a_fault(pattern: str, code: str) -> None:
    (problem,) = faults_of(named(pattern), "a.png")
    assert (problem.code, problem.key, problem.line) == (code, "output.name", 9)


@pytest.mark.parametrize("pattern", ["x" * 181, "/".join(["y" * 100] * 5)])
def test_a_name_that_is_too_long_is_told_so(pattern: str) -> None:
    (problem,) = faults_of(named(pattern), "a.png")
    assert "too long: 180 bytes are the most, and 400 with its folders" in problem.said


def test_a_brace_in_a_value_or_an_input_begins_no_token_where_the_name_is_a_pattern() -> None:
    spec = a_spec({"tag": "{job}"}, matrix={"cfg": [1]})
    (stem,) = stems(named("{input.parent}/{tag}_{input.stem}", spec), "b{3}/a{1}.png")
    assert stem == "b(3)/(job)_a(1)"
    assert stems(named(stem, spec), "a.png") == [stem]
    assert stems(spec, "a{1}.png") == ["a(1)_cfg-1.0"]


def test_a_pattern_written_on_a_mac_is_as_good_as_any() -> None:
    assert stems(named(normalize("NFD", "Stra\u00dfe-\u00e9"))) == ["Stra\u00dfe-\u00e9"]


def test_an_input_token_needs_an_input() -> None:
    (problem,) = faults_of(named("{input.stem}"))
    assert problem.code == "unknown_token"


@pytest.mark.parametrize("paths", [["a.png", "b.png"], ["x/a.png", "y/A.png"]])
def test_names_that_would_not_differ_are_a_fault(paths: list[str]) -> None:
    pattern = "same" if paths[0] == "a.png" else "{input.stem}"
    (problem,) = faults_of(named(pattern), *paths)
    assert problem.code == "name_collision"
    assert problem.said.startswith("prompts 1 and 2 would both be named")


def test_only_a_few_bad_names_are_told() -> None:
    assert len(faults_of(named("same"), *(f"{number}.png" for number in range(50)))) == 5

"""Job files: everything accepted is understood, everything else is a fault with its line."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import InputSpec, JobSpec, Seeds
from vqd.domain.needs import Needs
from vqd.domain.schedule import Schedule
from vqd.intake.jobfile import read


def spec_of(folder: Path, text: str) -> JobSpec:
    path = folder / "cats.yaml"
    path.write_text(text)
    spec, problems = read(path)
    if problems:
        raise Faults(problems)
    return spec


def faults_of(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(Faults) as caught:
        spec_of(folder, text)
    return list(caught.value.problems)


def asked(*lines: str) -> str:
    return "\n".join(["vqd: 1", "workflow: image-scale", *lines, ""])


def test_two_lines_are_a_job(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, asked())
    assert (spec.where, spec.workflow.text, spec.workflow.line) == ("cats.yaml", "image-scale", 2)
    assert (spec.priority, spec.retry_limit, spec.timeout_s) == (50, 2, None)
    assert (spec.params, spec.inputs, spec.sidecar) == ({}, {}, "full")


def test_every_key_reaches_the_spec(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        asked(
            "name: cats",
            "comment: second round",
            "labels: {client: acme}",
            "inputs: {image: {glob: 'a/*.png', expect: 12, sort: name}, other: end.png}",
            "params: {flip: on, at: 22:00, code: 010}",
            "fan_out:",
            "  matrix: {cfg: [3.5, 5.0], steps: 1-7:2}",
            "  zip: [{lora: [film, none], tag: [f, n]}]",
            "  exclude: [{cfg: 5.0}]",
            "  include: [{cfg: 7.0}]",
            "  seeds: {count: 2, base: 1234}",
            "  limit: 500",
            "schedule: {priority: 70}",
            "retry: {limit: 0, timeout: 45m}",
            "output: {name: '{index}', sidecar: none}",
            "record: {graph: abc, anything: [1, {deep: 2}]}",
        ),
    )
    assert (spec.name, spec.comment, spec.labels) == ("cats", "second round", {"client": "acme"})
    image = spec.inputs["image"]
    assert (image.kind, image.expect, image.sort) == ("glob", 12, "name")
    assert [given.text for given in spec.inputs["other"].paths] == ["end.png"]
    texts = {name: given.text for name, given in spec.params.items()}
    assert texts == {"flip": "on", "at": "22:00", "code": "010"}
    fan_out = spec.fan_out
    matrix = {name: [one.text for one in values] for name, values in fan_out.matrix.items()}
    assert matrix == {"cfg": ["3.5", "5.0"], "steps": ["1", "3", "5", "7"]}
    assert [given.text for given in fan_out.zips[0]["tag"]] == ["f", "n"]
    assert fan_out.exclude[0]["cfg"].key == "fan_out.exclude[0].cfg"
    assert fan_out.include[0]["cfg"].text == "7.0"
    assert (fan_out.seeds, fan_out.limit) == (Seeds(2, 1234), 500)
    assert (spec.priority, spec.retry_limit, spec.timeout_s) == (70, 0, 2700.0)
    assert spec.output_name is not None
    assert (spec.output_name.text, spec.sidecar) == ("{index}", "none")


def test_every_key_of_the_schedule_reaches_the_spec(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        asked(
            "schedule:",
            "  suspended: yes",
            "  not_before: 2026-12-01T22:00+01:00",
            "  window: nights",
            "  needs: {tags: [WAN, fast], vram_gb: 22}",
            "  max_parallel: 2",
            "  after: [plates-upscale, 20260101-000000-b]",
            "retry: {stop_job_after: 5, deadline: 12h}",
        ),
    )
    assert spec.schedule == Schedule(
        suspended=True,
        not_before_at=datetime(2026, 12, 1, 21, tzinfo=UTC).timestamp(),
        window="nights",
        max_parallel=2,
        after=("plates-upscale", "20260101-000000-b"),
        needs=Needs(("fast", "wan"), 22),
    )
    assert spec.window is not None
    assert (spec.window.key, spec.window.line) == ("schedule.window", 6)
    assert (spec.stop_job_after, spec.deadline_s) == (5, 43200)


@pytest.mark.parametrize("text", ["2026-12-01T22:00", "2026-12-01 22:00:00", "'2026-12-01T22:00'"])
def test_a_time_without_a_zone_is_by_the_clock_of_the_machine(tmp_path: Path, text: str) -> None:
    spec = spec_of(tmp_path, asked(f"schedule: {{not_before: {text}}}"))
    assert spec.schedule.not_before_at == datetime(2026, 12, 1, 22).astimezone().timestamp()


@pytest.mark.parametrize(
    "text",
    ["2026-12-01T21:00Z", "2026-12-01 22:00 +01:00", "2026-12-01T21:00:00.000Z"],
)
def test_a_time_with_a_zone_is_the_same_everywhere(tmp_path: Path, text: str) -> None:
    spec = spec_of(tmp_path, asked(f"schedule: {{not_before: {text}}}"))
    assert spec.schedule.not_before_at == datetime(2026, 12, 1, 21, tzinfo=UTC).timestamp()


def test_each_of_very_many_rules_for_inputs_knows_its_line(tmp_path: Path) -> None:
    rules = "".join(f"    {number}.png: {{steps: 1}}\n" for number in range(20_000))
    spec = spec_of(tmp_path, asked(f"fan_out:\n  per_input:\n{rules}"))
    lines = [rule.pattern.line for rule in spec.fan_out.per_input]
    assert lines == [*range(5, 20_005)]


def test_a_job_is_waited_for_however_its_accents_are_written(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, asked("schedule: {after: e\u0301te\u0301}"))
    assert spec.schedule.after == ("\u00e9t\u00e9",)


def test_one_name_or_tag_may_stand_alone(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, asked("schedule: {after: plates, needs: {tags: wan}}"))
    assert (spec.schedule.after, spec.schedule.needs.tags) == (("plates",), ("wan",))


@pytest.mark.parametrize(
    ("text", "kind", "paths"),
    [
        ("a.png", "path", ["a.png"]),
        ("'*.png'", "glob", ["*.png"]),
        ("'shot[1].png'", "path", ["shot[1].png"]),
        ("[a.png, b.png]", "path", ["a.png", "b.png"]),
        ("{folder: frames}", "folder", ["frames"]),
        ("{file: a.png}", "file", ["a.png"]),
        ("{list: [a.png]}", "path", ["a.png"]),
    ],
)
def test_an_input_is_named_in_any_of_its_forms(
    tmp_path: Path, text: str, kind: str, paths: list[str]
) -> None:
    given: InputSpec = spec_of(tmp_path, asked(f"inputs: {{image: {text}}}")).inputs["image"]
    assert (given.kind, [path.text for path in given.paths]) == (kind, paths)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("45m", 2700), ("12h", 43200), ("30d", 2592000)]
)
def test_durations_have_their_unit(tmp_path: Path, text: str, seconds: float) -> None:
    assert spec_of(tmp_path, asked(f"retry: {{timeout: {text}}}")).timeout_s == seconds


def test_a_duration_of_nothing_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(Faults) as faults:
        spec_of(tmp_path, asked("output: {keep: 0s}"))
    assert str(faults.value).endswith(
        "output.keep: 0s is no time at all. Leave the key out where there is to be no such time."
    )


def test_a_list_of_seeds_is_kept(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, asked("fan_out: {seeds: [7, 010]}"))
    assert spec.fan_out.seeds == Seeds(values=(7, 10))


def test_a_key_with_nothing_behind_it_counts_as_not_written(tmp_path: Path) -> None:
    assert spec_of(tmp_path, asked("name:", "params:", "fan_out:")).name is None


@pytest.mark.parametrize(
    ("line", "code", "key"),
    [
        ("wworkflow: x", "unknown_key", "wworkflow"),
        ("notify: {to: studio, url: x}", "unknown_key", "notify.url"),
        ("notify: {events: done}", "missing_key", "notify.to"),
        ("notify: {events: [done, finished], to: studio}", "unknown_choice", "notify.events[1]"),
        ("notify: {to: [studio]}", "wrong_type", "notify.to"),
        ("notify: {to: 'https://hooks.example.org/x'}", "wrong_value", "notify.to"),
        ("output: {keep: 30}", "wrong_type", "output.keep"),
        ("output: {keep: 0d}", "out_of_range", "output.keep"),
        ("schedule: {windw: nights}", "unknown_key", "schedule.windw"),
        ("schedule: {window: [nights]}", "wrong_type", "schedule.window"),
        ("schedule: {suspended: maybe}", "wrong_type", "schedule.suspended"),
        ("schedule: {not_before: tomorrow}", "wrong_type", "schedule.not_before"),
        ("schedule: {max_parallel: 99999999999999999999}", "out_of_range", "schedule.max_parallel"),
        ("schedule: {not_before: 2026-02-30T22:00}", "wrong_type", "schedule.not_before"),
        ("schedule: {not_before: 2026-12-01T25:00}", "wrong_type", "schedule.not_before"),
        ("schedule: {not_before: 22:00}", "wrong_type", "schedule.not_before"),
        ("schedule: {not_before: 0000-01-01}", "wrong_type", "schedule.not_before"),
        ("schedule: {not_before: 9999-12-31T23:59-23:59}", "wrong_type", "schedule.not_before"),
        ("schedule: {max_parallel: 0}", "out_of_range", "schedule.max_parallel"),
        ("schedule: {after: {job: a}}", "bad_name", "schedule.after"),
        ("schedule: {after: 2030-01-01T08:00Z}", "wrong_type", "schedule.after"),
        ('schedule: {after: ["a\\nb"]}', "bad_name", "schedule.after[0]"),
        ("schedule: {needs: [wan]}", "wrong_type", "schedule.needs"),
        ("schedule: {needs: {tags: [a b]}}", "bad_name", "schedule.needs.tags[0]"),
        ("schedule: {needs: {vram_gb: .nan}}", "wrong_type", "schedule.needs.vram_gb"),
        ("schedule: {needs: {vram_gb: -1}}", "out_of_range", "schedule.needs.vram_gb"),
        ("retry: {stop_job_after: 0}", "out_of_range", "retry.stop_job_after"),
        ("retry: {deadline: 12}", "wrong_type", "retry.deadline"),
        ("fan_out: {rows: []}", "wrong_type", "fan_out.rows"),
        ("fan_out: {rows: {cfg: 1}}", "wrong_type", "fan_out.rows"),
        ("fan_out: {rows: [{}]}", "wrong_value", "fan_out.rows[0]"),
        ("fan_out: {rows: [cfg]}", "wrong_type", "fan_out.rows[0]"),
        ("fan_out: {rows: [{cfg: [1]}]}", "wrong_type", "fan_out.rows[0].cfg"),
        ("fan_out: {per_input: {a*: {}}}", "wrong_value", "fan_out.per_input.a*"),
        ("fan_out: {per_input: {a*: 3}}", "wrong_type", "fan_out.per_input.a*"),
        ("inputs: {image: {glob: a, foo: 1}}", "unknown_key", "inputs.image.foo"),
        ("inputs: {image: {glob: a, file: b}}", "wrong_value", "inputs.image"),
        ("inputs: {image: {expect: 3}}", "wrong_value", "inputs.image"),
        ("inputs: {image: {glob: a, expect: many}}", "wrong_type", "inputs.image.expect"),
        ("params: {size: {scale: 1.5, fit: 8x8}}", "wrong_type", "params.size"),
        ("params: {size: {scale: [1]}}", "wrong_type", "params.size"),
        ("params: [1]", "wrong_type", "params"),
        ("fan_out: {matrix: {cfg: 5}}", "wrong_type", "fan_out.matrix.cfg"),
        ("fan_out: {matrix: {cfg: []}}", "wrong_type", "fan_out.matrix.cfg"),
        ("fan_out: {matrix: {cfg: 5-1}}", "wrong_value", "fan_out.matrix.cfg"),
        ("fan_out: {matrix: {cfg: 1-9999999999}}", "wrong_value", "fan_out.matrix.cfg"),
        ("fan_out: {zip: [{a: [1, 2], b: [1]}]}", "uneven_zip", "fan_out.zip[0]"),
        ("fan_out: {zip: [{}]}", "uneven_zip", "fan_out.zip[0]"),
        ("fan_out: {seeds: {base: 1}}", "wrong_type", "fan_out.seeds"),
        ("fan_out: {seeds: [-1]}", "out_of_range", "fan_out.seeds[0]"),
        ("schedule: {priority: 101}", "out_of_range", "schedule.priority"),
        ("retry: {timeout: 45}", "wrong_type", "retry.timeout"),
        ("output: {sidecar: ful}", "unknown_choice", "output.sidecar"),
        ("name: ../../etc", "bad_name", "name"),
        ('name: "a\\nb"', "bad_name", "name"),
        ("name: " + "x" * 201, "bad_name", "name"),
    ],
)
def test_a_fault_names_its_line_and_key(tmp_path: Path, line: str, code: str, key: str) -> None:
    (problem,) = faults_of(tmp_path, asked(line))
    assert (problem.code, problem.key) == (code, key)
    assert (problem.where, problem.line) == ("cats.yaml", 3)


@pytest.mark.parametrize("name", ["shot (1)", "-x", "flower, red", "it's & co", "3.45\u202fPM"])
def test_a_job_may_be_called_what_a_file_may(tmp_path: Path, name: str) -> None:
    assert spec_of(tmp_path, asked(f"name: {json.dumps(name)}")).name == name


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, asked("fan_out:", "  matrx: {cfg: [1]}"))
    assert (problem.line, problem.column) == (4, 3)
    assert problem.hint == "Did you mean matrix?"
    assert problem.allowed == ("rows, matrix, zip, per_input, exclude, include, seeds, limit")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("seeds: {count: 2}", "Write it below `fan_out`."),
        ("window: nights", "Write it below `schedule`."),
        ("limit: 3", "Write it below `fan_out` or `retry`."),
        ("schedule: {name: beach}", "Write it at the left margin, not below `schedule`."),
        ("schedule: {timeout: 2h}", "Write it below `retry`."),
    ],
)
def test_a_key_in_the_wrong_part_is_told_where_it_belongs(
    tmp_path: Path, line: str, hint: str
) -> None:
    (problem,) = faults_of(tmp_path, asked(line))
    assert (problem.code, problem.hint) == ("unknown_key", hint)


def test_a_time_in_the_place_of_a_job_is_told_where_it_belongs(tmp_path: Path) -> None:
    (problem,) = faults_of(tmp_path, asked("schedule: {after: 2030-01-01T08:00}"))
    assert str(problem).endswith(
        "schedule.after: 2030-01-01T08:00 is a time, and names of jobs are wanted here. "
        "Write the time behind `not_before`."
    )


def test_all_faults_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    text = "vqd: 2\nworkflw: x\nretry: {limit: x}\nlabels: 3\n"
    codes = [(problem.line, problem.code) for problem in faults_of(tmp_path, text)]
    assert codes == [
        (1, "missing_key"),
        (1, "unknown_version"),
        (2, "unknown_key"),
        (3, "wrong_type"),
        (4, "wrong_type"),
    ]


def test_what_can_be_read_beside_a_fault_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cats.yaml"
    path.write_text(asked("name: cats", "retry: {limit: lots, timeout: 4m}", "params: {steps: 9}"))
    spec, problems = read(path)
    assert [problem.key for problem in problems] == ["retry.limit"]
    assert (spec.name, spec.retry_limit, spec.timeout_s) == ("cats", 2, 240)
    assert spec.params["steps"].text == "9"


def test_ranges_that_hold_too_much_together_are_not_written_out(tmp_path: Path) -> None:
    axes = [f"    a{number}: 1-100000" for number in range(3)]
    (problem,) = faults_of(tmp_path, asked("fan_out:", "  matrix:", *axes))
    assert (problem.code, problem.key) == ("wrong_value", "fan_out")
    assert problem.said == "its ranges hold 300,000 values together."


def test_texts_that_only_look_like_ranges_are_not_counted(tmp_path: Path) -> None:
    lists = asked("fan_out:", "  matrix: {a: [1-100000, 2-100000, 3-100000]}")
    assert len(spec_of(tmp_path, lists).fan_out.matrix["a"]) == 3


def test_of_very_many_faults_the_first_are_told_and_soon(tmp_path: Path) -> None:
    began_at = time.process_time()
    problems = faults_of(tmp_path, asked(*(f"k{number}: 1" for number in range(20_000))))
    assert time.process_time() - began_at < 5
    assert len(problems) == 100
    assert {problem.code for problem in problems} == {"unknown_key"}

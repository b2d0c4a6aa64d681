import json
from dataclasses import asdict

from vqd.domain.errors import Problem


def test_a_problem_without_a_hint_says_what_is_allowed() -> None:
    said = str(Problem("wrong_type", "45 is not a duration.", "job.yaml", 3, allowed="30s, 45m"))
    assert said == "job.yaml:3: 45 is not a duration. Allowed: 30s, 45m."


def test_in_full_it_says_what_is_allowed_beside_what_to_do() -> None:
    allowed = "area, bicubic, lanczos"
    said = "bicubical is no choice."
    hint = "Did you mean bicubic?"
    problem = Problem("unknown_choice", said, "job.yaml", 12, allowed=allowed, hint=hint)
    assert str(problem) == f"job.yaml:12: {said} {hint}"
    assert problem.in_full == f"job.yaml:12: {said} {hint} Allowed: {allowed}."


def test_a_long_list_of_what_is_allowed_is_cut_at_a_whole_name() -> None:
    problem = Problem("unknown_choice", "x is no choice.", allowed=", ".join(["abcdefgh"] * 1000))
    assert problem.in_full.endswith("abcdefgh, …")
    assert len(problem.in_full) < 450


def test_nothing_is_said_twice() -> None:
    problem = Problem("wrong_type", "on is not a number.", allowed="a number")
    assert str(problem) == "on is not a number."


def test_what_somebody_wrote_cannot_act_on_a_terminal_or_add_a_line() -> None:
    said = str(Problem("unknown_key", "unknown key.", "job.yaml", 3, key="a\n\x1b[2J\u202e\udcff"))
    assert said == "job.yaml:3: a\\n\\x1b[2J\\u202e\\udcff: unknown key."
    assert str(Problem("x", "Grüße 👨\u200d👩 日本\u3000語.")) == "Grüße 👨\u200d👩 日本\u3000語."


def test_a_name_that_is_no_text_stands_in_a_problem_as_text() -> None:
    problem = Problem("not_a_file", "caf\udce9.png is a link.", "bad\udce9.yaml", found="\udcff")
    assert json.dumps(asdict(problem), ensure_ascii=False).encode()
    assert str(problem) == "bad\ufffd.yaml: caf\ufffd.png is a link."

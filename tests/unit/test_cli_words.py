"""The command line as people mistype it, and names that would act on a terminal."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import TypeAdapter

from tests.builders import NOW, accept_a_job
from tests.house import House
from vqd.cli.app import vqd
from vqd.cli.jobtable import print_jobs
from vqd.service.shapes.jobs import JobShape
from vqd.spool.layout import Spool

JOB = "20260101-000000-beach"
ESCAPE = "20260101-000001-\x1b[31m🎬\nred"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    store = made.store()
    for name in (JOB, ESCAPE):
        accept_a_job(store, name)
        (Spool(tmp_path / "spool").active / name).mkdir()
    store.close()
    return made


def complete(house: House, line: str) -> list[str]:
    """Give what bash would be offered for the last word of a line."""
    words = line.split(" ")
    env = {
        "_VQD_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "VQD_SETTINGS": str(house.settings),
    }
    told = CliRunner().invoke(vqd, [], env=env, prog_name="vqd", complete_var="_VQD_COMPLETE")
    return [one.partition(",")[2] for one in told.output.splitlines()]


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(vqd, [*words], env=env, catch_exceptions=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["canel", JOB], "there is no verb canel. Did you mean cancel?"),
        (["\x1b[31mstatsu"], "there is no verb \\x1b[31mstatsu."),
        (["workflows", "lst"], "there is no verb lst. Did you mean list?"),
        (["list", "--state", "halted"], "'halted' is not one of"),
        (["list", "--label", "acme"], "acme: write it as NAME=VALUE."),
        (["priority", JOB, "101"], "101 is not in the range 0<=x<=100"),
        (["status", "--spool", "a", "--url", "http://b"], "name a queue each: give one."),
    ],
)
def test_what_is_mistyped_is_said_with_what_was_meant(words: list[str], said: str) -> None:
    answer = run(*words)
    assert answer.exit_code == 2
    assert said in answer.output


def test_what_is_written_out_means_the_short_verb() -> None:
    assert run("database", "migrate", "--help").output == run("db", "migrate", "--help").output
    assert "there is no verb database" not in run("database").output
    assert "\n  database " not in run("--help").output


@pytest.mark.parametrize("verb", ["show", "status", "explain", "cancel", "log"])
def test_of_a_job_that_is_none_the_nearest_is_named(house: House, verb: str) -> None:
    answer = house.vqd(verb, "baech")
    assert answer.exit_code == 4
    assert f"There is no job 'baech'. Did you mean {JOB}? [unknown_job]" in answer.output


def test_that_no_job_is_like_what_was_asked_for_is_said(house: House, tmp_path: Path) -> None:
    assert house.vqd("list", "--search", "baech").stderr == "no job is like that\n"
    assert house.vqd("list", "--search", "baech").stdout == ""
    empty = House(tmp_path / "empty")
    empty.store().close()
    assert empty.vqd("list").stderr == "no job yet\n"


@pytest.mark.parametrize("verb", ["show", "status", "cancel", "log", "retry"])
def test_of_a_drop_that_is_no_job_yet_it_is_said_who_tells_why(house: House, verb: str) -> None:
    (house.folder / "spool" / "inbox" / "dropped").mkdir()
    answer = house.vqd(verb, "dropped")
    assert answer.exit_code == 4
    said = "dropped lies in the inbox and is no job yet. vqd explain dropped says why."
    assert f"{said} [unknown_job]" in answer.output


@pytest.mark.parametrize("verb", ["status", "list", "explain"])
def test_nothing_in_a_name_acts_on_a_terminal(house: House, verb: str) -> None:
    words = [verb] if verb in ("status", "list") else [verb, "🎬"]
    answer = house.vqd(*words, colour=True)
    assert answer.exit_code == 0
    assert "20260101-000001-\\x1b[31m🎬\\nred" in answer.output
    assert "\x1b[31m🎬" not in answer.output


@pytest.mark.parametrize("verb", ["cancel", "log", "report"])
def test_nothing_in_the_names_of_a_fault_acts_on_a_terminal(house: House, verb: str) -> None:
    answer = house.vqd(verb, "2026")
    assert answer.exit_code == 4
    assert "20260101-000001-\\x1b[31m🎬\\nred" in answer.stderr
    assert "\x1b" not in answer.stderr


def test_a_path_that_is_not_utf8_ends_nothing(house: House) -> None:
    there = str(house.folder / "b\udcffd")
    assert json.loads(house.vqd("backup", "--to", there, "--json").stdout)["jobs"] == 2
    assert "b\\udcffd" in house.vqd("backup", "--to", there).stdout


def test_no_color_is_heeded_and_json_has_none(house: House) -> None:
    args = ["status", "--settings", str(house.settings)]
    plain = CliRunner(env={"NO_COLOR": "1"}).invoke(vqd, args, color=True)
    assert "\x1b[" not in plain.output
    told = house.vqd("list", "--json", colour=True).output
    assert [one["job"] for one in json.loads(told)] == [ESCAPE, JOB]


def test_jobs_are_listed_by_what_is_asked_for(house: House) -> None:
    def listed(*words: str) -> list[str]:
        told = house.vqd("list", "--json", *words).output
        return [one["job"] for one in json.loads(told)]

    assert listed("--search", "beach") == [JOB]
    assert listed("--state", "done", "--state", "failed") == []
    assert listed("--state", "queued", "--limit", "1") == [ESCAPE]
    assert listed("--workflow", "nothing") == []


def test_a_shell_completes_verbs_jobs_and_workflows(house: House) -> None:
    assert complete(house, "vqd expl") == ["explain"]
    assert complete(house, "vqd show bea") == [JOB]
    assert complete(house, "vqd workflows show image-s") == ["image-scale"]
    assert complete(house, "vqd list --state run") == ["running"]


def test_where_nothing_is_set_up_nothing_is_completed(tmp_path: Path) -> None:
    env = {
        "_VQD_COMPLETE": "bash_complete",
        "COMP_WORDS": "vqd show b",
        "COMP_CWORD": "2",
        "VQD_SETTINGS": str(tmp_path / "none.yaml"),
    }
    told = CliRunner().invoke(vqd, [], env=env, prog_name="vqd", complete_var="_VQD_COMPLETE")
    assert told.output.strip() == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_needs_is_printed(shell: str) -> None:
    told = run("completion", shell)
    assert told.exit_code == 0
    assert f"_VQD_COMPLETE={shell}_complete" in told.output


def test_a_share_alone_is_steered_and_its_queue_is_not_asked(house: House) -> None:
    spool = house.folder / "spool"
    asked = run("pause", "beach", "--spool", str(spool))
    assert asked.exit_code == 0
    assert (spool / "active" / JOB / "PAUSE").is_file()
    refused = run("status", "--spool", str(spool))
    assert refused.exit_code == 5
    assert "[no_queue]" in refused.output
    away = run("cancel", "beach", "--spool", str(house.folder / "nowhere"))
    assert away.exit_code == 5
    assert "[spool_away]" in away.output


class Terminal(io.StringIO):
    """What a terminal would show."""

    def isatty(self) -> bool:
        return True


def test_a_job_stays_on_its_line_where_a_terminal_is_narrow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = house.vqd("list", "--search", "beach", "--json").output
    jobs = TypeAdapter(list[JobShape]).validate_json(told)
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    with redirect_stdout(terminal):
        print_jobs(jobs, NOW)
    assert [line.split()[:3] for line in terminal.getvalue().splitlines()] == [
        [JOB, "queued", "0/2"]
    ]
    assert max(len(line) for line in terminal.getvalue().splitlines()) <= 60

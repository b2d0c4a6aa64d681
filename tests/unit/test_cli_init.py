"""`vqd init`, by what it is told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vqd.cli.app import vqd
from vqd.engine.child import EngineProcess
from vqd.settings.load import load_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder of somebody who has nothing of vqd's, on a machine without ComfyUI."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VQD_SETTINGS", raising=False)
    monkeypatch.setattr("vqd.cli.init.COMFYUI_HERE", "http://127.0.0.1:1")
    monkeypatch.setattr("vqd.setup.SERVICE_USER", "nobody-has-this-name")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str) -> Result:
    return CliRunner().invoke(vqd, ["init", *words])


def urls() -> list[str]:
    return [server.url for server in load_settings().servers]


def test_one_word_is_enough(home: Path) -> None:
    made = init("spool")
    assert made.exit_code == 0, made.output
    assert load_settings().spool == home / "spool"
    assert urls() == ["builtin"]
    assert "Now: vqd run --settings vqd.yaml\n" in made.output
    assert f"Then drop jobs into {home}/spool/inbox\n" in made.output


def test_a_comfyui_of_this_machine_is_used_unless_servers_are_named(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.cli.init.COMFYUI_HERE", engine.url)
    assert init("spool", "--state", "state").exit_code == 0
    assert urls() == ["builtin", engine.url]
    Path("vqd.yaml").unlink()
    assert init("spool", "--state", "state", "--server", "http://gpu1:8188").exit_code == 0
    assert urls() == ["http://gpu1:8188"]


def test_what_is_proposed_is_taken_with_yes_and_nothing_without_anybody_to_ask(home: Path) -> None:
    refused = init()
    assert refused.exit_code == 2
    assert "with --yes" in refused.output
    assert not Path("vqd.yaml").exists()
    assert init("--yes").exit_code == 0
    assert load_settings().spool == home / "home" / "vqd"


def test_a_program_is_told_what_was_made_and_asked_nothing(home: Path) -> None:
    assert "with --yes" in init("--json").output
    told = json.loads(init("spool", "--state", "state", "--json").output)
    places = [str(home / "spool"), str(home / "state"), "vqd.yaml"]
    assert [told["spool"], told["state_dir"], told["settings"]] == places == told["made"]
    assert told["servers"] == ["builtin"]
    assert told["next"] == "vqd run --settings vqd.yaml"
    assert json.loads(init("--json").output) == {**told, "spool": places[0], "made": []}


def test_asked_again_it_makes_what_is_missing_and_overwrites_nothing(home: Path) -> None:
    init("spool", "--state", "state")
    text = Path("vqd.yaml").read_text(encoding="utf-8") + "rescan_s: 30\n"
    Path("vqd.yaml").write_text(text, encoding="utf-8")
    Path("state").rmdir()
    for words in ((), ("spool",), ("spool", "--state", "state", "--server", "builtin")):
        again = init(*words)
        assert again.exit_code == 0, again.output
        assert "settings  vqd.yaml  (was there)" in again.output
    assert Path("state").is_dir()
    assert Path("vqd.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "words",
    [("other",), ("spool", "--state", "other"), ("spool", "--server", "http://gpu1:8188")],
)
def test_settings_that_say_something_else_are_kept_and_told(words: tuple[str, ...]) -> None:
    init("spool", "--state", "state")
    text = Path("vqd.yaml").read_text(encoding="utf-8")
    refused = init(*words)
    assert refused.exit_code == 5
    assert "vqd.yaml is there already, and says s" in refused.output
    assert "[settings_differ]" in refused.output
    assert Path("vqd.yaml").read_text(encoding="utf-8") == text
    assert not Path("other").exists()


def test_settings_at_fault_are_told_before_anything_is_made() -> None:
    Path("vqd.yaml").write_text("spool: spool\nstate_dir: state\nservres: [builtin]\n")
    refused = init()
    assert refused.exit_code == 3
    assert "Did you mean servers?" in refused.output
    assert not Path("spool").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("spool", "--state", "spool/state"), "not_apart"),
        (("spool", "--state", "state\udcff"), "not_utf8"),
        (("spool", "--server", "gpu1"), "wrong_value"),
        (("spool", "--server", "builtin", "--server", "builtin"), "wrong_value"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    words: tuple[str, ...], code: str
) -> None:
    refused = init(*words)
    assert refused.exit_code == 3
    assert f"[{code}]" in refused.output
    assert not Path("spool").exists()


def test_settings_that_are_a_link_to_nothing_are_told_before_anything_is_made() -> None:
    Path("vqd.yaml").symlink_to("elsewhere/vqd.yaml")
    refused = init("spool")
    assert refused.exit_code == 3
    assert "vqd.yaml is a link to what is not there." in refused.output
    assert "[missing_file]" in refused.output
    assert not Path("spool").exists()


def test_the_settings_go_where_the_environment_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VQD_SETTINGS", str(home / "etc" / "render.yaml"))
    assert init("spool").exit_code == 0
    assert load_settings().spool == home / "spool"

"""vqd settings, as somebody types it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.builders import write
from vqd.cli.app import vqd
from vqd.cli.codes import EXIT_FAULTS, EXIT_REFUSED

SETTINGS = """\
spool: spool
state_dir: state
servers: [{url: "http://gpu1", headers: {Authorization: Bearer s3cret}}]
"""


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of this folder, with a drop-in."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("VQD_")]:
        monkeypatch.delenv(name)
    write(tmp_path / "vqd.d" / "10-keep.yaml", "keep: 30d\n")
    return write(tmp_path / "vqd.yaml", SETTINGS)


def run(*words: str) -> Result:
    return CliRunner().invoke(vqd, ["settings", *words])


def printed(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def test_every_setting_is_shown_with_where_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VQD_WEB__LISTEN", "127.0.0.1:80")
    rows = [line.split(maxsplit=2) for line in run("show").stdout.splitlines()]
    assert ["spool", "vqd.yaml:1", str(tmp_path / "spool")] in rows
    assert ["keep", "vqd.d/10-keep.yaml:1", "30d"] in rows
    assert ["web.listen", "VQD_WEB__LISTEN", "127.0.0.1:80"] in rows
    assert ["rescan_s", "default", "60.0"] in rows
    assert ["servers[0].headers.Authorization", "vqd.yaml:3", "(hidden)"] in rows


def test_those_of_one_key_are_shown_and_no_secret(settings: Path) -> None:
    shown = printed("show", "servers")
    assert {"key": "servers[0].url", "value": "http://gpu1", "file": "vqd.yaml", "line": 3} in shown
    assert {row["key"].partition("[")[0] for row in shown} == {"servers"}
    assert "s3cret" not in run("show").stdout + json.dumps(printed("show"))


def test_a_key_that_there_is_not_is_told_with_the_nearest() -> None:
    done = run("show", "recan_s")
    assert done.exit_code == EXIT_REFUSED
    assert "Did you mean rescan_s?" in done.stderr


def test_settings_that_are_well_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQD_FOO", "bar")
    done = run("check")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "VQD_FOO: no setting; left alone",
        "vqd.yaml, vqd.d/10-keep.yaml: nothing wrong",
    ]
    assert printed("check") == {
        "ok": True,
        "files": ["vqd.yaml", "vqd.d/10-keep.yaml"],
        "problems": [],
        "ignored": ["VQD_FOO"],
    }


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    other = write(tmp_path / "other.yaml", "spool: spool\nstate_dir: state\nkeep: 3\nrescan: 5\n")
    done = run("check", str(other))
    assert done.exit_code == EXIT_FAULTS
    first, second = done.stderr.splitlines()
    assert first.startswith(f"error: {other}:3: keep: 3 is not a duration. Allowed: ")
    assert second.startswith(f"error: {other}:4: rescan: unknown key. Did you mean rescan_s?")
    told = printed("check", str(other))
    assert [(one["code"], one["line"]) for one in told["problems"]] == [
        ("wrong_type", 3),
        ("unknown_key", 4),
    ]
    assert not told["ok"]


def test_a_file_that_is_not_there_is_a_fault() -> None:
    done = run("check", "none.yaml")
    assert done.exit_code == EXIT_FAULTS
    assert "none.yaml: no such settings file" in done.stderr

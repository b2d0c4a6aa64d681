"""A set-up as it is proposed and laid out."""

import os
import pwd
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from vqd.domain.errors import VqdError
from vqd.engine.child import EngineProcess
from vqd.settings.farm import BUILTIN
from vqd.settings.load import load_settings
from vqd.setup import SetUp, as_it_is, comfyui_at, lay_out, proposed
from vqd.spool.layout import Spool

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
SOMEBODY = "nobody"


@pytest.fixture
def setup(tmp_path: Path) -> SetUp:
    """A set-up that is not there yet."""
    places = tmp_path / "shots: day 1" / "spool", tmp_path / "state"
    return SetUp(*places, (BUILTIN, "http://gpu1:8188"), tmp_path / "etc" / "vqd.yaml")


def test_what_was_laid_out_is_what_the_settings_name_that_were_written(setup: SetUp) -> None:
    assert lay_out(setup) == [setup.spool, setup.state_dir, setup.settings_file]
    assert as_it_is(setup.settings_file, None) == setup
    Spool(setup.spool).check()


def test_laid_out_again_nothing_changes_and_what_is_missing_is_made(setup: SetUp) -> None:
    lay_out(setup)
    kept = "rescan_s: 30\n" + setup.settings_file.read_text(encoding="utf-8")
    setup.settings_file.write_text(kept, encoding="utf-8")
    marker = Spool(setup.spool).marker.path.read_bytes()
    setup.state_dir.rmdir()
    (setup.spool / "done").rmdir()

    assert lay_out(setup) == [setup.state_dir]

    assert Spool(setup.spool).marker.path.read_bytes() == marker
    assert setup.settings_file.read_text(encoding="utf-8") == kept
    assert (setup.spool / "done").is_dir()


def test_every_setting_that_is_written_has_a_sentence_and_the_rest_is_found(setup: SetUp) -> None:
    lay_out(setup)
    head, *parts = setup.settings_file.read_text(encoding="utf-8").split("\n\n")
    assert Path(head.rsplit(": ", 1)[1]).read_text(encoding="utf-8").startswith("# vqd's settings")
    assert [part.splitlines()[1].partition(":")[0] for part in parts] == [
        "spool",
        "state_dir",
        "servers",
    ]
    assert all(part.startswith("# ") for part in parts)


def test_the_settings_are_written_last_so_that_it_can_be_asked_again(setup: SetUp) -> None:
    setup.state_dir.write_text("in the way")
    with pytest.raises(FileExistsError):
        lay_out(setup)
    assert not setup.settings_file.exists()
    setup.state_dir.unlink()
    assert lay_out(setup) == [setup.state_dir, setup.settings_file]


@needs_root
def test_what_root_lays_out_is_its_owners_and_the_groups_to_write(setup: SetUp) -> None:
    before = os.umask(0o077)
    try:
        lay_out(replace(setup, owner=SOMEBODY))
    finally:
        os.umask(before)
    user = pwd.getpwnam(SOMEBODY)
    spool = Spool(setup.spool)
    own = spool.inbox / "_vqd"
    for folder in (spool.root, *spool.folders, own):
        facts = folder.stat()
        assert (facts.st_uid, facts.st_gid) == (user.pw_uid, user.pw_gid)
        assert stat.S_IMODE(facts.st_mode) == 0o2775
    assert {path.stat().st_uid for path in (spool.marker.path, *own.iterdir())} == {user.pw_uid}
    assert setup.state_dir.stat().st_uid == user.pw_uid
    assert stat.S_IMODE(setup.state_dir.stat().st_mode) == 0o750
    assert setup.settings_file.stat().st_uid == 0
    assert stat.S_IMODE(setup.settings_file.stat().st_mode) == 0o644


@needs_root
def test_what_is_somebodys_already_stays_his(setup: SetUp) -> None:
    lay_out(setup)
    os.chown(setup.spool, 12345, 12345)
    (setup.spool / "inbox" / "theirs").mkdir()
    lay_out(replace(setup, owner=SOMEBODY))
    assert setup.spool.stat().st_uid == 12345
    assert (setup.spool / "inbox" / "theirs").stat().st_uid == 0
    assert (setup.spool / "inbox").stat().st_uid == pwd.getpwnam(SOMEBODY).pw_uid


@needs_root
def test_a_share_that_keeps_its_owners_is_named(setup: SetUp) -> None:
    lay_out(setup)
    proc = replace(setup, state_dir=Path("/proc/self/task"), owner=SOMEBODY)
    with pytest.raises(VqdError, match="cannot be given to the user nobody") as raised:
        lay_out(proc)
    assert raised.value.code == "not_given"


def test_a_comfyui_is_found_and_what_is_none_is_not(engine: EngineProcess) -> None:
    assert comfyui_at(engine.url)
    assert comfyui_at("http://127.0.0.1:1") is None


def test_what_is_proposed_can_be_laid_out_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vqd.setup.SERVICE_USER", "nobody-has-this-name")
    setup = proposed()
    lay_out(setup)
    settings = load_settings()
    assert settings.spool == tmp_path / "vqd"
    assert settings.state_dir == tmp_path / ".local" / "state" / "vqd"


@needs_root
def test_root_is_proposed_the_places_of_the_service_where_its_user_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vqd.setup.SERVICE_USER", SOMEBODY)
    setup = proposed()
    assert (setup.spool, setup.state_dir) == (Path("/srv/vqd"), Path("/var/lib/vqd"))
    assert (setup.settings_file, setup.owner) == (Path("/etc/vqd/vqd.yaml"), SOMEBODY)

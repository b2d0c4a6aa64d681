"""What is examined of a set-up whose settings cannot be used."""

from pathlib import Path

import pytest

from vqd.doctor.house import examine_house
from vqd.domain.finding import Finding, Level
from vqd.settings.standing import tell


def faults(settings_file: Path | None) -> dict[str, Finding]:
    seen = [*examine_house(settings_file, lambda _: None)]
    assert [one.about for one in seen][:2] == ["settings", "machine"]
    return {one.code: one for one in seen[0].findings if one.level is not Level.OK}


def test_settings_that_are_not_there_are_made_by_what_it_says(tmp_path: Path) -> None:
    found = faults(tmp_path / "vqd.yaml")["settings_missing"]
    assert found.cure == (f"vqd init /srv/vqd --settings {tmp_path}/vqd.yaml",)


def test_nobody_wrote_settings_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vqd.settings.files.SEARCHED", (Path("vqd.yaml"),))
    monkeypatch.delenv("VQD_SETTINGS", raising=False)
    assert faults(None)["settings_missing"].cure == ("vqd init /srv/vqd",)


def test_every_fault_in_the_settings_is_told_with_its_line(tmp_path: Path) -> None:
    settings = tmp_path / "vqd.yaml"
    settings.write_text("spool: s\nstate_dir: t\nsetle_s: 2\nrescan_s: often\n")
    found = faults(settings)
    assert found["unknown_key"].cure == (f"${{EDITOR:-nano}} +3 {settings}",)
    assert found["wrong_type"].cure == (f"${{EDITOR:-nano}} +4 {settings}",)


def test_a_variable_that_says_something_wrong_is_unset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "vqd.yaml"
    settings.write_text("spool: s\nstate_dir: t\n")
    monkeypatch.setenv("VQD_RESCAN_S", "often")
    (found,) = faults(settings).values()
    assert found.cure == ("unset VQD_RESCAN_S  # or set it right",)


def test_a_daemon_that_refused_the_settings_when_it_read_them_is_told_of(tmp_path: Path) -> None:
    settings = tmp_path / "vqd.yaml"
    settings.write_text("spool: s\nstate_dir: t\n")
    (tmp_path / "t").mkdir()
    tell(tmp_path / "t", "refused, and as before: the port is taken")
    found = faults(settings)["settings_unread"]
    assert "the port is taken" in found.said
    assert found.cure[0].startswith("systemctl reload vqd")


def test_its_folders_are_asked_one_by_one_though_the_rest_is_wrong(tmp_path: Path) -> None:
    settings = tmp_path / "vqd.yaml"
    settings.write_text("spool: s\nstate_dir: t\nsetle_s: 2\n")
    (tmp_path / "s").mkdir()
    *_, spool, state = examine_house(settings, lambda _: None)
    assert [found.said for found in (*spool.findings, *state.findings)] == [
        f"{tmp_path}/s is there",
        f"{tmp_path}/t is not there",
    ]


def test_the_spool_of_another_daemon_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    settings = tmp_path / "vqd.yaml"
    settings.write_text("spool: s\nstate_dir: t\nspools: [other]\n")
    other = tmp_path / "other"
    seen = {one.about: one.findings for one in examine_house(settings, lambda _: None)}
    (found,) = seen[f"spool {other}"]
    assert (found.level, found.code) == (Level.WARN, "other_spool_away")
    assert found.said.startswith(f"no vqd spool in {other}: its marker")
    assert found.cure == (f"findmnt -T {other}  # is it mounted?",)

"""What `systemctl show` tells of vqd's unit, and what it means."""

from pathlib import Path

import pytest

from vqd.doctor import units
from vqd.doctor.units import examine_unit, unit_by
from vqd.domain.finding import Finding, Level

HEALTHY = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "NeedDaemonReload": "no",
    "User": "root",
    "Result": "success",
    "NRestarts": "0",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "ReadWritePaths": "-/srv/vqd",
    "StateDirectory": "vqd",
}
WRITTEN = [Path("/srv/vqd/spool"), Path("/var/lib/vqd")]


class Systemd:
    """A `systemctl` that tells what a test wants; without any, systemd does not run."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "systemctl"

    def tells(self, **changed: str) -> None:
        lines = "\n".join(f"{name}={value}" for name, value in {**HEALTHY, **changed}.items())
        self._script.write_text(f"#!/bin/sh\nexec /bin/cat <<'END'\n{lines}\nEND\n")
        self._script.chmod(0o755)

    def is_not_booted(self) -> None:
        self._script.write_text(
            "#!/bin/sh\necho System has not been booted with systemd >&2\nexit 1"
        )
        self._script.chmod(0o755)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return Systemd(folder)


def examined(*written: Path, is_running: bool | None = True) -> list[Finding]:
    return [*examine_unit("vqd", written or WRITTEN, is_running=is_running)]


def faults(*written: Path) -> dict[str, Finding]:
    return {
        one.code: one for one in examined(*written, is_running=False) if one.level is not Level.OK
    }


def test_a_unit_that_runs_and_may_write_where_it_must_has_no_fault(systemd: Systemd) -> None:
    systemd.tells()
    assert [finding.said for finding in examined()] == ["vqd.service runs"]


def test_a_unit_that_failed_says_how_and_where_it_is_told_why(systemd: Systemd) -> None:
    systemd.tells(ActiveState="failed", Result="exit-code", NRestarts="7")
    found = faults()
    assert found["unit_failed"].level is Level.WRONG
    assert found["unit_failed"].said == "vqd.service has failed (exit-code)"
    assert found["unit_failed"].cure == (
        "journalctl -u vqd -n 50 --no-pager  # says why",
        "sudo systemctl restart vqd",
    )
    assert found["unit_restarts"].said == "systemd had to start it again 7 times"


@pytest.mark.parametrize(
    ("changed", "code", "cure"),
    [
        ({"ActiveState": "inactive"}, "daemon_down", "sudo systemctl start vqd"),
        ({"ActiveState": "activating"}, "unit_changing", "systemctl status vqd"),
        ({"UnitFileState": "disabled"}, "unit_disabled", "sudo systemctl enable vqd"),
        ({"UnitFileState": "masked"}, "unit_masked", "sudo systemctl unmask vqd"),
        ({"User": "vqd"}, "other_user", "sudo -u vqd vqd doctor"),
        (
            {"NeedDaemonReload": "yes"},
            "unit_outdated",
            "sudo systemctl daemon-reload && sudo systemctl restart vqd",
        ),
    ],
)
def test_what_is_not_as_it_should_be_has_its_command(
    systemd: Systemd, changed: dict[str, str], code: str, cure: str
) -> None:
    systemd.tells(**changed)
    found = faults()
    assert list(found) == [code]
    assert found[code].cure == (cure,)


@pytest.mark.parametrize(
    ("folder", "lines"),
    [
        ("/mnt/nas/50% done", "'ReadWritePaths=\"-/mnt/nas/50%% done\"'"),
        ("/home/ann/spool", "'ReadWritePaths=\"-/home/ann/spool\"' ProtectHome=false"),
        ("/tmp/spool", "'ReadWritePaths=\"-/tmp/spool\"' PrivateTmp=false"),
    ],
)
def test_a_spool_that_the_unit_closes_is_opened_by_a_drop_in(
    systemd: Systemd, folder: str, lines: str
) -> None:
    systemd.tells()
    found = faults(Path(folder))["unit_closed"]
    assert found.level is Level.WRONG
    made, written, again = found.cure
    assert made == "sudo mkdir -p /etc/systemd/system/vqd.service.d"
    assert written.startswith(f"printf '%s\\n' '[Service]' {lines} | sudo tee ")
    assert again == "sudo systemctl daemon-reload && sudo systemctl restart vqd"


def test_a_unit_that_closes_nothing_lets_every_folder_be(systemd: Systemd) -> None:
    systemd.tells(ProtectSystem="no", ProtectHome="no", PrivateTmp="no", ReadWritePaths="")
    assert faults(Path("/home/ann/spool")) == {}


def test_without_a_unit_it_counts_whether_a_daemon_runs(systemd: Systemd) -> None:
    systemd.tells(LoadState="not-found")
    (found,) = examined(is_running=False)
    assert (found.level, found.code) == (Level.WARN, "no_unit")
    assert found.cure[-1] == "sudo systemctl daemon-reload && sudo systemctl enable --now vqd"
    (found,) = examined(is_running=True)
    assert found.said == "the daemon runs, by hand: systemd has no unit vqd.service"


def test_without_systemd_the_daemon_is_started_by_hand(systemd: Systemd) -> None:
    systemd.is_not_booted()
    (found,) = examined(is_running=False)
    assert (found.code, found.cure) == ("daemon_down", ("vqd run",))
    (found,) = examined(is_running=True)
    assert (found.level, found.said) == (Level.OK, "the daemon runs, without systemd")


@pytest.mark.parametrize(
    ("settings_file", "unit"),
    [
        (None, "vqd"),
        (Path("/etc/vqd/vqd.yaml"), "vqd"),
        (Path("/etc/vqd/nights.yaml"), "vqd@nights"),
        (Path("/home/ann/nights.yaml"), "vqd"),
    ],
)
def test_the_unit_of_one_of_several_spools_is_known_by_its_settings(
    settings_file: Path | None, unit: str
) -> None:
    assert unit_by(settings_file) == unit


def test_the_unit_is_known_where_the_settings_are_named_from_their_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "_ITS_SETTINGS", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert unit_by(Path("nights.yaml")) == "vqd@nights"


def test_a_daemon_that_runs_by_hand_beside_a_unit_that_does_not_is_none_that_is_down(
    systemd: Systemd,
) -> None:
    systemd.tells(ActiveState="inactive")
    found = next(iter(examine_unit("vqd", WRITTEN, is_running=True)))
    assert (found.level, found.cure) == (Level.OK, ())
    assert found.said == "the daemon runs, by hand: vqd.service does not"


def test_what_mends_an_instance_names_it(systemd: Systemd) -> None:
    systemd.tells(ActiveState="inactive", User="vqd")
    found = [*examine_unit("vqd@nights", WRITTEN, is_running=False)]
    cures = [line for one in found for line in one.cure]
    assert "sudo -u vqd vqd doctor --settings /etc/vqd/nights.yaml" in cures
    assert (found[0].said, found[0].cure) == (
        "vqd@nights.service does not run",
        ("sudo systemctl start vqd@nights",),
    )

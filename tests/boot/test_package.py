"""The Debian package, on a clean Debian that systemd booted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot.debian import Debian, why_no_package
from tests.boot.service import Service
from tests.daemons import manifest_of
from tests.samples import clip_job, picture_job

_WHY_NOT = why_no_package()
pytestmark = [
    pytest.mark.skipif(_WHY_NOT is not None, reason=_WHY_NOT or ""),
    pytest.mark.timeout(900),  # Debian is fetched the first time
]
OWN = "etc/vqd/vqd.d/own.yaml"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    """A clean Debian."""
    made = Debian(tmp_path_factory.mktemp("debian"))
    yield made
    made.close()


@pytest.fixture
def debian(machine: Debian) -> Iterator[Debian]:
    """One with the package on it, as it is when it was just installed."""
    if machine.state() != "ii":
        machine.install()
    yield machine
    (machine.root / OWN).unlink(missing_ok=True)


@pytest.fixture
def service(debian: Debian) -> Service:
    """The service, and somebody in its group who drops jobs."""
    debian.run("systemd-sysusers", "--inline", "u anna -", "m anna vqd")
    return Service(debian)


def test_installed_it_runs_and_takes_jobs_and_starts_with_the_machine(
    service: Service, tmp_path: Path
) -> None:
    service.drop(picture_job(tmp_path / "beach"))
    service.drop(clip_job(tmp_path / "day"))

    assert len(manifest_of(service.wait_done("beach"))) == 2
    assert manifest_of(service.wait_done("day"))[0]["kind"] == "video"

    assert (service.facts["UnitFileState"], service.facts["User"]) == ("enabled", "vqd")
    assert service.machine.run("vqd", "settings", "check") == "/etc/vqd/vqd.yaml: nothing wrong\n"


def test_the_doctor_finds_nothing_wrong(service: Service) -> None:
    told = service.machine.attempt("vqd", "doctor", as_user="vqd")
    assert told.returncode in (0, 6), told.stdout
    assert "vqd.service runs" in told.stdout


def test_the_page_and_notices_are_there_for_the_asking(service: Service) -> None:
    service.machine.write(OWN, "web: {listen: '127.0.0.1:8640'}\n")
    service.machine.run("systemctl", "restart", "vqd")
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8640/').read().decode())"
    assert "page.js" in service.machine.run("/usr/lib/vqd/bin/python3", "-c", ask)
    service.machine.run("/usr/lib/vqd/bin/python3", "-c", "import apprise")


def test_a_new_version_keeps_settings_and_goes_on(
    debian: Debian, service: Service, tmp_path: Path
) -> None:
    before = service.pid
    debian.write(OWN, "rescan_s: 30\n")
    settings = debian.root / "etc/vqd/vqd.yaml"
    mine = settings.read_text(encoding="utf-8") + "\n# mine\n"
    settings.write_text(mine, encoding="utf-8")

    debian.install()

    assert service.is_active()
    assert service.pid not in (0, before)
    assert settings.read_text(encoding="utf-8") == mine
    assert (debian.root / OWN).is_file()
    service.drop(picture_job(tmp_path / "later"))
    service.wait_done("later")


def test_removed_it_leaves_jobs_settings_and_queue_and_takes_them_up_again(
    debian: Debian, service: Service, tmp_path: Path
) -> None:
    service.drop(picture_job(tmp_path / "kept"))
    job = service.wait_done("kept").name
    debian.write(OWN, "rescan_s: 30\n")

    debian.run("dpkg", "--remove", "vqd")

    assert debian.state() == "rc"
    assert debian.attempt("systemctl", "is-active", "vqd").stdout.strip() == "inactive"
    assert not (debian.root / "usr/lib/vqd").exists()
    assert not (debian.root / "usr/bin/vqd").is_symlink()
    assert (service.spool / "done" / job / "report.html").is_file()
    assert (debian.root / "var/lib/vqd/queue.db").is_file()
    assert (debian.root / "etc/vqd/vqd.yaml").is_file()
    assert (debian.root / OWN).is_file()

    debian.install()

    assert service.is_active()
    assert job in debian.run("vqd", "list", as_user="vqd")


def test_purged_it_leaves_what_is_peoples_own_and_says_where(
    debian: Debian, service: Service, tmp_path: Path
) -> None:
    service.drop(picture_job(tmp_path / "precious"))
    job = service.wait_done("precious").name
    debian.write(OWN, "rescan_s: 30\n")

    said = debian.run("sh", "-c", "dpkg --purge vqd 2>&1")

    assert debian.state() == "un"
    for left in ("/srv/vqd", "/var/lib/vqd", "/etc/vqd"):
        assert f"vqd leaves {left}; if nothing in it is needed: rm -r {left}" in said
    assert (service.spool / "done" / job / "report.html").is_file()
    assert not (debian.root / "etc/vqd/vqd.yaml").exists()
    enabled = debian.root / "etc/systemd/system/multi-user.target.wants/vqd.service"
    assert not enabled.is_symlink()


def test_a_share_that_is_away_is_left_alone_and_awaited(debian: Debian) -> None:
    debian.run("dpkg", "--purge", "vqd")
    debian.run("sh", "-c", "rm -rf /srv/vqd && mkdir /srv/vqd")

    debian.install()

    assert debian.state() == "ii"
    assert not list((debian.root / "srv/vqd").iterdir())
    debian.wait_journal("vqd", "vqd init")
    debian.run("vqd", "init")
    debian.run("systemctl", "restart", "vqd")
    assert debian.run("systemctl", "is-active", "vqd") == "active\n"

"""The service that runs for months, on a machine that systemd booted."""

import json
import signal
from pathlib import Path

from tests.boot.conftest import Commands
from tests.boot.machine import Machine
from tests.boot.service import Service
from tests.boot.share import Share
from tests.daemons import manifest_of
from tests.samples import clip_job, picture_job
from tests.waiting import wait_for

MANY = """\
vqd: 1
workflow: image-scale
params: {method: lanczos}
fan_out: {matrix: {size: ["500x500", "501x501", "502x502", "503x503", "504x504", "505x505"]}}
"""
SOON = "[Service]\nRestartSec=1\n"


def test_systemd_finds_nothing_wrong_with_the_units_and_little_open(
    machine: Machine, installed: Service
) -> None:
    units = [f"/etc/systemd/system/{name}" for name in ("vqd.service", "vqd@.service")]

    verified = machine.attempt("systemd-analyze", "verify", *units)
    machine.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", *units)

    assert (verified.stderr, verified.returncode) == ("", 0)


def test_it_is_started_with_the_machine_and_is_active_only_when_it_is_ready(
    service: Service,
) -> None:
    assert service.facts["UnitFileState"] == "enabled"
    assert service.facts["User"] == "vqd"
    assert service.is_active()
    wait_for(
        lambda: service.pid in [line["pid"] for line in service.logged("daemon.started")],
        within_s=60,
        what="word of the start in the journal",
    )


def test_what_somebody_dropped_comes_back_for_them_to_delete_and_the_journal_tells_of_it(
    service: Service, commands: Commands, tmp_path: Path
) -> None:
    service.drop(picture_job(tmp_path / "beach"))
    service.drop(clip_job(tmp_path / "day"))

    beach, day = service.wait_done("beach"), service.wait_done("day")

    assert [line["kind"] for line in manifest_of(beach)] == ["image", "image"]
    assert [line["kind"] for line in manifest_of(day)] == ["video"]
    _, failed, closed = commands["The journal"][0].splitlines()
    assert not service.machine.run("sh", "-ec", failed)
    service.machine.wait_printed(beach.name, "sh", "-ec", closed)
    for folder in (beach, day):
        service.remove(folder)
        assert not folder.exists()


def test_a_folder_closed_to_the_group_waits_and_says_so_but_a_submit_never_is(
    service: Service, commands: Commands, tmp_path: Path
) -> None:
    service.submit(picture_job(tmp_path / "sent", pictures=1))
    service.wait_done("sent")

    service.drop(picture_job(tmp_path / "closed", pictures=1), umask="022")
    wait_for(lambda: "closed: Permission denied" in service.waiting, within_s=60)
    assert "chmod -R g+w" in service.waiting
    warnings = commands["The journal"][0].splitlines()[0]
    warned = service.machine.wait_printed("drop.refused", "sh", "-ec", warnings)
    assert "drop.taken" not in warned
    service.open_up("closed")
    service.wait_done("closed")


def test_the_status_follows_the_queue(service: Service, tmp_path: Path) -> None:
    def says(part: str) -> bool:
        return part in service.facts["StatusText"]

    wait_for(lambda: says("no open jobs, 0 prompts run, 0 wait; 1 of 1"), within_s=60)
    (service.spool / "PAUSE").touch()
    service.drop(picture_job(tmp_path / "later"))

    wait_for(lambda: says("1 open job, 0 prompts run, 2 wait"), within_s=60)
    assert service.facts["StatusText"].startswith("paused: ")
    (service.spool / "PAUSE").unlink()
    service.wait_done("later")
    wait_for(lambda: says("no open jobs"), within_s=60)


def test_a_reload_reads_the_settings_and_one_at_fault_changes_nothing(service: Service) -> None:
    pid, read = service.pid, len(service.logged("settings.reloaded"))
    service.settle(servers=["builtin", {"url": "http://127.0.0.1:9", "name": "far"}])

    service.machine.run("systemctl", "reload", "vqd")

    wait_for(lambda: len(service.logged("settings.reloaded")) > read, within_s=60)
    service.settle(serverz=["builtin"])
    assert service.machine.attempt("systemctl", "reload", "vqd").returncode != 0
    service.machine.wait_journal("vqd", "serverz")
    assert (service.pid, service.is_active()) == (pid, True)


def test_settings_at_fault_are_not_tried_again(service: Service) -> None:
    service.stop()
    service.settle(serverz=["builtin"])

    service.machine.attempt("systemctl", "start", "vqd")

    facts = service.facts
    assert (facts["ActiveState"], facts["ExecMainStatus"]) == ("failed", "3")


def test_a_loop_that_does_not_reach_the_database_is_killed_and_a_killed_daemon_comes_back(
    service: Service, tmp_path: Path
) -> None:
    service.drop_in(f"{SOON}WatchdogSec=6\n")
    hung = service.pid
    with service.queue_locked():
        wait_for(lambda: service.pid not in (hung, 0), within_s=60, what="the watchdog")
    wait_for(service.is_active, within_s=60, what="the start after it")
    service.machine.wait_journal("vqd", "Watchdog timeout")
    service.machine.wait_journal("vqd", "in _round")  # where the loop's thread stood

    service.drop(picture_job(tmp_path / "kept", pictures=1, job=MANY))
    wait_for(lambda: any((service.spool / "active").iterdir()), within_s=60, what="the job")
    service.machine.run("kill", f"-{signal.SIGKILL.value}", str(service.pid))

    folder = service.wait_done("kept")
    assert sorted({line["prompt"] for line in manifest_of(folder)}) == [1, 2, 3, 4, 5, 6]
    assert int(service.facts["NRestarts"]) >= 2
    assert not service.logged("lease.found")  # it knows what was its own


def test_a_stop_gives_what_runs_its_time_and_leaves_nobody_behind(
    service: Service, tmp_path: Path
) -> None:
    service.settle(drain_s=2)
    service.drop_in("[Service]\nTimeoutStopSec=1\n")  # less than it takes: it asks for longer
    service.drop(picture_job(tmp_path / "long", pictures=1, job=MANY))
    wait_for(lambda: any((service.spool / "active").iterdir()), within_s=60, what="the job")

    service.stop()

    facts = service.facts
    assert (facts["ActiveState"], facts["Result"]) == ("inactive", "success")
    assert not service.machine.attempt("pgrep", "--uid", "vqd").stdout
    service.start()
    service.wait_done("long")


def test_a_share_that_is_mounted_later_is_waited_for_and_may_go_and_come_back(
    service: Service, share: Share, tmp_path: Path
) -> None:
    service.drop_in(SOON, may_fail=True)
    wait_for(lambda: service.facts["NRestarts"] not in ("0", ""), within_s=60, what="a new try")
    assert not service.is_active()
    share.mount()
    wait_for(service.is_active, within_s=60, what="the start on the share")

    share.unmount()
    wait_for(lambda: service.facts["StatusText"].startswith("share away"), within_s=90)
    assert service.is_active()
    assert not list(service.spool.iterdir())  # nothing was written into the bare folder
    share.mount()
    service.drop(picture_job(tmp_path / "late"))
    service.wait_done("late")


def test_several_spools_are_served_by_instances(
    service: Service, commands: Commands, tmp_path: Path
) -> None:
    service.machine.run("sh", "-ec", commands["Several spools"][0])
    nights = Service(service.machine, "vqd@nights.service", "vqd-nights")

    nights.drop(picture_job(tmp_path / "dark"))
    nights.wait_done("dark")

    assert (service.is_active(), nights.is_active()) == (True, True)
    assert nights.pid != service.pid
    nights.stop()


def test_a_token_comes_to_the_daemon_alone(service: Service, commands: Commands) -> None:
    service.machine.run("sh", "-ec", commands["Tokens and passwords"][0])
    path, url = "/etc/vqd/secrets/web-token", "http://127.0.0.1:8189"
    token_file = "$CREDENTIALS_DIRECTORY/vqd_web-token"
    service.settle(web={"listen": "127.0.0.1:8189", "token_file": token_file})
    service.machine.run("systemctl", "restart", "vqd")

    asked = service.machine.run("vqd", "status", "--json", "--url", url, "--token-file", path)

    assert json.loads(asked)["servers"][0]["name"] == "builtin"
    service.machine.run("systemctl", "reload", "vqd")
    assert service.machine.attempt("cat", path, as_user="vqd").returncode != 0
    token = service.machine.run("cat", path).strip()
    assert token not in "\n".join(service.machine.journal("vqd"))

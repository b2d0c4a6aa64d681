"""`vqd doctor` on broken set-ups: each is named with the command that mends it, and that command,
typed as it stands there, mends it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.builders import accept_a_job
from tests.daemons import Daemon
from tests.mounts import Bindfs, Sshfs, bound_over, needs_mounts, remount, small_disk
from tests.strange_server import Answer, StrangeServer
from vqd.spool.layout import Spool
from vqd.store.store import Store

OK, WRONG = 0, 7


@dataclass(frozen=True)
class Told:
    """What the doctor said, and how it ended."""

    exit_code: int
    findings: list[dict[str, Any]]

    @property
    def faults(self) -> dict[str, dict[str, Any]]:
        return {one["code"]: one for one in self.findings if one["level"] != "ok"}


class Setup:
    """A set-up as `vqd init` makes it, and a shell in which its owner types commands."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.state = folder / "state"
        self.settings = folder / "vqd.yaml"
        tools = folder / "bin"
        tools.mkdir()
        script(tools / "vqd", f'exec {sys.executable} -m vqd "$@"')
        script(tools / "sudo", 'exec "$@"')
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VQD_")}
        paths = f"{tools}:{kept['PATH']}:/usr/sbin:/sbin"
        self.environment = {**kept, "PATH": paths, "VQD_SETTINGS": str(self.settings)}
        self.tools = tools
        Spool.create(self.spool)
        self.state.mkdir()
        self.settings.write_text(f"spool: {self.spool}\nstate_dir: {self.state}\n")

    def types(self, command: str, *, through: str = "") -> subprocess.CompletedProcess[str]:
        """Type a command; `through` is what it is carried out by."""
        words = [*through.split(), "bash", "-c", command]
        return subprocess.run(
            words,
            env=self.environment,
            cwd=self.settings.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def doctor(self, *, through: str = "") -> Told:
        """Ask the doctor, as a program does."""
        ended = self.types("vqd doctor --json", through=through)
        assert ended.stderr == ""
        return Told(ended.returncode, json.loads(ended.stdout)["findings"])

    def says(self, key: str, value: Any) -> None:
        """Set a key in the settings."""
        self.settings.write_text(f"{self.settings.read_text()}{key}: {json.dumps(value)}\n")

    def is_mended_by(self, fault: dict[str, Any], *, only: slice = slice(None)) -> bool:
        """Type what the doctor said, and ask it again."""
        for command in fault["cure"][only]:
            ended = self.types(command)
            assert ended.returncode == 0, (command, ended.stderr)
        return fault["code"] not in self.doctor().faults


def script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_it_says_the_same_beside_a_daemon_and_disturbs_nothing(daemon: Daemon) -> None:
    daemon.start()
    ended = daemon.vqd("doctor")
    assert ended.returncode == OK, ended.stdout
    assert "all is well" in ended.stdout
    assert not daemon.logged("drop.failed")
    assert not daemon.logged("job.gone")


def test_a_key_that_is_misspelt(setup: Setup) -> None:
    setup.settings.write_text(setup.settings.read_text() + "setle_s: 2\n")
    setup.environment["EDITOR"] = "sed -i -e s/setle_s/settle_s/"
    fault = setup.doctor().faults["unknown_key"]
    assert "settle_s" in fault["said"]
    # sed takes +LINE for a file, which an editor does not.
    fault["cure"] = [fault["cure"][0].replace("+3 ", "")]
    assert setup.is_mended_by(fault)


def test_a_share_that_is_not_mounted(setup: Setup, tmp_path: Path) -> None:
    with bound_over(setup.spool, tmp_path / "bin"):
        told = setup.doctor()
        fault = told.faults["spool_away"]
        assert told.exit_code == WRONG
        assert fault["cure"][0] == f"sudo mount {setup.spool}  # if it is a share or a disk"


def test_a_spool_that_was_never_made(setup: Setup) -> None:
    shutil.rmtree(setup.spool)
    assert setup.is_mended_by(setup.doctor().faults["spool_away"], only=slice(1, None))


def test_done_on_another_disk(setup: Setup) -> None:
    setup.types(
        "rmdir spool/done && mkdir /dev/shm/$$ && ln -s /dev/shm spool/done; rmdir /dev/shm/$$"
    )
    assert setup.is_mended_by(setup.doctor().faults["spool_split"])


def test_a_spool_of_somebody_elses(setup: Setup) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can let a process have less rights, with setpriv")
    setup.types("chown nobody spool/inbox spool/done && chmod 755 spool/inbox spool/done")
    plain = "setpriv --bounding-set=-dac_override,-dac_read_search"
    fault = setup.doctor(through=plain).faults["spool_unwritable"]
    assert f"root may not write in {setup.spool / 'inbox'}" in fault["said"]
    assert [setup.types(command).returncode for command in fault["cure"]] == [0]
    assert "spool_unwritable" not in setup.doctor(through=plain).faults


def test_a_disk_that_became_read_only(setup: Setup) -> None:
    with small_disk(setup.spool, "size=8m"):
        Spool.create(setup.spool)
        assert remount(setup.spool, "ro")
        fault = setup.doctor().faults["read_only"]
        assert fault["cure"] == [f"sudo mount -o remount,rw {setup.spool}"]
        assert setup.is_mended_by(fault)


def test_a_disk_that_is_full(setup: Setup) -> None:
    with small_disk(setup.state, "size=4m"):
        (setup.state / "rubbish").write_bytes(b"x" * ((4 << 20) * 63 // 64))
        fault = setup.doctor().faults["no_room"]
        assert "less than the" in fault["said"]
        listed = setup.types(fault["cure"][0]).stdout
        assert str(setup.state) in listed


def test_a_queue_that_is_damaged(setup: Setup) -> None:
    store = Store(setup.state / "queue.db")
    accept_a_job(store)
    store.close()
    with (setup.state / "queue.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 40_000)
    script(setup.tools / "systemctl", "exit 0")
    fault = setup.doctor().faults["store_damaged"]
    backup = Store(setup.settings.parent / "BACKUP")
    backup.close()
    assert setup.is_mended_by(fault)


@needs_mounts("bindfs")
def test_events_that_never_come(setup: Setup) -> None:
    source = setup.settings.parent / "source"
    setup.spool.rename(source)
    share = Bindfs(source, setup.spool)
    share.mount()
    try:
        setup.says("watch", "native")
        assert setup.is_mended_by(setup.doctor().faults["no_events"])
    finally:
        share.unmount()


@needs_mounts("sshfs")
def test_a_share_that_died_and_hangs_all_who_ask_for_it(setup: Setup) -> None:
    source = setup.settings.parent / "source"
    setup.spool.rename(source)
    share = Sshfs(source, setup.spool)
    share.mount()
    try:
        with share.silent():
            began = time.monotonic()
            told = setup.doctor()
            assert time.monotonic() - began < 90
        silent = [one["about"] for one in told.findings if one["code"] == "silent"]
        (fault,) = [one for one in told.findings if one["about"] == "spool"]
    finally:
        share.unmount()
    # What sshfs has looked up lately it answers itself, even to who reads the settings.
    assert silent in (["settings", "spool"], ["spool", "watching"])
    assert told.exit_code == WRONG
    assert fault["cure"][0].startswith(f"sudo umount -l {setup.spool} && sudo mount {setup.spool}")


def test_a_unit_that_failed_and_closes_the_spool_and_a_hot_folder(setup: Setup) -> None:
    shown = "LoadState=loaded\nActiveState=failed\nResult=watchdog\nProtectSystem=strict\nUser=root"
    script(setup.tools / "systemctl", f"echo '{shown}'")
    setup.says("hot_folders", {"up": {"path": "/mnt/shots/up", "workflow": "image-scale"}})
    told = setup.doctor()
    assert told.faults["unit_failed"]["said"] == "vqd.service has failed (watchdog)"
    written = [one["cure"][1] for one in told.findings if one["code"] == "unit_closed"]
    for folder, line in zip((setup.spool, setup.state, "/mnt/shots/up"), written, strict=True):
        assert f'ReadWritePaths="-{folder}"' in line
    assert written[2].endswith("/vqd.service.d/vqd-mnt-shots-up.conf")


def test_servers_that_are_down_are_no_comfyui_say_nothing_or_lack_a_node(setup: Setup) -> None:
    own = setup.settings.parent / "own"
    own.mkdir()
    (own / "grain.json").write_text('{"1": {"class_type": "FilmGrain", "inputs": {}}}')
    outputs = "outputs: {image: {node: '1', kind: image}}"
    (own / "grain.yaml").write_text(f"vqd_workflow: 1\nname: grain\ngraph: grain.json\n{outputs}\n")
    setup.says("workflows", [str(own)])
    with (
        StrangeServer() as login,
        StrangeServer() as poor,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        page = Answer(body=b"<html><title>Sign in</title>", content_type="text/html")
        login.answers("GET /system_stats", page)
        date = {"Date": formatdate(time.time() + 7200, usegmt=True)}
        poor.answers("GET /system_stats", Answer(body={"system": {"comfyui_version": "0.3.64"}}))
        poor.answers("GET /prompt", Answer(body={"exec_info": {}}, headers=date))
        poor.answers("GET /object_info", Answer(body={"Note": {"input": {}}}))
        urls = {
            "down": "http://127.0.0.1:1",
            "login": login.url,
            "silent": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "poor": poor.url,
        }
        setup.says("servers", [{"url": url, "name": name} for name, url in urls.items()])
        began = time.monotonic()
        told = setup.doctor()
        assert time.monotonic() - began < 90
        found = {one["about"]: one for one in told.findings if one["level"] != "ok"}
        shown = setup.types(found["server login"]["cure"][0]).stdout
    assert found["server down"]["cure"][0].startswith("sudo systemctl restart comfyui")
    assert "Sign in" in shown
    assert found["server silent"]["cure"][0] == f"curl -sSi -m 10 {urls['silent']}/system_stats"
    assert "its clock is 2 h ahead" in found["server poor"]["said"]
    assert "on poor: the server has no node class FilmGrain" in found["workflows"]["said"]
    assert found["workflows"]["cure"] == ["vqd workflows check grain  # shows every fault"]

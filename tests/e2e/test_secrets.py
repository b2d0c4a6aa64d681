"""Secrets that a daemon was given are in nothing that it writes or answers."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

SECRETS = (
    "Token0fTheApi0123456789",
    "S3cretOfAServersFile",
    "S3cretInAHeader",
    "S3cretOfATargetsFile",
    "S3cretInATargetsUrl",
    "S3cretInATargetsHeader",
    "S3cretInFaultySettings",
)
(API, OF_SERVER, IN_HEADER, OF_TARGET, IN_TARGET_URL, IN_TARGET_HEADER, FAULTY) = SECRETS
NOTIFYING = """\
vqd: 1
workflow: image-scale
notify: {events: [accepted, started, done, failed], to: deaf}
"""
WITHIN_S = 90


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EngineProcess]:
    """A server that asks for no password, and is given one."""
    made = EngineProcess(tmp_path / "server")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def daemon(tmp_path: Path, server: EngineProcess) -> Iterator[Daemon]:
    """A daemon with every kind of secret."""
    kept = tmp_path / "secrets"
    keys = {
        "web": {"listen": "127.0.0.1:0", "token_file": str(write(kept / "api", API))},
        "servers": [
            "builtin",
            {
                "url": server.url,
                "headers": {"Authorization": "Bearer {secret}", "X-Key": IN_HEADER},
                "secret_file": str(write(kept / "server", OF_SERVER)),
            },
            {"url": "http://127.0.0.1:9", "headers": {"X-Key": IN_HEADER}},
        ],
        "notify": {
            "deaf": {
                "url": f"http://127.0.0.1:9/{IN_TARGET_URL}?key={{secret}}",
                "headers": {"X-Key": IN_TARGET_HEADER},
                "secret_file": str(write(kept / "target", OF_TARGET)),
            },
        },
        "notify_house": {"to": "deaf", "after": "1s"},
        "log_level": "debug",
    }
    made = Daemon(tmp_path / "house", settle_s=0.1, **keys)
    try:
        yield made.start()
    finally:
        made.close()


def found_in(text: bytes) -> set[str]:
    return {secret for secret in SECRETS if secret.encode() in text}


def answers(daemon: Daemon, job: str) -> Iterator[tuple[str, bytes]]:
    """Everything that the API answers to who only looks."""
    url = str(daemon.logged("web.started")[-1]["url"])
    headers = {"Authorization": f"Bearer {API}"}

    def get(path: str) -> requests.Response:
        return requests.get(url + path, headers=headers, timeout=60)

    described = get("/api/openapi.json").json()
    for route, methods in described["paths"].items():
        path = re.sub(r"\{job\}|\{name\}", job, route)
        if "get" in methods and "{" not in path and "events" not in path:
            answer = get(path)
            yield route, answer.content + repr(answer.headers).encode()
    for path in ("/", "/metrics", "/healthz", f"/api/jobs/{job}/prompts/1"):
        yield path, get(path).content


def test_no_secret_is_in_what_a_daemon_writes_and_answers(daemon: Daemon, tmp_path: Path) -> None:
    picture_job(tmp_path / "good", job=NOTIFYING).rename(daemon.spool.inbox / "good")
    bad = f"{NOTIFYING}params: {{size: {IN_HEADER[:3]}}}\n"
    picture_job(tmp_path / "bad", job=bad).rename(daemon.spool.inbox / "bad")
    daemon.wait_closed("bad", within_s=WITHIN_S)
    folder = daemon.wait_done("good", within_s=WITHIN_S)
    wait_for(lambda: daemon.logged("notice.failed"), within_s=WITHIN_S, what="a failed notice")
    refuse(daemon)
    told: dict[str, bytes] = dict(answers(daemon, folder.name))
    assert len(told) > 15
    for words in ("settings show", "settings check", "status", "servers", "doctor", "list"):
        done = daemon.vqd(*words.split())
        told[words] = (done.stdout + done.stderr).encode()
    assert daemon.stop() == 0
    written = [path for path in daemon.folder.rglob("*") if path.is_file()]
    told |= {str(path): path.read_bytes() for path in written if path != daemon.settings}
    assert len(told) > 50
    assert {where: found_in(text) for where, text in told.items() if found_in(text)} == {}


def refuse(daemon: Daemon) -> None:
    """Have settings refused that hold a secret where it cannot be."""
    written: dict[str, Any] = yaml.safe_load(daemon.settings.read_text(encoding="utf-8"))
    servers = [{"url": "http://a", "headers": FAULTY}, f"http://bob:{FAULTY}@b", f"x://{FAULTY}@c"]
    broken = {**written, "servers": servers}
    broken["notify"] = {"a": {"url": FAULTY}, "b": {"url": "https://b", "headers": [FAULTY]}}
    daemon.settings.write_text(yaml.safe_dump(broken), encoding="utf-8")
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.logged("settings.refused"), within_s=WITHIN_S, what="the refusal")

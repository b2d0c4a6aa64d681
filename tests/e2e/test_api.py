"""The API of a daemon that runs: the same job by every door, and everything that can go wrong on
the way."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.builders import write
from tests.daemons import Daemon
from tests.listening import Listener
from tests.samples import picture
from tests.waiting import wait_for

TOKEN = "a-token-of-32-letters-and-digits"
JOB = "vqd: 1\nworkflow: image-scale\nname: {name}\nparams: {{size: 32x32}}\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the API, which all tests here ask."""
    folder = tmp_path_factory.mktemp("api")
    write(folder / "token", TOKEN)
    picture(write(folder / "shots" / "x", "").with_name("a.png"))
    made = Daemon(
        folder,
        web={"listen": "127.0.0.1:0", "token_file": "token"},
        input_roots=[str(folder / "shots")],
    )
    try:
        yield made.start()
    finally:
        made.close()


def url_of(daemon: Daemon) -> str:
    return str(daemon.logged("web.started")[-1]["url"])


def asked(daemon: Daemon, method: str, path: str, **given: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {TOKEN}", **given.pop("headers", {})}
    return requests.request(method, url_of(daemon) + path, headers=headers, timeout=60, **given)


def told(daemon: Daemon, path: str) -> Any:
    answer = asked(daemon, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_file(daemon: Daemon, name: str, picture_file: Path) -> None:
    folder = daemon.folder / "drops" / name
    write(folder / "job.yaml", JOB.format(name=name))
    (folder / "a.png").write_bytes(picture_file.read_bytes())
    folder.rename(daemon.spool.inbox / name)


def by_command_line(daemon: Daemon, name: str, picture_file: Path) -> None:
    folder = daemon.folder / "jobs" / name
    write(folder / "job.yaml", JOB.format(name=name))
    (folder / "a.png").write_bytes(picture_file.read_bytes())
    assert daemon.vqd("submit", str(folder)).returncode == 0


def from_elsewhere(daemon: Daemon, name: str, picture_file: Path) -> None:
    folder = daemon.folder / "jobs" / name
    write(folder / "job.yaml", JOB.format(name=name))
    (folder / "a.png").write_bytes(picture_file.read_bytes())
    command = [sys.executable, "-m", "vqd", "submit", str(folder), "--url", url_of(daemon)]
    token = {"VQD_TOKEN_FILE": str(daemon.folder / "token")}
    sent = subprocess.run(command, env={**os.environ, **token}, timeout=60, check=False)
    assert sent.returncode == 0


def by_page(daemon: Daemon, name: str, picture_file: Path) -> None:
    with requests.Session() as browser:
        browser.headers["Origin"] = url_of(daemon)
        browser.post(f"{url_of(daemon)}/api/session", json={"token": TOKEN}, timeout=60)
        parts: list[tuple[str, Any]] = [
            ("job", (None, JOB.format(name=name))),
            ("files", ("a.png", picture_file.read_bytes())),
        ]
        answer = browser.post(f"{url_of(daemon)}/api/jobs", files=parts, timeout=60)
    assert answer.status_code == 201, answer.text


def by_api(daemon: Daemon, name: str, picture_file: Path) -> None:  # it lies in an input root
    job = {"vqd": 1, "workflow": "image-scale", "name": name, "params": {"size": "32x32"}}
    place = str(daemon.folder / "shots" / "a.png")
    answer = asked(daemon, "POST", "/api/jobs", json={**job, "inputs": {"image": place}})
    assert answer.status_code == 201, answer.text


DOORS: dict[str, Callable[[Daemon, str, Path], None]] = {
    "file": by_file,
    "command-line": by_command_line,
    "command-line-elsewhere": from_elsewhere,
    "page": by_page,
    "api": by_api,
}


def test_a_job_leaves_the_same_events_whatever_door_it_came_by(
    daemon: Daemon, tmp_path: Path
) -> None:
    made = picture(tmp_path / "a.png")
    for name, submit in DOORS.items():
        submit(daemon, f"by-{name}", made)
    left = {}
    for name in DOORS:
        folder = daemon.wait_closed(f"by-{name}")
        assert folder.parent == daemon.spool.done
        events = told(daemon, f"/api/jobs/{folder.name}/events")["events"]
        left[name] = [(one["kind"], one["prompt"], sorted(one["facts"])) for one in events]
        assert told(daemon, f"/api/jobs/{folder.name}")["counts"]["succeeded"] == 1
    assert [kind for kind, _, _ in left["file"]] == [
        "job.accepted",
        "prompt.claimed",
        "prompt.succeeded",
        "job.done",
    ]
    assert left == dict.fromkeys(DOORS, left["file"])


def test_a_job_is_followed_from_its_submission_to_what_it_made(
    daemon: Daemon, tmp_path: Path
) -> None:
    with Listener(url_of(daemon), Authorization=f"Bearer {TOKEN}") as listener:
        by_page(daemon, "followed", picture(tmp_path / "a.png"))
        wait_for(lambda: [one for one in listener.of("job") if one["state"] == "done"], within_s=60)
        assert [one["state"] for one in listener.of("prompts")[-1]["prompts"]] == ["succeeded"]
    (output,) = told(daemon, "/api/jobs/followed/outputs")["outputs"]
    content = asked(daemon, "GET", f"/api/jobs/followed/files/{output['path']}")
    assert (len(content.content), content.headers["content-type"]) == (output["bytes"], "image/png")
    part = asked(
        daemon,
        "GET",
        f"/api/jobs/followed/files/{output['path']}",
        headers={"Range": "bytes=1-3"},
    )
    assert (part.status_code, part.content) == (206, b"PNG")
    small = asked(daemon, "GET", f"/api/jobs/followed/thumbnails/{output['path']}?size=tiny")
    assert small.headers["content-type"].startswith("image/")
    input_small = "/api/jobs/followed/prompts/1/inputs/image/thumbnail"
    assert asked(daemon, "GET", input_small).status_code == 200
    assert "accepted" in asked(daemon, "GET", "/api/jobs/followed/log").text
    report = asked(daemon, "GET", "/api/jobs/followed/report")
    assert "</html>" in report.text
    assert requests.get(report.url, timeout=30).status_code == 200
    again = asked(daemon, "POST", "/api/jobs/followed/retry")
    assert again.json()["said"] == "moved back into the inbox"


def test_a_job_that_is_edited_runs_only_what_the_edit_changes(
    daemon: Daemon, tmp_path: Path
) -> None:
    def job_file(text: str, method: str = "PUT", path: str = "") -> requests.Response:
        return asked(daemon, method, f"/api/jobs/edited/job-file{path}", json={"text": text})

    def closings() -> int:
        return sum(line["job"] == folder.name for line in daemon.logged("job.closed"))

    by_file(daemon, "edited", picture(tmp_path / "a.png"))
    folder = daemon.wait_closed("edited")
    wait_for(lambda: closings() == 1, within_s=60, what="the first end")
    before = (folder / "job.yaml").read_text()
    shown = told(daemon, "/api/jobs/edited/job-file")
    assert (shown["name"], shown["text"]) == ("job.yaml", before)
    assert shown["job"]["params"] == {"size": "32x32"}

    refused = job_file(before.replace("32x32", "thirty"))
    (problem,) = refused.json()["problems"]
    assert (refused.status_code, problem["where"], problem["line"]) == (422, "job.yaml", 4)
    assert (folder / "job.yaml").read_text() == before

    after = before + "fan_out: {matrix: {method: [lanczos, area]}}\n"
    checked = job_file(after, "POST", "/check").json()
    assert (checked["prompts"], checked["kept"], checked["problems"]) == (2, 1, [])
    assert job_file(after).status_code == 200
    wait_for(lambda: closings() == 2, within_s=60, what="the second end")
    counts = told(daemon, "/api/jobs/edited")["counts"]
    assert (counts["succeeded"], counts["kept"]) == (2, 1)
    assert (daemon.spool.done / folder.name / "job.yaml").read_text() == after


def test_an_open_job_is_not_edited(daemon: Daemon, tmp_path: Path) -> None:
    folder = daemon.folder / "drops" / "open"
    write(folder / "job.yaml", JOB.format(name="open") + "schedule: {suspended: true}\n")
    picture(folder / "a.png")
    folder.rename(daemon.spool.inbox / "open")
    wait_for(lambda: asked(daemon, "GET", "/api/jobs/open").status_code == 200, within_s=60)
    refused = asked(daemon, "PUT", "/api/jobs/open/job-file", json={"text": "vqd: 1\n"})
    assert (refused.status_code, refused.json()["code"]) == (409, "job_open")


def test_a_sender_that_breaks_off_leaves_nothing_behind(daemon: Daemon) -> None:
    head = (
        "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    ).encode()
    host, port = url_of(daemon).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as one:
        one.sendall(head + b"x" * 3_000_000)
        wait_for(lambda: staged(daemon), within_s=60, what="the beginning")
    wait_for(lambda: not staged(daemon), within_s=60, what="the end of what was begun")


def test_four_may_send_at_once_and_the_next_is_told_to_come_back(
    daemon: Daemon, tmp_path: Path
) -> None:
    going = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"vqd: 1\n"
        going.wait(110)
        yield b"workflow: none\n"

    def send() -> None:
        kind = {"Content-Type": "application/yaml"}
        statuses.append(asked(daemon, "POST", "/api/jobs", data=slowly(), headers=kind).status_code)

    statuses: list[int] = []
    senders = [threading.Thread(target=send) for _ in range(4)]
    for one in senders:
        one.start()
    try:
        wait_for(lambda: len(staged(daemon)) == 4, within_s=60)
        busy = asked(daemon, "POST", "/api/jobs", json={"vqd": 1, "workflow": "image-scale"})
        assert (busy.status_code, busy.json()["code"]) == (503, "busy")
        assert busy.headers["retry-after"] == "5"
    finally:
        going.set()
        for one in senders:
            one.join()
    assert statuses == [422] * 4
    wait_for(lambda: not staged(daemon), within_s=60, what="the end of what was sent")


def staged(daemon: Daemon) -> list[Path]:
    return list(daemon.spool.active.glob(".upload-*"))


@pytest.mark.parametrize(
    ("web", "code"),
    [
        ({"listen": "0.0.0.0:0"}, "token_needed"),
        ({"listen": "{taken}", "token_file": "token"}, "port_taken"),
    ],
)
def test_a_daemon_that_cannot_open_the_door_safely_does_not_start(
    tmp_path: Path, web: dict[str, str], code: str
) -> None:
    write(tmp_path / "token", TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        given = {key: value.format(taken=address) for key, value in web.items()}
        ended = Daemon(tmp_path, web=given).vqd("run")
    assert ended.returncode != 0
    assert f"[{code}]" in ended.stderr


def test_the_daemon_clears_away_at_its_start_and_ends_while_somebody_looks_on(
    tmp_path: Path,
) -> None:
    daemon = Daemon(tmp_path, web={"listen": "127.0.0.1:0"})
    write(daemon.spool.active / ".upload-1" / "beach" / "job.yaml", JOB.format(name="beach"))
    try:
        daemon.start()
        assert not staged(daemon)
        assert requests.get(url_of(daemon) + "/api/jobs", timeout=30).json()["jobs"] == []
        with Listener(url_of(daemon)) as listener:
            assert daemon.stop() == 0
            wait_for(lambda: listener.has_ended, within_s=60, what="the end of the events")
        assert daemon.logged("web.failed") == []
    finally:
        daemon.close()

"""Jobs over HTTP: listed, sent, checked, steered, and their files."""

import errno
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.requests import Request

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job, write
from tests.samples import picture
from tests.webhouse import WebHouse, at, web_house
from vqd.domain.lifecycle import JobState
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.web.problems import of_os_error

SCALE = b"vqd: 1\nworkflow: image-scale\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """The API of a queue that all tests here share."""
    folder = tmp_path_factory.mktemp("house")
    with web_house(folder, input_roots=[folder / "shots"]) as made:
        picture(write(folder / "shots" / "there", "").with_name("a.png"))
        yield made


def sent(house: WebHouse, *parts: tuple[str, Any], path: str = "/api/jobs") -> requests.Response:
    return house.post(path, files=list(parts))


def a_picture(tmp_path: Path) -> bytes:
    return picture(tmp_path / "p.png").read_bytes()


def staged(house: WebHouse) -> list[Path]:
    return list(house.spool.active.glob(".upload-*"))


def test_a_job_with_its_files_is_taken_and_lies_in_active(house: WebHouse, tmp_path: Path) -> None:
    answer = sent(
        house,
        ("job", ("x.yaml", SCALE + b"name: beach\n")),
        ("files", ("frames/a.png", a_picture(tmp_path))),
        ("files", ("frames/.DS_Store", b"x")),
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/jobs/{job}"
    assert job.endswith("-beach")
    assert answer.json()["prompts"] == 1
    folder = house.spool.active / job
    assert (folder / "frames" / "a.png").is_file()
    assert not (folder / "frames" / ".DS_Store").exists()
    assert house.told(at(job))["state"] == "queued"
    assert staged(house) == []


@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_a_job_alone_names_files_below_the_input_roots(house: WebHouse, kind: str) -> None:
    path = str(house.spool.root.parent / "shots" / "a.png")
    job = json.dumps({"vqd": 1, "workflow": "image-scale", "inputs": {"image": path}})
    answer = house.post("/api/jobs?name=alone", data=job, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    assert "-alone" in answer.json()["job"]


def test_jobs_of_one_name_that_come_at_once_are_each_taken(house: WebHouse, tmp_path: Path) -> None:
    pixels = a_picture(tmp_path)

    def send(_: int) -> requests.Response:
        parts = {"job": ("x.yaml", SCALE + b"name: twin\n"), "f": ("a.png", pixels)}
        return requests.post(f"{house.url}/api/jobs", files=parts, timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    jobs = {answer.json()["job"] for answer in answers}
    assert len(jobs) == 4
    assert all((house.spool.active / job / "a.png").is_file() for job in jobs)


def test_a_disk_that_is_at_its_reserve_takes_no_job(tmp_path: Path) -> None:
    with web_house(tmp_path, reserve="99%") as house:
        answer = sent(house, ("job", ("x.yaml", SCALE)))
        assert (answer.status_code, answer.json()["code"]) == (507, "no_space")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (errno.ENOSPC, 507, "no_space"),
        (errno.EDQUOT, 507, "no_space"),
        (errno.EIO, 503, "os_error"),
    ],
)
def test_what_a_disk_refuses_in_the_middle_is_told(fault: int, status: int, code: str) -> None:
    answer = of_os_error(Request({"type": "http"}), OSError(fault, os.strerror(fault), "/secret"))
    told = json.loads(bytes(answer.body))
    assert (answer.status_code, told["code"]) == (status, code)
    assert os.strerror(fault) in told["detail"]
    assert "/secret" not in told["detail"]


def test_a_folder_may_be_sent_as_it_is(house: WebHouse, tmp_path: Path) -> None:
    answer = sent(house, ("f", ("job.yaml", SCALE)), ("f", ("a b/ü.png", a_picture(tmp_path))))
    assert answer.status_code == 201, answer.text
    assert (house.spool.active / answer.json()["job"] / "a b" / "ü.png").is_file()


def test_all_that_is_wrong_with_a_job_is_told_and_nothing_is_taken(house: WebHouse) -> None:
    before = sorted(house.spool.active.iterdir())
    answer = sent(house, ("job", ("x.yaml", SCALE + b"params: {metodo: area, size: big}\n")))
    assert answer.status_code == 422
    told = answer.json()
    assert {one["code"] for one in told["problems"]} >= {"unknown_parameter", "missing_input"}
    assert all(one["where"] == "job.yaml" for one in told["problems"])
    assert sorted(house.spool.active.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../a.png", "bad_path"),
        ("a/../../a.png", "bad_path"),
        ("/etc/passwd", "bad_path"),
        ("a//b.png", "bad_path"),
        ("a\\..\\..\\b.png", "bad_path"),
        ("CANCEL", "bad_path"),
        ("priority 80.txt", "bad_path"),
        ("a\x1b[2J.png", "bad_path"),
        ("x" * 300 + ".png", "bad_path"),
        ("/".join("x" * 30), "bad_path"),
        ("job.yaml", "duplicate_file"),
        ("job.yaml/a.png", "duplicate_file"),
    ],
)
def test_a_path_leads_nowhere_but_into_the_job(house: WebHouse, name: str, code: str) -> None:
    answer = sent(house, ("job", ("x.yaml", SCALE)), ("files", (name, b"x")))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert staged(house) == []


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"", "multipart/form-data; boundary=x", 400, "malformed_form"),
        (b"--x\r\nContent-", "multipart/form-data; boundary=x", 400, "malformed_form"),
        (b"--y--\r\n", "multipart/form-data; boundary=x", 400, "malformed_form"),
        (b"x", "multipart/form-data", 415, "unsupported_media_type"),
        (b"x", "text/html", 415, "unsupported_media_type"),
        (b"", "application/json", 422, None),
        (b"\xff\xfe", "application/json", 422, None),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422, "no_job_file"),
    ],
)
def test_what_is_no_job_is_told_so(
    house: WebHouse, data: bytes, kind: str, status: int, code: str | None
) -> None:
    answer = house.post("/api/jobs", data=data, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert code in (None, answer.json()["code"])
    assert staged(house) == []


def test_a_field_that_no_job_has_is_told(house: WebHouse) -> None:
    answer = sent(house, ("job", ("x.yaml", SCALE)), ("comment", (None, "hello")))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_part")


def test_a_job_beyond_the_bound_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with web_house(tmp_path, web={"upload_limit": 1000}) as house:
        answer = sent(house, ("job", ("x.yaml", SCALE)), ("f", ("a.png", b"x" * 2000)))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

        def parts() -> Iterator[bytes]:
            for _ in range(4):
                yield b"x" * 500

        untold = house.post("/api/jobs", data=parts(), headers={"Content-Type": "application/yaml"})
        assert (untold.status_code, untold.json()["code"]) == (413, "too_large")


def test_a_check_tells_what_a_job_would_be_by_the_names_of_its_files(house: WebHouse) -> None:
    matrix = b"fan_out: {matrix: {method: [area, lanczos]}}\n"
    answer = sent(
        house,
        ("job", ("x.yaml", SCALE + matrix)),
        ("names", (None, json.dumps(["frames/a.png", "frames/b.png"]))),
        path="/api/check?points=1",
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["prompts"] == 4
    assert told["axes"] == {"method": ["area", "lanczos"]}
    assert told["inputs"] == ["frames/a.png", "frames/b.png"]
    assert len(told["points"]) == 1
    assert told["problems"] == []
    assert staged(house) == []


def test_a_name_that_is_no_text_is_no_path_of_a_file_that_is_only_told(house: WebHouse) -> None:
    answer = sent(
        house,
        ("job", ("x.yaml", SCALE)),
        ("names", (None, json.dumps(["a\ud800.png"]))),
        path="/api/check",
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_path")


def test_nothing_in_a_fault_turns_what_is_read_of_it(house: WebHouse) -> None:
    job = b'vqd: 1\nworkflow: image-scale\nname: "a\\u202e/b"\n'
    told = sent(house, ("job", ("x.yaml", job)), path="/api/check").json()["problems"]
    said = {problem["code"]: problem["said"] for problem in told}
    assert said["bad_name"] == "a\\u202e/b is no name for a job."


def test_a_check_is_well_answered_whatever_is_wrong(house: WebHouse) -> None:
    answer = sent(house, ("job", ("x.yaml", b"vqd: 1\nworkflow: none\n")), path="/api/check")
    assert answer.status_code == 200
    assert [one["code"] for one in answer.json()["problems"]] == ["unknown_workflow"]


def test_jobs_are_listed_page_by_page_and_found_by_what_is_asked(tmp_path: Path) -> None:
    with web_house(tmp_path) as house:
        for number in range(5):
            labels = {"client": "acme" if number < 3 else "other=x"}
            accept_a_job(house.store, f"20260101-00000{number}-a", labels=labels)
        first = house.told("/api/jobs", limit=2)
        second = house.told("/api/jobs", limit=2, cursor=first["next"])
        third = house.told("/api/jobs", limit=2, cursor=second["next"])
        pages = [[job["job"][14] for job in page["jobs"]] for page in (first, second, third)]
        assert pages == [["4", "3"], ["2", "1"], ["0"]]
        assert third["next"] is None
        acme = house.told("/api/jobs", label="client=acme", state=["queued", "done"])
        assert len(acme["jobs"]) == 3
        assert len(house.told("/api/jobs", label="client=other=x")["jobs"]) == 2
        assert [job["job"] for job in house.told("/api/jobs", q="04-")["jobs"]] == [
            "20260101-000004-a"
        ]


_LARGE = "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"
_LARGE_BEHIND_ZEROS = "MDAwMDAwMDAwMDAwMDAwMDAwMDA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"
_NESTED = "W1tb" * 900


@pytest.mark.parametrize("cursor", ["x", "////", "LTE", "", _LARGE, _LARGE_BEHIND_ZEROS, _NESTED])
@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/{job}/prompts", "/api/jobs/{job}/events"])
def test_a_cursor_that_was_never_given_is_told(house: WebHouse, cursor: str, path: str) -> None:
    job = "20260101-000000-cursors"
    if house.get(at(job)).status_code == 404:
        accept_a_job(house.store, job)
    answer = house.get(path.format(job=job), params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_job_shows_its_prompts_and_what_happened(tmp_path: Path) -> None:
    with web_house(tmp_path) as house:
        accept_a_job(house.store, "20260101-000000-a", total=3)
        prompts = house.told("/api/jobs/20260101-000000-a/prompts", limit=2)
        rest = house.told("/api/jobs/20260101-000000-a/prompts", cursor=prompts["next"])
        numbers = [one["prompt"] for one in prompts["prompts"] + rest["prompts"]]
        assert numbers == [1, 2, 3]
        assert house.told("/api/jobs/20260101-000000-a/prompts", state="failed")["prompts"] == []
        shown = house.told("/api/jobs/20260101-000000-a/prompts/2")
        assert (shown["prompt"], shown["attempts"]) == (2, [])
        assert house.get("/api/jobs/20260101-000000-a/prompts/9").json()["code"] == "unknown_prompt"
        (event,) = house.told("/api/jobs/a/events")["events"]
        assert (event["kind"], event["facts"]["prompts"]) == ("job.accepted", 3)
        reasons = house.told("/api/jobs/a")["reasons"]
        assert [one["code"] for one in reasons] == ["no_server"]


def test_a_job_is_found_by_a_part_of_its_name_that_fits_one(house: WebHouse) -> None:
    for job in ("20260102-000000-twin", "20260102-000001-twin"):
        accept_a_job(house.store, job)
    assert house.told("/api/jobs/000001-twin")["job"] == "20260102-000001-twin"
    assert house.get("/api/jobs/twin").json()["code"] == "ambiguous_job"
    assert house.get("/api/jobs/twin").status_code == 409
    assert house.get("/api/jobs/nobody").status_code == 404


def test_a_job_is_steered_and_says_why_not(house: WebHouse) -> None:
    job = "20260103-000000-steered"
    accept_a_job(house.store, job)
    assert house.post(f"{at(job)}/pause").json() == {"job": job, "said": "suspended"}
    assert house.post(f"{at(job)}/pause").json()["detail"] == f"{job}: suspended already."
    assert house.post(f"{at(job)}/resume").status_code == 200
    assert house.post(f"{at(job)}/priority", json={"priority": 80}).status_code == 200
    assert house.told(at(job))["priority"] == 80
    assert house.post(f"{at(job)}/priority", json={"priority": 101}).status_code == 422
    assert house.post(f"{at(job)}/priority", json={"priority": 1, "x": 1}).status_code == 422
    refused = house.post(f"{at(job)}/approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_done")
    assert house.post(f"{at(job)}/cancel").json()["said"] == "cancelled"
    assert house.told(at(job))["counts"]["cancelled"] == 2


def test_a_job_says_what_may_be_done_with_it_and_none_of_that_is_refused(house: WebHouse) -> None:
    def may(job: str) -> list[str]:
        verbs: list[str] = house.told(at(job))["may"]
        return verbs

    job = "20260105-000000-asked"
    accept_a_job(house.store, job)
    assert may(job) == ["pause", "cancel"]
    house.post(f"{at(job)}/pause")
    assert may(job) == ["resume", "cancel"]
    house.post(f"{at(job)}/cancel")
    assert may(job) == []
    over = "20260105-000001-over"
    closed(house, over)
    assert may(over) == ["retry"]


def test_a_closed_job_moves_back_into_the_inbox_to_run_again(house: WebHouse) -> None:
    job = "20260104-000000-closed"
    closed(house, job)
    write(house.spool.failed / job / "job.yaml", SCALE.decode())
    assert house.post(f"{at(job)}/retry").json()["said"] == "moved back into the inbox"
    assert (house.spool.inbox / job / "job.yaml").is_file()
    gone = house.post(f"{at(job)}/retry")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_file")


def closed(house: WebHouse, job: str) -> int:
    """Let a job be cancelled and closed; gives its key."""
    job_key = accept_a_job(house.store, job)
    house.store.write(lambda session: session.cancel(job_key, now=NOW, why="a test"))
    house.store.write(lambda session: session.jobs.begin_publishing(job_key))
    house.store.write(
        lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)
    )
    return job_key


def made(house: WebHouse, job: str, path: str, content: bytes, sha256: str = "a" * 64) -> Path:
    """Let the first prompt of a job have made a file."""
    accept_a_job(house.store, job, total=1, priority=100)
    house.store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    with house.store.reading() as session:
        found = session.jobs.find(job)
        assert found is not None
        (prompt,) = session.prompts.running(found.job_key)
    output = OutputFile("image", path, "image", sha256, len(content), 64, 48)
    house.store.write(
        lambda session: session.prompts.succeed(prompt.key, Succeeded((output,), 1.0), now=NOW)
    )
    file = house.spool.active / job / path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


@pytest.fixture(scope="module")
def output(house: WebHouse) -> str:
    """The path of a file of a hundred bytes that a job made."""
    made(house, "20260105-000000-made", "outputs/a b.bin", bytes(range(100)))
    return f"{at('20260105-000000-made')}/files/outputs/a%20b.bin"


def test_what_a_job_made_is_listed_and_given(house: WebHouse, output: str) -> None:
    (told,) = house.told("/api/jobs/20260105-000000-made/outputs")["outputs"]
    assert (told["path"], told["prompt"], told["bytes"]) == ("outputs/a b.bin", 1, 100)
    answer = house.get(output)
    assert answer.content == bytes(range(100))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    again = house.get(output, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=90-", 206, 90, 99),
        ("bytes=-5", 206, 95, 99),
        ("bytes=-500", 206, 0, 99),
        ("bytes=50-500", 206, 50, 99),
        ("bytes=0-0", 206, 0, 0),
        ("bytes=9-3", 200, 0, 99),
        ("bytes=0-1,5-6", 200, 0, 99),
        ("lines=1-2", 200, 0, 99),
        ("bytes=x", 200, 0, 99),
    ],
)
def test_a_part_of_a_file_is_given(
    house: WebHouse, output: str, asked: str, status: int, first: int, last: int
) -> None:
    answer = house.get(output, headers={"Range": asked})
    assert answer.status_code == status
    assert answer.content == bytes(range(first, last + 1))
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {first}-{last}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_a_part_that_there_is_not_is_told(house: WebHouse, output: str, asked: str) -> None:
    answer = house.get(output, headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */100")


def test_a_part_of_what_has_changed_is_the_whole(house: WebHouse, output: str) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert house.get(output, headers=headers).status_code == 200
    tag = house.get(output).headers["etag"]
    assert house.get(output, headers={**headers, "If-Range": tag}).status_code == 206


@pytest.mark.parametrize(
    "path",
    [
        "outputs/none.png",
        "outputs",
        "outputs/../job.yaml",
        "outputs/%2e%2e/%2e%2e/x",
        "..%2f..%2fqueue.db",
        "%2fetc%2fpasswd",
        ".part/x",
        "secret.txt",
        "outputs/link.png",
        "outputs/linked/x.png",
        "outputs/x%00.png",
    ],
)
def test_no_path_leads_out_of_what_a_job_shows(house: WebHouse, output: str, path: str) -> None:
    folder = house.spool.active / "20260105-000000-made"
    write(folder / "secret.txt", "not told")
    write(folder / ".part" / "x", "not told")
    if not (folder / "outputs" / "link.png").is_symlink():
        (folder / "outputs" / "link.png").symlink_to("/etc/passwd")
        (folder / "outputs" / "linked").symlink_to("/etc")
    answer = house.get(f"{at('20260105-000000-made')}/files/{path}")
    assert answer.status_code == 404, answer.text[:200]
    assert "not told" not in answer.text


def test_an_input_is_found_where_it_is_now(house: WebHouse) -> None:
    job = "20260106-000000-inputs"
    accept_a_job(house.store, job)
    write(house.spool.active / job / "frames" / "a.txt", "the input")
    assert house.get(f"{at(job)}/files/inputs/frames/a.txt").text == "the input"
    assert house.get(f"{at(job)}/files/frames/a.txt").status_code == 404
    laid_out = house.spool.active / job / "inputs"
    laid_out.mkdir()
    (house.spool.active / job / "frames").rename(laid_out / "frames")
    assert house.get(f"{at(job)}/files/inputs/frames/a.txt").text == "the input"


def test_a_small_picture_is_made_once_and_kept(house: WebHouse, tmp_path: Path) -> None:
    sha256 = "b" * 64
    job = "20260107-000000-small"
    file = made(house, job, "outputs/p.png", a_picture(tmp_path), sha256)
    answer = house.get(f"{at(job)}/thumbnails/outputs/p.png", params={"size": "tiny"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("image/")
    file.unlink()
    kept = house.get(f"{at(job)}/thumbnails/outputs/p.png", params={"size": "tiny"})
    assert kept.content == answer.content
    headers = {"If-None-Match": kept.headers["etag"]}
    known = house.get(f"{at(job)}/thumbnails/outputs/p.png?size=tiny", headers=headers)
    assert known.status_code == 304
    assert house.get(f"{at(job)}/thumbnails/outputs/p.png?size=huge").status_code == 422
    assert house.get(f"{at(job)}/thumbnails/outputs/none.png").json()["code"] == "unknown_file"


def test_what_has_no_picture_is_told_so(house: WebHouse, output: str) -> None:
    answer = house.get(f"{at('20260105-000000-made')}/thumbnails/outputs/a b.bin")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_thumbnail")


def test_a_report_is_shown_without_rights_and_finds_what_the_job_made(house: WebHouse) -> None:
    job = "20260108-000000-report"
    closed(house, job)
    folder = house.spool.failed / job
    write(folder / "report.html", "<script>1</script>")
    write(folder / "outputs" / "a.txt", "made")
    write(house.spool.failed / "20260104-000000-closed" / "report.html", "another's")
    answer = house.get(f"{at(job)}/report")
    assert answer.text == "<script>1</script>"
    assert "sandbox allow-scripts" in answer.headers["content-security-policy"]
    assert "allow-same-origin" not in answer.headers["content-security-policy"]
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "null"}
    beside = answer.url.replace("report.html", "outputs/a.txt")
    shown = requests.get(beside, headers=foreign, timeout=30)
    assert (shown.status_code, shown.text) == (200, "made")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    other = beside.replace(job, "20260104-000000-closed")
    assert requests.get(other, timeout=30).json()["code"] == "ticket_over"
    assert house.get(f"{at(job)}/files/outputs/a.txt", headers=foreign).status_code == 403


def test_a_job_is_told_with_its_comment_and_its_counts(house: WebHouse) -> None:
    job = "20260109-000000-told"
    house.store.accept(
        job, a_planned_job(comment="a comment"), A_JOB_FILE, input_folder="", now=NOW
    )
    told = house.told(at(job))
    assert told["comment"] == "a comment"
    assert told["counts"]["pending"] == 2
    assert told["accepted_at"] == "2026-09-21T14:13:20.000Z"

"""Verbs over the API: the same answers as beside the daemon, from any machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from tests.builders import NOW, accept_a_job, write
from tests.proxy import PassOn, Proxy
from tests.samples import picture_job
from tests.webhouse import TOKEN, WebHouse, web_house
from vqd.cli.app import vqd
from vqd.cli.client import Client, client_of
from vqd.cli.outlasting import outlasting
from vqd.cli.parcel import enclosed_in
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.names import safe_name
from vqd.spool.layout import PAUSED
from vqd.spool.status import write_status
from vqd.spool.waiting import HEADING, waiting_file
from vqd.store.store import Store

JOB = "20260101-000000-beach"


class Elsewhere:
    """The same queue by both ways."""

    def __init__(self, folder: Path, house: WebHouse) -> None:
        self.house = house
        self.token = folder / "token"
        self.settings = write(
            folder / "vqd.yaml", f"spool: {house.spool.root}\nstate_dir: {folder / 'state'}\n"
        )

    def over(self, *words: str, **env: str) -> Result:
        """Run a verb over the API."""
        args = [*words, "--url", self.house.url, "--token-file", str(self.token)]
        return CliRunner().invoke(vqd, args, env=env, catch_exceptions=False)

    @property
    def ways(self) -> tuple[Callable[..., Result], ...]:
        """Both ways to run a verb."""
        return self.over, self.beside

    def beside(self, *words: str) -> Result:
        """Run a verb beside the daemon."""
        args = [*words, "--settings", str(self.settings)]
        return CliRunner().invoke(vqd, args, catch_exceptions=False)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("house")
    with web_house(folder, token=TOKEN) as house, capture_logs():
        for turn in range(3):
            accept_a_job(house.store, f"20260101-00000{turn}-beach", total=2)
        yield Elsewhere(folder, house)


@pytest.mark.parametrize(
    "line",
    [
        f"show {JOB} --prompt 2",
        "list --limit 2",
        "list --state queued --search beach",
        "models all",
        "workflows list",
        "workflows show image-scale",
    ],
)
def test_both_ways_tell_programs_the_same(elsewhere: Elsewhere, line: str) -> None:
    words = [*line.split(), "--json"]
    over, beside = elsewhere.over(*words), elsewhere.beside(*words)
    assert over.exit_code == beside.exit_code == 0
    assert json.loads(over.stdout) == json.loads(beside.stdout)


def test_a_job_is_shown_and_explained(elsewhere: Elsewhere) -> None:
    told = json.loads(elsewhere.over("show", JOB, "--prompts", "1", "--json").stdout)
    assert (told["job"], len(told["prompts"]), told["folder"]) == (JOB, 1, None)
    assert told["events"][0]["kind"] == "job.accepted"
    assert JOB in elsewhere.over("explain", JOB).output
    assert JOB in elsewhere.over("status").output
    assert "no daemon has been asked" not in elsewhere.over("servers").output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "nothing"], 4, "[unknown_job]"),
        (["show", "beach"], 4, "[ambiguous_job]"),
        (["show", JOB, "--prompt", "9"], 5, "[unknown_prompt]"),
        (["workflows", "show", "image-scal"], 3, "Did you mean image-scale?"),
        (["resume", JOB], 5, f"{JOB}: it is not suspended. [not_done]"),
        (["models", "lorras"], 5, "[unknown_folder]"),
    ],
)
def test_what_is_refused_ends_as_it_does_beside_the_daemon(
    elsewhere: Elsewhere, words: list[str], code: int, said: str
) -> None:
    answer = elsewhere.over(*words)
    assert (answer.exit_code, said in answer.output) == (code, True), answer.output


def test_what_waits_in_the_inbox_is_told(elsewhere: Elsewhere) -> None:
    place = waiting_file(elsewhere.house.spool.inbox)
    write(place, f"{HEADING}a: no job.yaml here\n")
    over, beside = (
        json.loads(way("status", "--json").stdout) for way in (elsewhere.over, elsewhere.beside)
    )
    place.unlink()
    assert over["waiting"] == ["a: no job.yaml here"]
    assert (over["daemon"], beside["daemon"]) == (True, False)
    assert {**over, "daemon": False, "servers": []} == beside  # none was looked for yet


def test_jobs_are_steered_and_everything_paused(elsewhere: Elsewhere) -> None:
    job = "20260101-000001-beach"
    assert elsewhere.over("priority", job, "80").output == f"{job}: priority 80\n"
    assert elsewhere.over("pause", job).output == f"{job}: suspended\n"
    told = json.loads(elsewhere.over("cancel", job, "--json").output)
    assert told == {"job": job, "answer": "cancelled"}
    assert elsewhere.over("pause").output == f"{PAUSED}\n"
    assert elsewhere.house.spool.is_paused()
    assert elsewhere.over("resume").output == "PAUSE is taken away\n"
    assert elsewhere.over("resume").output == "there was no PAUSE in the spool\n"


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_job_is_sent_with_its_files(
    elsewhere: Elsewhere, tmp_path: Path, *, is_folder: bool
) -> None:
    folder = picture_job(tmp_path / 'my "shots"', pictures=2)
    write(folder / "p1.txt", "a caption")
    write(folder / "notes.bin", "nothing that the job asks for")
    path = folder if is_folder else folder / "job.yaml"
    told = json.loads(elsewhere.over("submit", str(path), "--json").output)
    assert (told["prompts"], told["dropped"]) == (2, None)
    taken = elsewhere.house.spool.active / told["job"]
    names = sorted(one.name for one in taken.iterdir() if one.suffix in (".png", ".bin", ".yaml"))
    everything = ["job.yaml", "notes.bin", "p1.png", "p2.png"]
    assert [name for name in names if name != "STATUS.yaml"] == [
        name for name in everything if is_folder or name != "notes.bin"
    ]
    assert (taken / "p1.png").read_bytes() == (folder / "p1.png").read_bytes()


def test_what_is_hidden_or_a_link_is_not_sent(tmp_path: Path) -> None:
    for name in ("a.png", ".env", ".ssh/id.txt", "below/b.txt", "Thumbs.db", "c.part"):
        write(tmp_path / name, "x")
    (tmp_path / "link.txt").symlink_to(tmp_path / ".env")
    (tmp_path / "linked").symlink_to(tmp_path / ".ssh")
    assert [one.path for one in enclosed_in(tmp_path)] == ["a.png", "below/b.txt"]


def test_a_job_is_checked_by_the_names_of_its_files(elsewhere: Elsewhere, tmp_path: Path) -> None:
    folder = picture_job(tmp_path / "beach", pictures=2)
    told = json.loads(elsewhere.over("check", str(folder), "--json").output)
    assert (told["prompts"], told["problems"]) == (2, [])
    write(folder / "job.yaml", "vqd: 1\nworkflow: image-scal\n")
    for verb in ("check", "submit"):
        refused = elsewhere.over(verb, str(folder))
        assert refused.exit_code == 3
        assert "Did you mean image-scale?" in refused.output


@pytest.mark.parametrize("name", ["beach-v1.5", "L" * 250, "b\udcffd"])
@pytest.mark.parametrize("path", [".", "job.yaml", "below/.."])
def test_a_job_has_the_same_name_by_both_ways(
    elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    folder = picture_job(tmp_path / name, pictures=1)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder)
    told = [json.loads(way("check", path, "--json").stdout) for way in elsewhere.ways]
    assert [one["problems"] for one in told] == [[], []]
    names = [one["name"] for one in told]
    assert safe_name(names[0], longest_bytes=80) == safe_name(names[1], longest_bytes=80)
    assert names[0].startswith(name[0])


def test_the_graph_of_a_prompt_is_the_same_by_both_ways(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    folder = picture_job(tmp_path / "beach", pictures=2)
    over, beside = (way("check", str(folder), "--graph", "2") for way in elsewhere.ways)
    assert over.exit_code == beside.exit_code == 0
    assert json.loads(over.stdout)["1"]["inputs"]["image"].startswith("<p2.png, ")
    assert over.stdout == beside.stdout
    refused = elsewhere.over("check", str(folder), "--graph", "3")
    assert (refused.exit_code, "[unknown_prompt]" in refused.output) == (5, True)
    write(folder / "job.yaml", "vqd: 1\nworkflow: image-scal\n")
    faulty = elsewhere.over("check", str(folder), "--graph", "1")
    assert (faulty.exit_code, "Did you mean image-scale?" in faulty.output) == (3, True)


def test_a_report_is_made_again_where_the_job_lies(
    elsewhere: Elsewhere,
) -> None:
    store, spool = elsewhere.house.store, elsewhere.house.spool
    with store.reading() as session:
        job = session.jobs.get(1)
    folder = spool.active / job.job
    folder.mkdir(exist_ok=True)
    write_status(folder, job, now=NOW, durable=False)
    told = json.loads(elsewhere.over("report", job.job, "--json").stdout)
    assert told == {"job": job.job, "report": str(folder / "report.html")}
    assert "image-scale" in (folder / "report.html").read_text()
    assert elsewhere.over("report", job.job).stdout == elsewhere.beside("report", job.job).stdout


def test_a_hot_folder_is_told_only_where_it_lies(elsewhere: Elsewhere, tmp_path: Path) -> None:
    write(tmp_path / "_defaults.yaml", "vqd: 1\nworkflow: image-scale\n")
    assert "[not_over_url]" in elsewhere.over("check", str(tmp_path)).output


def test_without_the_token_nothing_is_told_and_the_cure_is(elsewhere: Elsewhere) -> None:
    answer = CliRunner().invoke(vqd, ["status"], env={"VQD_URL": elsewhere.house.url})
    assert answer.exit_code == 5
    assert "Give --token-file, or set VQD_TOKEN_FILE" in answer.output
    assert "[token_needed]" in answer.output


def test_the_settings_on_the_command_line_count_for_more_than_the_environment(
    elsewhere: Elsewhere,
) -> None:
    args = ["list", "--json", "--settings", str(elsewhere.settings)]
    told = CliRunner().invoke(vqd, args, env={"VQD_URL": "http://127.0.0.1:1"})
    assert told.exit_code == 0


def _excuse(status: str) -> Callable[[PassOn], bytes]:
    """Give what a gateway answers whose daemon is being restarted."""
    page = f"<h1>{status}</h1>"
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    return lambda _: (head + page).encode()


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout"])
def test_who_waits_behind_a_gateway_outlasts_a_restart_of_the_daemon(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr("vqd.cli.outlasting.ASKED_AGAIN_S", 0.01)
    job = f"20260102-000000-{status[:3]}"
    _close_a_job(elsewhere.house.store, job)
    with Proxy(elsewhere.house.url) as gateway:
        gateway.tampers("GET /api", PassOn.__call__, _excuse(status), _excuse(status))
        words = ["watch", job, "--url", gateway.url, "--token-file", str(elsewhere.token)]
        told = CliRunner().invoke(vqd, words, catch_exceptions=False)
    assert told.stderr.count(f"nobody answers (a gateway says {status[:3]})") == 1
    assert told.exit_code == 1
    assert "cancelled" in told.stdout


def _close_a_job(store: Store, name: str) -> None:
    job_key = accept_a_job(store, name)
    store.write(lambda session: session.cancel(job_key, now=NOW, why="a test"))
    store.write(lambda session: session.jobs.begin_publishing(job_key))
    store.write(lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW))


class _Stranger(BaseHTTPRequestHandler):
    """A web server that is no vqd: it answers everything, and sends browsers elsewhere."""

    def do_GET(self) -> None:
        """Answer."""
        if "system" in self.path:
            self._answer(200, b'{"version": 3}', "application/json")
        else:
            self._answer(302, b"<h1>it works</h1>", "text/html")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.parametrize("verb", ["status", "servers"])
def test_whatever_else_answers_is_said_to_be_no_vqd(verb: str) -> None:
    with HTTPServer(("127.0.0.1", 0), _Stranger) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        url = f"http://127.0.0.1:{server.server_port}"
        words = [verb] if verb == "status" else ["list"]
        answer = CliRunner().invoke(vqd, [*words, "--url", url], catch_exceptions=False)
        server.shutdown()
        answering.join()
    assert answer.exit_code == 5
    assert "[not_vqd]" in answer.output


class _Gateway(BaseHTTPRequestHandler):
    """A gateway before a daemon whose queue is away for a moment."""

    answers: ClassVar[list[tuple[int, str, bytes]]]

    def do_GET(self) -> None:
        """Answer with what comes next."""
        status, kind, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _behind_a_gateway() -> Iterator[Client]:
    with HTTPServer(("127.0.0.1", 0), _Gateway) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        with closing(client_of(f"http://127.0.0.1:{server.server_port}", None)) as client:
            yield client
        server.shutdown()
        answering.join()


def test_a_part_of_a_file_is_a_part_though_a_gateway_answers_with_the_whole() -> None:
    _Gateway.answers = [(200, "text/plain", b"one\ntwo\n")] * 3
    with _behind_a_gateway() as client:
        parts = [client.part("/log", first, 5) for first in (0, 5, 8)]
    assert parts == [b"one\nt", b"wo\n", b""]


def test_who_waits_outlasts_a_queue_that_is_away_and_what_is_too_large_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vqd.cli.outlasting.ASKED_AGAIN_S", 0.01)
    away = b'{"code": "store_unreachable", "detail": "The queue does not answer."}'
    _Gateway.answers = [
        (503, "application/problem+json", away),
        (503, "application/problem+json", away),
        (200, "application/json", b'{"is": "back"}'),
        (413, "text/html", b"<h1>Request Entity Too Large</h1>"),
    ]
    with _behind_a_gateway() as client:
        told = outlasting(lambda: client.get(dict[str, str], "/api/system"))
        with pytest.raises(VqdError, match="takes nothing so large") as refused:
            client.get(dict[str, str], "/api/system")
    assert (told, refused.value.code) == ({"is": "back"}, "not_vqd")
    assert capsys.readouterr().err.count("The queue does not answer.") == 1


class _Slow(BaseHTTPRequestHandler):
    """A daemon that is some time about what it is sent."""

    def do_POST(self) -> None:
        """Take what is sent, and answer later."""
        self.rfile.read(int(self.headers["Content-Length"]))
        threading.Event().wait(0.5)
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b'{"job": "a", "prompts": 1}')

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_job_that_takes_long_to_be_taken_in_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.cli.client._ANSWER_S", 0.05)
    with HTTPServer(("127.0.0.1", 0), _Slow) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        url = f"http://127.0.0.1:{server.server_port}"
        words = ["submit", str(picture_job(tmp_path / "beach")), "--url", url]
        taken = CliRunner().invoke(vqd, words, catch_exceptions=False)
        server.shutdown()
        answering.join()
    assert taken.output == "submitted a (1 prompt)\n"


def test_of_a_url_with_a_path_too_much_it_is_said(elsewhere: Elsewhere) -> None:
    args = ["status", "--url", f"{elsewhere.house.url}/jobs", "--token-file", str(elsewhere.token)]
    answer = CliRunner().invoke(vqd, args, catch_exceptions=False)
    assert answer.exit_code == 5
    assert "/jobs: what answers has no such route. Is its URL too long" in answer.output


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:1", "unreachable"),
        ("gpu-box:8640", "bad_url"),
        ("ftp://x", "bad_url"),
        ("http://[::1:8640", "bad_url"),
    ],
)
def test_where_nobody_answers_it_is_said_which_and_what_to_look_at(url: str, code: str) -> None:
    answer = CliRunner().invoke(vqd, ["status", "--url", url], catch_exceptions=False)
    assert answer.exit_code == 5
    assert answer.output.startswith(f"error: {url}: ")
    assert f"[{code}]" in answer.output


@pytest.mark.parametrize("text", [b"a-secret\nof-two-lines", "gehéim-lang-genug".encode(), b"\xff"])
def test_a_file_that_is_no_token_is_named_and_not_told(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(text)
    words = ["status", "--url", "http://127.0.0.1:1", "--token-file", str(file)]
    answer = CliRunner().invoke(vqd, words, catch_exceptions=False)
    assert answer.exit_code == 5
    assert (
        answer.output == f"error: {file}: this is no token. It is one line of text. [bad_token]\n"
    )


def test_a_password_in_a_url_is_not_told() -> None:
    words = ["status", "--url", "http://me:secret@127.0.0.1:1"]
    answer = CliRunner().invoke(vqd, words, catch_exceptions=False)
    assert answer.exit_code == 5
    assert "secret" not in answer.output

"""Every request, as it is answered by what stands before ComfyUI in its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy.address import Address
from vqd.comfy.client import Client
from vqd.comfy.connection import Connection
from vqd.comfy.faults import ComfyError, NotComfy, Refused, Unreachable
from vqd.comfy.messages import Waiting
from vqd.comfy.outputs import RemoteFile
from vqd.domain.errors import VqdError

CERTIFICATE = Path(__file__).parent.parent / "recorded" / "comfy" / "self-signed.pem"
EMPTY_QUEUE = Answer(body={"queue_running": [], "queue_pending": []})
OUR_RUN = Answer(body={"queue_running": [[0, "p", {}, {}, []]], "queue_pending": []})


def listen(url: str) -> None:
    """Open a websocket, which is none."""
    connection = Connection(Address.of(url), "c", 1.0)
    try:
        connection.open()
    finally:
        connection.close()


def page(status: int, title: str) -> Answer:
    html = f"<html>\n<head><TITLE>\n{title}</TITLE></head><body>{'x' * 9000}</body></html>"
    return Answer(status, html, "text/html; charset=utf-8")


LOGIN = page(200, "Sign in")
REDIRECT = Answer(302, "", "text/html", headers={"Location": "https://sso.lan/in?next=1"})

REQUESTS: dict[str, Callable[[Client, Path, str], object]] = {
    "POST /prompt": lambda client, _, __: client.submit("p", {}, client_id="c"),
    "GET /history/p": lambda client, _, __: client.find("p"),
    "GET /queue": lambda client, _, __: client.place("p"),
    "POST /queue": lambda client, _, __: client.withdraw("p"),
    "POST /interrupt": lambda client, _, __: client.interrupt("p"),
    "POST /free": lambda client, _, __: client.free_memory(),
    "POST /upload/image": lambda client, folder, _: client.upload(
        folder / "a.png", name="a.png", subfolder="vqd"
    ),
    "HEAD /view": lambda client, _, __: client.has_sentinel("a"),
    "GET /view": lambda client, folder, _: client.fetch(RemoteFile("a.png"), folder / "fetched"),
    "GET /prompt": lambda client, _, __: client.greet(),
    "GET /system_stats": lambda client, _, __: client.facts(),
    "GET /object_info": lambda client, _, __: client.object_info().__enter__(),
    "GET /ws": lambda _, __, url: listen(url),
}


@pytest.fixture(autouse=True)
def _no_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqd.comfy.download.AGAIN_AFTER_S", ())


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with StrangeServer() as strange:
        strange.answers("GET /queue", OUR_RUN)
        yield strange


def fault_of(
    server: StrangeServer, client: Client, folder: Path, route: str, answer: Answer
) -> ComfyError:
    (folder / "a.png").write_bytes(b"x")
    server.answers(route, answer)
    with pytest.raises(ComfyError) as caught:
        REQUESTS[route](client, folder, server.url)
    assert not (folder / "fetched").exists()
    return caught.value


@pytest.mark.parametrize("route", REQUESTS)
def test_a_login_page_is_told_as_one_on_every_route(
    server: StrangeServer, client: Client, tmp_path: Path, route: str
) -> None:
    told = fault_of(server, client, tmp_path, route, LOGIN)
    assert isinstance(told, NotComfy)
    assert route.rpartition(" ")[2] in told.message or route == "GET /view"
    assert len(told.message) < 300


@pytest.mark.parametrize("route", REQUESTS)
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REDIRECT, "302, a redirect to https://sso.lan/in."),
        (page(401, "Authorization Required"), "401: a gateway wants a login"),
        (page(403, "Forbidden"), "403: a gateway wants a login"),
    ],
)
def test_who_must_log_in_is_told_so_on_every_route(
    server: StrangeServer, client: Client, tmp_path: Path, route: str, answer: Answer, said: str
) -> None:
    told = fault_of(server, client, tmp_path, route, answer)
    assert isinstance(told, NotComfy)
    assert said in told.message


@pytest.mark.parametrize("route", REQUESTS)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_without_its_server_is_no_answer_on_every_route(
    server: StrangeServer, client: Client, tmp_path: Path, route: str, status: int
) -> None:
    told = fault_of(server, client, tmp_path, route, page(status, "Bad Gateway"))
    assert isinstance(told, Unreachable)
    assert f"{status}: the gateway is there, ComfyUI is not" in told.message


@pytest.mark.parametrize("route", sorted(REQUESTS.keys() - {"GET /ws"}))
def test_a_gateway_in_trouble_of_its_own_says_nothing_about_the_graph(
    server: StrangeServer, client: Client, tmp_path: Path, route: str
) -> None:
    told = fault_of(server, client, tmp_path, route, page(500, "Internal Server Error"))
    assert isinstance(told, Unreachable)


@pytest.mark.parametrize("route", ["POST /prompt", "POST /upload/image"])
def test_what_a_gateway_finds_too_large_is_refused_in_words(
    server: StrangeServer, client: Client, tmp_path: Path, route: str
) -> None:
    told = fault_of(server, client, tmp_path, route, page(413, "413 Request Entity Too Large"))
    assert isinstance(told, Refused)
    assert "larger than the server or its gateway" in told.message
    assert "<" not in told.message


def test_what_a_page_calls_itself_is_told(server: StrangeServer, client: Client) -> None:
    server.answers("GET /prompt", LOGIN)
    with pytest.raises(NotComfy, match=r'answered with a page \("Sign in"\) instead of data'):
        client.greet()


def test_a_websocket_that_is_not_let_through_is_told_with_its_cure(
    server: StrangeServer,
) -> None:
    server.answers("GET /ws", Answer(404))
    with pytest.raises(NotComfy, match="answered 404, and no websocket") as caught:
        listen(server.url)
    assert "must pass websockets on" in str(caught.value.hint)


def test_newer_routes_that_a_gateway_keeps_back_are_done_without(
    server: StrangeServer, client: Client
) -> None:
    for answer in (Answer(403), LOGIN, Answer(404, b"404: Not Found", "text/plain")):
        client.forget()
        for route in ("GET /api/jobs/p", "POST /api/jobs/p/cancel", "GET /internal/logs/raw"):
            server.answers(route, answer)
        server.answers("GET /history/p", Answer(body={}))
        server.answers("GET /queue", Answer(body={"queue_pending": [[0, "p", {}, {}, []]]}))
        server.answers("POST /queue", Answer())
        assert client.find("p") == Waiting(0)
        client.cancel("p")
        assert not client.has_died_inside()
    assert len(server.requests("POST /queue")) == 3


def test_the_authority_of_a_server_may_be_ones_own() -> None:
    with StrangeServer(CERTIFICATE) as secure:
        secure.answers("GET /comfy/prompt", Answer(body={"exec_info": {"queue_remaining": 0}}))
        client = Client(f"{secure.url}/comfy/", ca_file=CERTIFICATE)
        client.greet()
        client.close()


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_refused_by_name(
    tmp_path: Path, content: bytes | None
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(VqdError, match=r"ca\.pem: no certificates can be read") as caught:
        Address.of("https://gpu1", ca_file=ca_file)
    assert caught.value.code == "bad_ca_file"

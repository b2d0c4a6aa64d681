from collections.abc import Iterator
from threading import Event

import pytest

from tests.strange_server import Answer, StrangeServer, Talk
from tests.waiting import wait_for
from vqd.domain.needs import Capability
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress

IDLE = Answer(body={"exec_info": {"queue_remaining": 0}})
FACTS = Answer(body={"system": {"comfyui_version": "0.3.64"}, "devices": []})
NO_WEBSOCKET = Answer(404, b"404: Not Found", "text/plain")
LOGIN = Answer(200, "<title>Sign in</title>", "text/html")
NOW = 1_000.0


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqd.comfy.listener._LEAST_DELAY_S", 0.01)
    monkeypatch.setattr("vqd.comfy.listener._MOST_DELAY_S", 0.02)


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    with StrangeServer() as made:
        made.answers("GET /prompt", IDLE)
        made.answers("GET /system_stats", FACTS)
        made.answers("POST /upload/image", Answer(body={"name": "epoch-1"}))
        made.answers("HEAD /view", Answer(200))
        yield made


@pytest.fixture
def server(strange: StrangeServer) -> Iterator[Server]:
    made = Server(ServerAddress("gpu1", strange.url), InputChecks(), on_change=lambda: None)
    yield made
    made.stop()


def probes(strange: StrangeServer, route: str = "GET /prompt") -> int:
    return len(strange.requests(route))


def wait_for_probes(strange: StrangeServer, more: int = 2) -> None:
    """Wait until whatever is answered now was taken in."""
    seen = probes(strange)
    wait_for(lambda: probes(strange) >= seen + more, within_s=30)


def test_a_server_without_a_websocket_is_up_if_it_answers(
    strange: StrangeServer, server: Server
) -> None:
    strange.answers("GET /ws", NO_WEBSOCKET)
    server.start()
    wait_for(lambda: server.is_up, within_s=30)
    wait_for(lambda: list(server.free_places(NOW)) == [0, 1], within_s=30)
    server.learn()
    told = server.record(NOW)
    assert (told.state, told.version) == ("up", "0.3.64")
    assert told.said is not None
    assert "without its websocket, so asked every 2 s instead: GET" in told.said
    wait_for_probes(strange)
    assert not server.changed


@pytest.mark.parametrize(
    ("answer", "said"), [(LOGIN, 'a page ("Sign in")'), (Answer(502), "502: the gateway is there")]
)
def test_a_server_that_does_not_answer_either_is_down_and_says_why(
    strange: StrangeServer, server: Server, answer: Answer, said: str
) -> None:
    strange.answers("GET /ws", NO_WEBSOCKET)
    strange.answers("GET /prompt", answer)
    server.start()
    wait_for_probes(strange)
    told = server.record(NOW)
    assert (told.state, server.free_places(NOW)) == ("down", range(0))
    assert told.said is not None
    assert said in told.said


def test_nothing_is_sent_to_a_server_whose_websocket_broke_until_it_has_answered(
    strange: StrangeServer, server: Server
) -> None:
    silence = Event()
    late = Answer(body=IDLE.body, after=silence)
    strange.answers("GET /ws", Answer(talk=lambda _: None), NO_WEBSOCKET)
    strange.answers("GET /prompt", late, IDLE)
    server.start()
    wait_for(lambda: probes(strange) == 1, within_s=30)
    assert server.is_up
    assert not server.free_places(NOW)
    silence.set()
    wait_for(lambda: len(server.free_places(NOW)) == 2, within_s=30)


def test_a_restart_is_noticed_without_a_websocket(strange: StrangeServer, server: Server) -> None:
    strange.answers("GET /ws", NO_WEBSOCKET)
    server.start()
    wait_for(lambda: server.is_up, within_s=30)
    server.learn()
    assert (server.epoch, server.connection) == ("epoch-1", 1)
    wait_for_probes(strange)
    assert server.connection == 1
    strange.answers("HEAD /view", Answer(404), Answer(200))
    wait_for(lambda: server.connection == 2, within_s=30)
    assert server.version is None


def test_one_file_marks_a_server_as_long_as_it_is_the_same(
    strange: StrangeServer, server: Server
) -> None:
    strange.answers("GET /ws", Answer(talk=Talk.hear_out))
    server.start()
    wait_for(lambda: server.is_up, within_s=30)
    server.learn()
    server.learn()
    assert len(strange.requests("POST /upload/image")) == 1
    strange.answers("HEAD /view", Answer(404))
    server.learn()
    assert len(strange.requests("POST /upload/image")) == 2


@pytest.mark.parametrize(
    ("epoch", "answer", "said"),
    [
        ("epoch-1", Answer(200), "somebody cleared its queue or its history"),
        ("epoch-1", Answer(404), "it was restarted"),
        ("epoch-1", Answer(502), "it was restarted, or its queue was cleared"),
        (None, Answer(200), "it was restarted, or its queue was cleared"),
    ],
)
def test_why_a_prompt_is_lost_is_told_by_a_file_that_a_restart_wipes(
    strange: StrangeServer, server: Server, epoch: str | None, answer: Answer, said: str
) -> None:
    strange.answers("HEAD /view", answer)
    assert server.why_lost((epoch, 0)) == (said, said == "it was restarted")


def test_a_server_that_keeps_no_file_was_restarted_if_its_websocket_broke(server: Server) -> None:
    assert server.why_lost((None, server.connection - 1))[1]
    assert not server.why_lost((None, server.connection))[1]
    assert not server.why_lost(None)[1]


def test_what_its_card_told_counts_again_once_the_settings_do_not_say(
    strange: StrangeServer, server: Server
) -> None:
    card = {"type": "cuda", "vram_total": 24 << 30}
    strange.answers("GET /system_stats", Answer(body={"system": {"os": "nt"}, "devices": [card]}))
    server.equip(Capability(vram_gb=16))
    server.learn()
    assert server.capability.vram_gb == 16
    server.equip(Capability())
    assert server.capability.vram_gb == 24

"""Who is let in, and what is said to whoever is not."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.webhouse import TOKEN, WebHouse, web_house
from vqd.domain.errors import VqdError
from vqd.web.security import PAGE_POLICY
from vqd.web.server import listening
from vqd.web.sessions import COOKIE, LASTS_S, Sessions, token_in


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An API that wants a token, and is reached as vqd.example.org too."""
    web = {"allowed_hosts": ["vqd.example.org"]}
    with web_house(tmp_path_factory.mktemp("guarded"), token=TOKEN, web=web) as made:
        yield made


def without_token(house: WebHouse, path: str, **given: object) -> requests.Response:
    return requests.get(house.url + path, timeout=30, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/api/jobs", "/api/system", "/metrics", "/api/openapi.json"])
def test_without_the_token_nothing_is_told(guarded: WebHouse, path: str) -> None:
    answer = without_token(guarded, path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "token_needed"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\u00fc"])
def test_another_token_is_none(guarded: WebHouse, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    assert without_token(guarded, "/api/jobs", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/session"])
def test_health_and_the_way_to_sign_in_are_open(guarded: WebHouse, path: str) -> None:
    assert without_token(guarded, path).status_code == 200


def test_a_browser_signs_in_and_out_by_a_cookie_that_scripts_cannot_read(guarded: WebHouse) -> None:
    with requests.Session() as browser:
        refused = browser.post(f"{guarded.url}/api/session", json={"token": "x"}, timeout=30)
        assert (refused.status_code, refused.json()["code"]) == (401, "wrong_token")
        signed_in = browser.post(f"{guarded.url}/api/session", json={"token": TOKEN}, timeout=30)
        assert signed_in.json() == {"token_needed": True, "signed_in": True}
        cookie = signed_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in cookie
        assert browser.get(f"{guarded.url}/api/jobs", timeout=30).status_code == 200
        browser.delete(f"{guarded.url}/api/session", timeout=30)
        assert browser.get(f"{guarded.url}/api/jobs", timeout=30).status_code == 401


def test_a_session_ends_with_its_time_and_with_the_token() -> None:
    now = [1000.0]
    sessions = Sessions(TOKEN, clock=lambda: now[0])
    cookie = f"{COOKIE}={sessions.begin()}"
    assert sessions.admits("", cookie)
    assert Sessions(TOKEN, clock=lambda: now[0]).admits("", cookie)
    assert not Sessions(TOKEN + "2", clock=lambda: now[0]).admits("", cookie)
    now[0] += LASTS_S
    assert not sessions.admits("", cookie)


@pytest.mark.parametrize(
    "cookie", ["", "x", ".", "99999999999.", "99999999999.00", "9" * 50 + ".a", "\u00fc.\u00fc"]
)
def test_a_cookie_that_was_never_given_admits_nobody(cookie: str) -> None:
    assert not Sessions(TOKEN).admits("", f"{COOKIE}={cookie}")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("192.168.1.9:8640", 200),
        ("VQD.example.org", 200),
        (socket.gethostname(), 200),
        ("evil.example.com", 421),
        ("127.0.0.1.evil.example.com", 421),
        ("localhost.evil.example.com", 421),
        ("user@localhost", 421),
        ("localhost:port", 421),
        ("", 421),
    ],
)
def test_a_name_of_somebody_else_does_not_lead_here(
    guarded: WebHouse, host: str, status: int
) -> None:
    answer = guarded.get("/api/jobs", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "foreign_host"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://vqd.example.org.evil.example.com"}, 403),
        ({"Origin": "https://vqd.example.org"}, 200),
        ({"Origin": "http://vqd.example.org:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)
def test_what_another_site_sends_is_refused(
    guarded: WebHouse, headers: dict[str, str], status: int
) -> None:
    assert guarded.post("/api/system/resume", headers=headers).status_code == status


def test_a_link_from_another_site_may_be_followed(guarded: WebHouse) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert guarded.get("/api/jobs", headers=headers).status_code == 200


def test_every_answer_says_what_a_browser_may_do_with_it(guarded: WebHouse) -> None:
    refused = without_token(guarded, "/api/jobs")
    for answer in (guarded.get("/api/jobs"), guarded.get("/nothing"), refused):
        assert answer.headers["content-security-policy"] == PAGE_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == (
            "no-store" if "/api/" in answer.url else "no-cache"
        )
        assert "server" not in answer.headers
    assert "unsafe" not in PAGE_POLICY


def test_nothing_secret_is_shown(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "servers": [
            {"url": "http://gpu1:8188", "headers": {"Authorization": "Bearer s3cret"}},
        ],
        "notify": {"studio": {"url": "ntfy://t0psecret@example.org/x"}},
    }
    with web_house(tmp_path, token=TOKEN, **settings) as house:
        shown = house.get("/api/system").text + house.get("/metrics").text
    for secret in ("s3cret", "t0psecret", TOKEN):
        assert secret not in shown
    assert "gpu1" in shown


@pytest.mark.parametrize("text", ["", "short", "x" * 15, "two words of sixteen", "\u00fc" * 20])
def test_a_token_must_be_one_that_nobody_guesses(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(VqdError) as caught:
        token_in(tmp_path / "token")
    assert caught.value.code == "token_unfit"


def test_a_token_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(VqdError) as caught:
        token_in(tmp_path / "none")
    assert caught.value.code == "token_unreadable"


def test_a_port_that_is_taken_is_told() -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(VqdError) as caught:
            listening("127.0.0.1", port)
    assert caught.value.code == "port_taken"
    assert str(port) in str(caught.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(VqdError) as caught:
        listening(host, 0)
    assert caught.value.code == "not_listening"

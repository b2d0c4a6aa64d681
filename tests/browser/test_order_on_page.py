"""What is told above every view, and of the servers, while answers come late."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.holding import go, hold, let_go, listen, tell_to_ask_again, wait_held, wait_told
from tests.browser.looking import Look
from tests.builders import NOW
from tests.webhouse import WebHouse, web_house
from vqd.domain.server import ServerRecord


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """A queue without a job."""
    with web_house(tmp_path) as made:
        yield made


def note(house: WebHouse, state: str) -> None:
    record = ServerRecord("gpu0", "http://gpu0:8188", state, None, "0.4", NOW)
    house.store.write(lambda session: session.servers.note([record]))


def test_what_was_resumed_meanwhile_is_not_shown_as_paused(look: Look, house: WebHouse) -> None:
    go(look, "/")
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    listen(look)
    held = hold(look, "**/api/system/pause", 1)
    look.do("Pause everything", within=".top")
    wait_held(look, held)
    notices = look.page.locator("#notices")
    expect(notices).to_contain_text("Everything is paused")
    house.post("/api/system/resume")
    expect(notices).to_be_empty()
    let_go(look, held)
    expect(look.page.get_by_role("button", name="Pause everything")).to_be_enabled()
    expect(notices).to_be_empty()


def test_what_could_not_be_paused_is_no_longer_told_once_it_could(look: Look) -> None:
    go(look, "/")
    refused = {"detail": "The share is away."}
    look.page.route("**/pause", lambda route: route.fulfill(status=422, json=refused))
    look.do("Pause everything", within=".top")
    notices = look.page.locator("#notices")
    expect(notices).to_contain_text("The share is away.")
    look.page.unroute("**/pause")
    look.do("Pause everything", within=".top")
    expect(notices).to_contain_text("Everything is paused")
    expect(notices).not_to_contain_text("The share is away.")


def test_each_failure_is_told_for_as_long_whatever_failed_before(look: Look) -> None:
    look.page.clock.install()
    go(look, "/")
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    notices = look.page.locator("#notices")
    for said in ("one", "other"):
        look.page.evaluate("(said) => void Promise.reject(new Error(said))", said)
        expect(notices).to_contain_text(said)
        look.page.clock.fast_forward("00:05")
    expect(notices).to_contain_text("other")
    look.page.clock.fast_forward("00:05")
    expect(notices).to_be_empty()
    look.said.clear()  # what failed here


def test_a_server_is_shown_as_it_was_told_while_all_were_asked_for(
    look: Look, house: WebHouse
) -> None:
    note(house, "up")
    go(look, "/servers")
    state = look.page.locator(".server .state")
    expect(state).to_have_text("up")
    listen(look)
    held = hold(look, "**/api/system/servers", 1)
    tell_to_ask_again(look)
    wait_held(look, held)
    note(house, "down")
    wait_told(look, "gpu0", "down")
    expect(state).to_have_text("down")
    let_go(look, held)
    expect(state).to_have_text("down")


def test_an_opened_list_of_models_stays_open_when_they_are_asked_for_again(look: Look) -> None:
    models = [{"folder": "loras", "name": "film.safetensors", "servers": ["gpu0"]}]
    look.page.route("**/api/system/models", lambda route: route.fulfill(json={"models": models}))
    go(look, "/servers")
    look.page.get_by_text("loras").click()
    expect(look.page.get_by_text("film.safetensors")).to_be_visible()
    models.append({"folder": "loras", "name": "grain.safetensors", "servers": ["gpu0"]})
    tell_to_ask_again(look)
    expect(look.page.get_by_text("grain.safetensors")).to_be_visible()

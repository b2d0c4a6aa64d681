"""Who may see the page, and what it says while the daemon is gone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import opened, url_of
from tests.browser.looking import Look
from tests.builders import write
from tests.daemons import Daemon
from tests.ports import lasting_port
from tests.samples import picture_job

TOKEN = "a-token-of-32-letters-and-digits"
LATER = "vqd: 1\nworkflow: image-scale\nschedule: {suspended: true}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that wants a token."""
    folder = tmp_path_factory.mktemp("house")
    write(folder / "token", TOKEN)
    listen = f"127.0.0.1:{lasting_port()}"
    made = Daemon(folder, web={"listen": listen, "token_file": "token"})
    made.start()
    yield made
    made.close()


@pytest.fixture
def look(browser: Browser, house: Daemon) -> Iterator[Look]:
    """The page in a fresh browser, nobody signed in."""
    made = opened(browser, url_of(house)).go("/")
    yield made
    made.page.context.close()


def sign_in(look: Look, token: str = TOKEN) -> None:
    look.page.get_by_label("Token").fill(token)
    look.do("Sign in")


def test_nothing_is_seen_without_the_token(look: Look) -> None:
    expect(look.page.get_by_label("Token")).to_be_focused()
    assert look.faults() == []
    sign_in(look, "not the token at all")
    expect(look.page.get_by_role("alert")).to_have_text("This is not the token.")
    expect(look.page.get_by_role("button", name="Pause everything")).to_have_count(0)
    sign_in(look)
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    look.page.reload()
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    assert TOKEN not in look.page.evaluate("document.cookie + JSON.stringify(localStorage)")
    look.do("Sign out", within=".top")
    expect(look.page.get_by_label("Token")).to_be_visible()


def test_a_lost_connection_is_shown_and_heals_and_no_form_is_lost(
    look: Look, house: Daemon
) -> None:
    sign_in(look)
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    form = Look(look.page.context.new_page(), look.url).go("/submit/image-scale")
    form.page.get_by_label("Comment").fill("typed before")
    expect(form.page.locator(".told")).to_contain_text("Not ready yet")
    house.kill()
    form.page.get_by_label("Labels").fill("shot=sh010")
    expect(form.page.locator(".told")).to_contain_text("vqd cannot be reached")
    notices = look.page.locator("#notices")
    expect(notices).to_contain_text("vqd is not heard")
    folder = picture_job(house.folder / "drops" / "meanwhile", job=LATER)
    folder.rename(house.spool.inbox / "meanwhile")
    house.start()
    expect(notices).to_be_empty()
    expect(look.page.get_by_role("link", name="meanwhile")).to_be_visible()
    expect(form.page.locator(".told")).to_contain_text("Not ready yet")
    expect(form.page.get_by_label("Comment")).to_have_value("typed before")
    expect(form.page.get_by_label("Labels")).to_have_value("shot=sh010")

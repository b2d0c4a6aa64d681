"""What the page says of settings that do not count as they are written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import opened
from tests.browser.looking import Look
from tests.webhouse import web_house
from vqd.settings import standing

WAITING = "database, lease_s: as before until the daemon is restarted"
PHONE: ViewportSize = {"width": 400, "height": 860}


@pytest.fixture(params=["light", "dark"])
def look(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Look]:
    """The page by day and by night, of a queue whose state lies in `state`."""
    with web_house(tmp_path) as house:
        made = opened(browser, house.url, color_scheme=request.param)
        yield made
        made.page.context.close()
    assert made.said == []


def test_settings_that_wait_for_a_restart_are_told_of_above_every_view(
    look: Look, tmp_path: Path
) -> None:
    look.page.set_viewport_size(PHONE)
    look.go("/")
    notices = look.page.locator("#notices")
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    expect(notices).to_have_text("")

    standing.tell(tmp_path / "state", WAITING)

    expect(notices).to_have_text(f"Settings: {WAITING}")
    look.go("/servers")
    expect(notices).to_have_text(f"Settings: {WAITING}")
    assert look.faults() == []
    look.do("Pause everything", within=".top")
    expect(notices).to_contain_text("Everything is paused")
    expect(notices).to_contain_text(f"Settings: {WAITING}")

    standing.tell(tmp_path / "state", None)

    expect(notices).not_to_contain_text("Settings")
    expect(notices).to_contain_text("Everything is paused")

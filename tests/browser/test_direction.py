"""What a name says that turns the direction of writing."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import opened
from tests.builders import accept_a_job
from tests.webhouse import web_house

JOB = "20260101-000000-a"
TURNED, STRAIGHT = "cat\u202egnp.exe", r"cat\u202egnp.exe"


def test_its_marks_are_written_out_wherever_it_is_shown(browser: Browser, tmp_path: Path) -> None:
    with web_house(tmp_path) as house:
        accept_a_job(house.store, JOB, labels={"of": TURNED}, comment=TURNED)
        look = opened(browser, house.url).go("/")
        expect(look.page.locator(".job .label b")).to_have_text(STRAIGHT)
        look.go(f"/jobs/{JOB}")
        expect(look.page.locator(".comment")).to_have_text(STRAIGHT)
        expect(look.page.get_by_text(f"of {STRAIGHT}")).to_be_visible()
        assert "\u202e" not in look.page.content()
        look.page.context.close()
        assert look.said == []

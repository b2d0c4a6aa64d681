"""Every view for everybody: axe finds nothing, by day and by night, wide and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import opened, url_of
from tests.browser.looking import Look
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for

GRID = """\
vqd: 1
workflow: image-scale
labels: {client: acme}
comment: second round
fan_out: {matrix: {size: [32x20, 20x32], method: [lanczos, area, bicubic]}}
"""
JOBS = {
    "grid": GRID,
    "faulty": "vqd: 1\nworkflow: image-scal\n",
    "later": "vqd: 1\nworkflow: image-scale\nschedule: {suspended: true, priority: 80}\n",
    "flux": "vqd: 1\nworkflow: flux-t2i\nparams: {prompt: a beach}\n",
}
PHONE: ViewportSize = {"width": 400, "height": 860}
HALF: ViewportSize = {"width": 640, "height": 450}


@pytest.fixture(scope="module")
def busy(house: Daemon) -> dict[str, str]:
    """Jobs in every section of the board; their names."""
    for name, job in JOBS.items():
        folder = picture_job(house.folder / "drops" / name, pictures=2, job=job)
        folder.rename(house.spool.inbox / name)
    closed = {name: house.wait_closed(name).name for name in ("grid", "faulty")}
    return {**closed, **{name: _active(house, name) for name in ("later", "flux")}}


def _active(house: Daemon, name: str) -> str:
    found: Path = wait_for(
        lambda: next(iter(house.spool.active.glob(f"*-{name}")), None), within_s=60, what=name
    )
    return found.name


@pytest.fixture(params=["light", "dark"])
def seen(
    request: pytest.FixtureRequest, browser: Browser, house: Daemon, busy: dict[str, str]
) -> Iterator[Look]:
    """The page by day and by night."""
    made = opened(browser, url_of(house), color_scheme=request.param, reduced_motion="reduce")
    yield made
    made.page.context.close()
    assert made.said == []


def test_axe_finds_nothing_in_any_view(seen: Look, busy: dict[str, str]) -> None:
    found = {}
    for name, where, sign in (
        ("board", "/", "Done"),
        ("job", f"/jobs/{busy['grid']}", "method lanczos"),
        ("again", f"/jobs/{busy['grid']}/edit", "12 of 12 stay"),
        ("failed", f"/jobs/{busy['faulty']}", "What is wrong with it"),
        ("waiting", f"/jobs/{busy['flux']}", "What it waits for"),
        ("form", "/submit/image-scale", "Not ready yet"),
        ("servers", "/servers", "Version"),
        ("missing", "/jobs/nothing", "To the queue"),
        ("nowhere", "/nowhere", "To the queue"),
    ):
        seen.go(where)
        expect(seen.page.locator("main")).to_contain_text(sign)
        found[name] = seen.faults()
    seen.said.clear()  # what a browser says of the job that is missing
    assert not any(found.values()), found


def test_axe_finds_nothing_in_any_dialog(seen: Look, busy: dict[str, str]) -> None:
    page, found = seen.page, {}
    seen.go(f"/jobs/{busy['grid']}")
    page.locator(".thumb").first.click()
    found["viewer"] = seen.faults()
    page.keyboard.press("c")
    found["compared"] = seen.faults()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found["keys"] = seen.faults()
    page.keyboard.press("Escape")
    seen.go("/")
    page.get_by_label("Select later").check()
    seen.do("Cancel", within=".bulk")
    found["confirm"] = seen.faults()
    seen.do("No, leave it", within="dialog")
    found["bulk"] = seen.faults()
    assert not any(found.values()), found


@pytest.mark.parametrize("zoomed", [False, True])
def test_nothing_is_wider_than_a_phone_or_half_a_screen(
    browser: Browser, house: Daemon, busy: dict[str, str], zoomed: bool
) -> None:
    look = opened(browser, url_of(house))
    look.page.set_viewport_size(HALF if zoomed else PHONE)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for where, sign in (
        ("/", "Done"),
        (f"/jobs/{busy['grid']}", "#1"),
        (f"/jobs/{busy['grid']}/edit", "12 of 12 stay"),
        ("/submit/image-scale", "Not ready yet"),
        ("/servers", "Version"),
    ):
        look.go(where)
        expect(look.page.locator("main")).to_contain_text(sign)
        assert look.page.evaluate(wide) == 0, where
    look.page.context.close()

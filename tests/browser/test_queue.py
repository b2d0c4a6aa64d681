"""Jobs on the page: submitted, watched, steered, found again."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.looking import Look
from tests.daemons import Daemon
from tests.samples import picture, picture_job
from tests.waiting import wait_for
from vqd.engine.child import EngineProcess

LATER = "vqd: 1\nworkflow: image-scale\nparams: {size: 32x20}\nschedule: {suspended: true}\n"
SLOW = "vqd: 1\nworkflow: image-scale\nparams: {size: 4000x3000}\n"
GRID = """\
vqd: 1
workflow: image-scale
fan_out: {matrix: {size: [32x20, 16x10], method: [lanczos, area, bicubic]}}
"""
BROKEN = "vqd: 1\nworkflow: image-scale\nparams: {size: 32x20}\noutput: {name: 'same'}\n"


def drop(house: Daemon, name: str, job: str, *, pictures: int = 2) -> None:
    folder = picture_job(house.folder / "drops" / name, pictures=pictures, job=job)
    folder.rename(house.spool.inbox / name)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two pictures."""
    return picture(tmp_path / "a.png", shade=40), picture(tmp_path / "b.png", shade=200)


def test_two_pictures_are_submitted_and_watched_until_they_are_done(
    look: Look, house: Daemon, two: tuple[Path, Path]
) -> None:
    look.submit("watched", *two)
    look.state("done")
    assert house.closed("watched") is not None
    expect(look.page.locator(".card .thumb img")).to_have_count(2)
    expect(look.page.locator(".group h3")).to_have_text(["a.png", "b.png"])

    look.page.locator(".thumb").first.click()
    look.do("Compare with the input", within="dialog")
    shown = look.page.locator(".compared img")
    expect(shown).to_have_count(2)
    wait_for(
        lambda: all(one.evaluate("one => one.naturalWidth") for one in shown.all()),
        within_s=60,
        what="the two pictures",
    )
    look.page.keyboard.press("Escape")
    expect(look.page.locator("dialog")).to_have_count(0)

    with look.page.expect_popup() as popup:
        look.page.get_by_role("link", name="Report").click()
    expect(popup.value.get_by_role("heading", level=1)).to_contain_text("watched")


def test_values_that_form_a_grid_are_its_heads_and_stand_on_no_card(
    look: Look, house: Daemon
) -> None:
    drop(house, "grid", GRID)
    folder = house.wait_closed("grid")
    look.go(f"/jobs/{folder.name}")
    first = look.page.get_by_role("region", name="p1.png")
    heads = first.locator(".heads li")
    expect(heads).to_have_text(["method lanczos", "method area", "method bicubic"])
    expect(first.locator(".line h4")).to_have_text(["size 32x20", "size 16x10"])
    expect(first.locator(".chips li:visible")).to_have_count(0)


def test_a_job_that_runs_is_cancelled_and_asked_about_first(look: Look, house: Daemon) -> None:
    drop(house, "slow", SLOW, pictures=30)
    look.go("/")
    look.page.get_by_role("link", name="slow").click()
    look.state("running")
    look.do("Cancel")
    look.do("No, leave it", within="dialog")
    look.do("Cancel")
    look.do("Cancel", within="dialog")
    look.state("cancelled")
    house.wait_closed("slow")


def test_a_failed_job_says_why_and_is_retried(look: Look, house: Daemon) -> None:
    drop(house, "broken", BROKEN)
    folder = house.wait_closed("broken")
    look.go(f"/jobs/{folder.name}")
    look.state("failed")
    reasons = look.page.get_by_role("region", name="Reasons")
    expect(reasons).to_contain_text("job.yaml")
    expect(reasons.locator(".hint").first).not_to_be_empty()
    (folder / "job.yaml").write_text(BROKEN.replace("same", "{input.stem}"), encoding="utf-8")
    look.do("Retry")
    look.state("done")
    expect(look.page.locator(".card .thumb img")).to_have_count(2)
    expect(reasons).to_be_hidden()


def test_what_a_closed_job_was_asked_for_is_edited_and_only_that_runs(
    look: Look, house: Daemon
) -> None:
    drop(house, "edited", f"{GRID}retry: {{limit: 1}}\n")
    folder = house.wait_closed("edited")
    look.go(f"/jobs/{folder.name}")
    look.page.get_by_role("link", name="Edit and run again").click()
    told = look.page.locator(".told")
    expect(told).to_contain_text("0 prompts would run, 12 of 12 stay")
    expect(look.page.locator(".given")).to_contain_text("which stays: retry")
    expect(look.page.locator(".files img")).to_have_count(2)
    look.page.get_by_role("checkbox", name="bicubic").uncheck()
    look.page.get_by_role("checkbox", name="bilinear").check()
    expect(told).to_contain_text("4 prompts would run, 8 of 12 stay")

    look.page.get_by_role("radio", name="Text").check(force=True)
    area = look.page.get_by_role("textbox", name="job.yaml")
    expect(area).to_have_value(re.compile("limit: '?1"))
    text = area.input_value()
    area.fill(text.replace("bilinear", "bilinar"))
    expect(told).to_contain_text(re.compile("Line [0-9]+: .*bilinear"))
    area.fill(text)
    expect(told).to_contain_text("4 prompts would run")
    look.page.get_by_role("radio", name="Form").check(force=True)
    expect(look.page.get_by_role("checkbox", name="bilinear")).to_be_checked()
    look.do("Run again")
    wait_for(lambda: "bilinear" in _job_file(house, "edited"), within_s=60, what="the second run")
    house.wait_closed("edited")
    look.go("/")
    look.said.clear()  # what a browser says of small pictures while the folder is on its way


def test_what_is_being_submitted_is_not_checked_or_sent_again(look: Look, house: Daemon) -> None:
    drop(house, "hasty", f"{GRID}retry: {{limit: 1}}\n")
    folder = house.wait_closed("hasty")
    look.page.clock.install()
    look.go(f"/jobs/{folder.name}/edit")
    expect(look.page.locator(".told")).to_contain_text("0 prompts would run")
    submitted: list[Route] = []

    def is_on_its_way() -> bool:
        """Playwright hears of requests while it is asked something."""
        return bool(look.page.title() and submitted)

    look.page.route("**/job-file", lambda route: submitted.append(route))
    look.page.get_by_role("checkbox", name="bicubic").uncheck()
    look.do("Run again")
    checked = len(look.asked)
    look.page.get_by_role("checkbox", name="area").uncheck()
    look.page.clock.fast_forward("01:00")
    wait_for(is_on_its_way, within_s=60)
    assert not [url for url in look.asked[checked:] if url.endswith("/check")]
    expect(look.page.get_by_role("button", name="Run again")).to_be_disabled()


def test_a_job_of_no_workflow_is_mended_in_its_text(look: Look, house: Daemon) -> None:
    drop(house, "misspelt", LATER.replace("image-scale", "image-scal"))
    folder = house.wait_closed("misspelt")
    look.go(f"/jobs/{folder.name}/edit")
    expect(look.page.locator("main .fault").first).to_contain_text(
        "vqd can use no workflow image-scal"
    )
    area = look.page.get_by_role("textbox", name="job.yaml")
    area.fill(area.input_value().replace("image-scal\n", "image-scale\n"))
    look.do("Run again")
    look.state("done")


def _job_file(house: Daemon, name: str) -> str:
    folder = house.closed(name)
    with suppress(FileNotFoundError):  # it is moved back into the inbox at any moment
        return "" if folder is None else (folder / "job.yaml").read_text(encoding="utf-8")
    return ""


def test_a_job_and_everything_is_paused_and_resumed(look: Look, house: Daemon) -> None:
    drop(house, "later", LATER)
    look.go("/")
    look.page.get_by_role("link", name="later").click()
    expect(look.page.locator(".head .reason")).to_contain_text("Suspended")

    look.do("Pause everything", within=".top")
    expect(look.page.locator("#notices")).to_contain_text("Everything is paused")
    assert house.spool.is_paused()
    look.do("Resume")
    expect(look.page.locator(".head .reason")).not_to_contain_text("Suspended")
    look.do("Pause")
    expect(look.page.locator(".head .reason")).to_contain_text("Suspended")
    look.do("Resume")
    look.do("Resume everything", within=".top")
    expect(look.page.locator("#notices")).not_to_contain_text("paused")
    look.state("done")


def test_a_proof_is_looked_at_and_approved(look: Look, house: Daemon) -> None:
    drop(house, "proofed", f"{LATER[: LATER.index('schedule')]}proof: {{inputs: 1}}\n")
    look.go("/")
    look.page.get_by_role("link", name="proofed").click()
    with look.page.expect_popup() as popup:
        look.page.get_by_role("link", name="Look at the proof").click()
    expect(popup.value.get_by_role("heading", level=1)).to_contain_text("proofed")
    look.do("Approve")
    look.state("done")


def test_many_jobs_are_found_selected_and_steered_by_keys_and_the_address_tells_of_it(
    look: Look, house: Daemon
) -> None:
    for number in range(3):
        drop(house, f"many-{number}", LATER)
    wait_for(
        lambda: len(list(house.spool.active.glob("*-many-*"))) == 3,
        within_s=60,
        what="the taking of three jobs",
    )
    look.go("/")
    expect(look.page.get_by_role("link", name="many-2")).to_be_visible()
    page = look.page
    page.keyboard.press("/")
    page.keyboard.type("many")
    expect(page).to_have_url(re.compile(r"#/\?q=many$"))
    rows = page.locator(".job")
    expect(rows).to_have_count(3)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    bulk = page.get_by_role("form", name="With the selected jobs")
    expect(bulk).to_contain_text("2 jobs selected")
    bulk.get_by_label("Priority, 0 to 100").fill("90")
    look.do("Set priority", within=".bulk")
    expect(page.locator(".job", has_text="priority 90")).to_have_count(2)
    expect(page.get_by_label("Select many-1")).to_be_checked()
    look.do("Cancel", within=".bulk")
    look.do("Cancel", within="dialog")
    expect(page.locator(".of.failed .job")).to_have_count(2)

    page.get_by_role("radio", name="Waiting").check(force=True)
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("many")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("many-2")
    look.do("Cancel")
    look.do("Cancel", within="dialog")
    look.state("cancelled")


def test_a_server_is_seen_to_go_down_and_to_come_back(look: Look, second: EngineProcess) -> None:
    look.go("/servers")
    card = look.page.locator(".server", has_text=second.url).first
    expect(card.locator(".state")).to_have_text("up")
    second.stop()
    expect(card.locator(".state")).to_have_text(re.compile("down|resting"))
    expect(card.locator(".said")).not_to_be_empty()
    second.start()
    expect(card.locator(".state")).to_have_text("up")

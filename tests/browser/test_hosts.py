"""The page where several hosts share a queue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import opened
from tests.browser.looking import Look
from tests.cluster.company import Company
from tests.cluster.test_seeing import accept
from tests.webhouse import web_house

HOURS_S = 36_000.0


@pytest.fixture
def company(database: str) -> Company:
    return Company(database)


@pytest.fixture
def look(browser: Browser, company: Company, database: str, tmp_path: Path) -> Iterator[Look]:
    """The page of one of the hosts."""
    del company  # which laid the queue out
    server = {"url": "http://gpu1:8188", "name": "gpu1"}
    with web_house(tmp_path, database=database, servers=[server]) as house:
        made = opened(browser, house.url)
        yield made
        made.page.context.close()
    assert made.said == []


def test_each_server_stands_below_its_host_and_a_silent_host_is_told_of_as_it_falls_silent(
    look: Look, company: Company
) -> None:
    worker = company.join("b", "gpu3")
    company.silence(worker, -HOURS_S)  # heard, however long the browser takes
    company.silence(company.join("a", "gpu1", "gpu2"), -HOURS_S)
    look.go("/servers")
    hosts = look.page.locator(".host")
    expect(hosts.locator("header")).to_contain_text(["aheard2 servers", "bheard1 server"])
    expect(hosts.nth(0).locator(".server h3")).to_have_text(["gpu1up", "gpu2up"])
    expect(hosts.nth(1).locator(".server h3")).to_have_text(["gpu3up"])

    company.silence(worker, HOURS_S)

    expect(look.page.locator("#notices")).to_have_text(
        "A host is silent: b. If it lasts, its prompts go elsewhere."
    )
    expect(hosts.nth(1).locator("h2")).to_have_text("bsilent")
    expect(hosts.nth(1).locator(".amiss")).to_contain_text("Heard last 10 hr. ago.")
    expect(hosts.nth(1).locator(".server h3")).to_have_text("gpu3down")
    assert look.faults() == []

    company.end(worker)

    expect(hosts.nth(1).locator("h2")).to_have_text("bgone")
    expect(hosts.nth(1).locator(".amiss")).to_contain_text("Its prompts go elsewhere.")
    expect(look.page.locator("#notices")).to_have_text("")
    assert look.faults() == []


def test_a_depot_that_is_away_is_told_of_above_every_view_and_at_the_host_it_is_away_for(
    look: Look, company: Company
) -> None:
    worker = company.join("a", "gpu1", depot="s3://studio/vqd")
    for one in (worker, company.join("b", "gpu3", depot="s3://studio/vqd")):
        company.silence(one, -HOURS_S)
    look.go("/servers")
    hosts = look.page.locator(".host")
    expect(hosts.locator("header")).to_contain_text(["aheard1 server", "bheard1 server"])

    company.cut_off(worker, "Could not connect to the endpoint", since_s=60.0)

    said = "Could not connect to the endpoint. What goes by it waits."
    expect(look.page.locator("#notices")).to_have_text(f"The depot is away for a: {said}")
    expect(hosts.nth(0).locator(".amiss")).to_contain_text("The depot is away since")
    expect(hosts.nth(0).locator(".amiss")).to_contain_text(said)
    expect(hosts.nth(1).locator(".amiss")).to_have_text("")
    assert look.faults() == []

    company.cut_off(worker, None)

    expect(look.page.locator("#notices")).to_have_text("")
    expect(hosts.nth(0).locator(".amiss")).to_have_text("")


def test_where_one_host_is_alone_the_servers_stand_as_they_are(
    look: Look, company: Company
) -> None:
    company.silence(company.join("a", "gpu1", "gpu2"), HOURS_S)
    look.go("/servers")
    expect(look.page.locator(".server h2")).to_have_text(["gpu1up", "gpu2up"])
    expect(look.page.locator(".host header")).to_be_hidden()


def test_each_job_is_told_with_the_host_at_which_it_is_at_home_also_when_it_comes_later(
    look: Look, company: Company, database: str
) -> None:
    for name in ("a", "b"):
        company.silence(company.join(name, f"of-{name}"), -HOURS_S)
    accept(database, "home-of-a", "20260101-000000-early")
    look.go("/")
    jobs = look.page.locator(".job .label")
    expect(jobs).to_have_text(["at home on a"])
    accept(database, "home-of-b", "20260101-000001-later")
    expect(jobs).to_have_text(["at home on a", "at home on b"])
    look.go("/jobs/20260101-000001-later")
    expect(look.page.get_by_text("at home on b")).to_be_visible()
    assert look.faults() == []

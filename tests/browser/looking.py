"""A page of vqd in a browser: what is said on its console, what it asks for, what axe finds."""

import re
from pathlib import Path
from typing import Self

from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.chromium import WITHIN_MS, faults

_REFUSED = "the server responded with a status of 422"

expect.set_options(timeout=WITHIN_MS)


class Look:
    """A page, and what went on beside what is seen."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.said: list[str] = []
        self.asked: list[str] = []
        self.waiting: set[Request] = set()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", self._note_request)
        page.on("requestfinished", self._note_end)
        page.on("requestfailed", self._note_end)

    def go(self, where: str) -> Self:
        """Go to a view: `/`, `/submit/image-scale`."""
        self.page.goto(f"{self.url}/#{where}")
        return self

    def submit(self, name: str, *pictures: Path) -> None:
        """Submit a job of pictures as a person would, and wait until its view is shown."""
        self.go("/submit/image-scale")
        self.page.locator("#slot-image").set_input_files(pictures)
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_role("button", name="Submit", exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)

    def state(self, state: str) -> None:
        """Wait until the job that is shown is in a state."""
        expect(self.page.locator(".pill")).to_have_text(state)

    def do(self, act: str, *, within: str = "main") -> None:
        """Press a button."""
        self.page.locator(within).get_by_role("button", name=act, exact=True).click()

    def faults(self) -> list[str]:
        """What axe finds wrong with what is shown."""
        return faults(self.page)

    @property
    def asked_elsewhere(self) -> list[str]:
        """Every address that is not this daemon's."""
        own = re.compile(rf"({re.escape(self.url)}/|blob:|data:)")
        return [one for one in self.asked if not own.match(one)]

    def _note(self, message: ConsoleMessage) -> None:
        is_answer = _REFUSED in message.text  # which the page tells as well
        if message.type in ("error", "warning") and not is_answer:
            self.said.append(f"{message.text} {message.location.get('url', '')}")

    def _note_request(self, request: Request) -> None:
        self.asked.append(request.url)
        if not request.url.endswith("/api/events"):
            self.waiting.add(request)

    def _note_end(self, request: Request) -> None:
        self.waiting.discard(request)

"""Answers that come late, or in another order than they were asked for."""

from playwright.sync_api import APIResponse, Route

from tests.browser.looking import Look
from tests.waiting import wait_for

Held = list[tuple[Route, APIResponse]]

_HEARS = 'import("/live.js").then(({ live }) => live.isHeard)'
_LISTEN = """
async () => {
  const { live } = await import("/live.js");
  window.told = [];
  for (const kind of ["job", "prompts", "running", "servers", "system"]) {
    live.addEventListener(kind, ({ detail }) => window.told.push(JSON.stringify(detail)));
  }
}
"""
_TELL = """
async () => {
  const { live } = await import("/live.js");
  live.dispatchEvent(new Event("reload"));
}
"""
_SETTLE = """
async () => {
  await fetch("icon.svg", { cache: "no-store" });
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}
"""


def go(look: Look, where: str) -> None:
    """Go to a view, and wait until it is told what goes on, and has all that it asks for then."""
    look.go(where)
    wait_for(lambda: look.page.evaluate(_HEARS) and not look.waiting, within_s=60)


def hold(look: Look, path: str, answers: int) -> Held:
    """Hold so many answers back that are given now of what is asked for there."""
    held: Held = []
    left = iter(range(answers))

    def answer(route: Route) -> None:
        if next(left, None) is None:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    look.page.route(path, answer)
    return held


def hold_requests(look: Look, path: str) -> list[Route]:
    """Hold back all that is asked for there, before it is answered."""
    held: list[Route] = []
    look.page.route(path, lambda route: held.append(route))
    return held


def wait_held(look: Look, held: Held | list[Route], number: int = 1) -> None:
    """Wait until so many are; Playwright hears of requests while it is asked something."""
    wait_for(lambda: look.page.title() and len(held) == number, within_s=60)


def let_go(look: Look, held: Held) -> None:
    """Let the page have the answers, and have done what it does of them."""
    for route, answer in held:
        route.fulfill(response=answer)
    settle(look)


def settle(look: Look) -> None:
    """Let the page take the answers that it was given."""
    look.page.evaluate(_SETTLE)


def listen(look: Look) -> None:
    """Keep from now on what the page is told."""
    look.page.evaluate(_LISTEN)


def wait_told(look: Look, *parts: str) -> None:
    """Wait until the page, which listens, is told what has all these parts."""
    wait_for(
        lambda: look.page.evaluate(
            "(parts) => told.some((one) => parts.every((part) => one.includes(part)))", list(parts)
        ),
        within_s=60,
    )


def tell_to_ask_again(look: Look) -> None:
    """Tell the page what it is told after a break: that it is to ask for all again."""
    look.page.evaluate(_TELL)

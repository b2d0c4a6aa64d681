"""A page in Chromium, driven over the DevTools protocol, for tests to look at as a person would."""

import json
import os
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_ANSWERED_WITHIN_S = 60.0


class Browser:
    """One tab. `said` is what its console and its faults say, `asked` every address it asks for."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=_ANSWERED_WITHIN_S)
        self._turns = count(1)
        self.said: list[str] = []
        self.asked: list[str] = []
        self._session = ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()

    def see(
        self,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
        paper: bool = False,
    ) -> None:
        """Look at pages on a screen of this size, by day or by night, or as they are printed."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if paper else "screen"
        self._ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def open(self, page: Path) -> None:
        """Open a page, and wait until it is loaded."""
        self._ask("Page.navigate", url=page.as_uri())
        self.run(
            "new Promise((done) => document.readyState === 'complete' ? done() : onload = done)"
        )

    def run(self, script: str) -> Any:
        """Give what an expression gives in the page; a promise is waited for."""
        answer = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(json.dumps(answer["exceptionDetails"], indent=1))
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other: `Tab`, `ArrowLeft`, `c`."""
        for key in keys:
            code = _CODES.get(key, ord(key[0].upper()))
            shown = {"text": key} if len(key) == 1 else _TEXTS.get(key, {})
            about = {"key": key, "windowsVirtualKeyCode": code}
            self._ask("Input.dispatchKeyEvent", type="keyDown", **about, **shown)
            self._ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def point_at(self, selector: str) -> None:
        """Move the mouse onto the middle of an element."""
        x, y = self._middle(selector)
        self._ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self) -> bytes:
        """Give what is seen now, as PNG."""
        return b64decode(self._ask("Page.captureScreenshot")["data"])

    def paper(self) -> bytes:
        """Give the page as it is printed, as PDF."""
        self._ask("Emulation.setEmulatedMedia", media="print")
        return b64decode(self._ask("Page.printToPDF", printBackground=True)["data"])

    def _middle(self, selector: str) -> tuple[float, float]:
        x, y = self.run(
            "(() => { const one = document.querySelector(" + json.dumps(selector) + ");"
            " one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            " return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        return x, y

    def _ask(self, method: str, **params: Any) -> Any:
        turn = next(self._turns)
        session = {"sessionId": self._session} if self._session else {}
        self._socket.send(json.dumps({"id": turn, "method": method, "params": params, **session}))
        while (told := json.loads(self._socket.recv())).get("id") != turn:
            self._note(told)
        if "error" in told:
            raise AssertionError(f"{method}: {told['error']}")
        return told["result"]

    def _note(self, told: dict[str, Any]) -> None:
        about = told.get("params", {})
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(about["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.said.append(json.dumps(about["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(json.dumps(about["exceptionDetails"]))
            case "Log.entryAdded":
                self.said.append(about["entry"]["text"])


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Give a browser with a profile of its own in `folder`, ended afterwards."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        browser = Browser(_address(process))
        try:
            yield browser
        finally:
            browser.close()
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _address(process: "subprocess.Popen[str]") -> str:
    if process.stderr is None:
        raise AssertionError("its pipe was asked for")
    for line in process.stderr:
        if found := re.search(r"DevTools listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError("Chromium did not start")


_CODES = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
_TEXTS = {"Enter": {"text": "\r"}}

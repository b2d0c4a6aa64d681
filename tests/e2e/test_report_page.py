"""The report as people use it: by eye, keyboard, finger and on paper, in Chromium."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.chromium import CHROMIUM, WITHIN_MS, chromium, faults
from tests.report_job import FAILED, PICTURES, a_report, a_report_of_a_zip
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

FOCUSED = "document.activeElement.closest('.cell')?.id"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_report(tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


class See(Protocol):
    """Opens a report on a screen of this size, by day or by night, for fingers or a mouse."""

    def __call__(
        self,
        report: Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
    ) -> Page: ...


@pytest.fixture
def said() -> list[str]:
    """What the console said."""
    return []


@pytest.fixture
def see(browser: Browser, said: list[str]) -> Iterator[See]:
    """Opens reports; whatever a test does, each is quiet and asks for nothing elsewhere."""
    asked: list[str] = []
    pages: list[Page] = []

    def opened(
        report: Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            is_mobile=touch,
        )
        page = context.new_page()
        page.set_default_timeout(WITHIN_MS)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def wait(page: Page, expression: str) -> None:
    wait_for(lambda: bool(page.evaluate(expression)), within_s=30, what=expression)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def open_one(page: Page, selector: str = "#p1 .open") -> None:
    page.click(selector)
    wait(page, "document.getElementById('lightbox').open")


def compare_two(page: Page) -> None:
    page.focus("#p1 .open")
    press(page, "c", "ArrowRight", "c")
    page.click("#chosen .go")
    wait(page, "[...document.querySelectorAll('.view img')].every((img) => img.naturalWidth)")


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"width": 390, "height": 844, "touch": True}])
def test_nothing_is_wrong_with_it_for_those_who_cannot_see_or_point_well(
    see: See, report: Path, how: dict[str, Any]
) -> None:
    page = see(report, **how)
    assert faults(page) == []
    open_one(page)
    assert faults(page) == []
    press(page, "Escape")
    compare_two(page)
    assert faults(page) == []


def test_every_control_is_reached_by_tab_and_seen_to_be(see: See, report: Path) -> None:
    page = see(report)
    controls = page.evaluate(
        "[...document.querySelectorAll('a[href], a[role=button], button, input, audio')]"
        ".filter((one) => one.checkVisibility() && !one.disabled).length"
    )
    reached: set[int] = set()
    unseen: set[str] = set()
    for _ in range(2 * controls):  # players have stops of their own
        press(page, "Tab")
        place, name, outline = page.evaluate(
            "(() => { const all = [...document.querySelectorAll('*')], at = document.activeElement;"
            " return [all.indexOf(at), at.tagName, getComputedStyle(at).outlineStyle]; })()"
        )
        if name == "BODY":
            break
        reached.add(place)
        unseen |= {name} if outline == "none" else set()
    assert len(reached) >= controls > 2 * PICTURES
    assert unseen <= {"AUDIO"}  # in which one of its parts is marked


def test_arrows_go_from_picture_to_picture(see: See, report: Path) -> None:
    page = see(report)
    page.focus("#p1 .open")
    went = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        press(page, key)
        went.append(page.evaluate(FOCUSED))
    assert went == ["p2", "p3", f"p{FAILED}", "p6", "p2"]


def test_one_opens_steps_and_closes_by_keys_and_the_focus_comes_back(
    see: See, report: Path
) -> None:
    page = see(report)
    page.focus("#p1 .open")
    press(page, "Enter")
    wait(page, "document.querySelector('.stage img')?.naturalWidth === 640")
    told = page.evaluate("document.querySelector('#lightbox dl').innerText")
    for said in ("cfg", "3.5", "motion", "low", "1001", "gpu1", "steps", "24", "dawn.png"):
        assert said in told
    press(page, "z")
    assert (
        page.evaluate("document.querySelector('.stage img').getBoundingClientRect().width") == 640
    )
    press(page, "z", "ArrowRight", "ArrowRight")
    assert "Prompt 3" in page.evaluate("document.querySelector('#lightbox h2').textContent")
    press(page, "Escape")
    assert page.evaluate("document.getElementById('lightbox').open") is False
    wait(page, f"{FOCUSED} === 'p3'")  # by the event, which comes after it is closed


def test_a_failure_says_why_and_is_found_from_the_head(see: See, report: Path) -> None:
    page = see(report)
    page.click(".problems a")
    assert page.evaluate("location.hash") == f"#p{FAILED}"
    open_one(page, f"#p{FAILED} .open")
    assert page.evaluate("document.querySelector('.stage').innerText") == "node_error: it raised"


def test_two_are_compared_side_by_side_and_one_over_the_other(see: See, report: Path) -> None:
    page = see(report)
    compare_two(page)
    told = page.evaluate(
        "[...document.querySelectorAll('.pane figcaption')].map((one) => one.innerText)"
    )
    assert ["low" in told[0], "mid" in told[1]] == [True, True]
    assert "cfg" not in told[0]
    boxes = (
        "[...document.querySelectorAll('.view')].map((one) => one.getBoundingClientRect())"
        ".map((box) => [box.left, box.width])"
    )
    (left, _), (right, width) = page.evaluate(boxes)
    assert right >= left + width
    press(page, "w")
    (left, one), (right, other) = page.evaluate(boxes)
    assert (left, one) == (right, other)
    page.focus(".edge")
    press(page, "ArrowRight")
    assert (
        page.evaluate("document.querySelector('.panes').style.getPropertyValue('--cut')") == "51%"
    )
    press(page, "Escape")
    assert page.evaluate("document.activeElement.className") == "go"


def test_an_output_is_compared_with_its_input(see: See, report: Path) -> None:
    page = see(report)
    open_one(page)
    page.click("#lightbox .beside")
    wait(page, "document.querySelectorAll('.view img').length === 2")
    assert page.evaluate("document.querySelector('.pane b').textContent") == "Input image"


def test_a_clip_plays_while_it_is_pointed_at_and_only_then(see: See, report: Path) -> None:
    page = see(report)
    page.hover(f"#p{PICTURES} .open")
    wait(page, "document.querySelector('.preview.plays')?.currentTime > 0")
    page.hover("h1")
    wait(page, "!document.querySelector('.preview')")


def test_a_clip_plays_from_the_page_alone_where_its_file_is_not_beside_it(
    see: See, said: list[str], report: Path, tmp_path: Path
) -> None:
    page = see(Path(shutil.copy(report, tmp_path / "mailed.html")))
    page.focus(f"#p{PICTURES} .open")
    wait(page, f"document.querySelector('#p{PICTURES} img').src.startsWith('data:image/webp')")
    press(page, "Enter")
    wait(page, "document.querySelector('.instead img')?.naturalWidth")
    said.clear()  # that the file is not there


def test_sounds_texts_and_what_nobody_can_see_have_their_place(see: See, report: Path) -> None:
    page = see(report)
    sound, text, latent = (f"#p{PICTURES + number}" for number in (1, 2, 3))
    page.evaluate(f"document.querySelector('{sound} audio').play()")
    wait(page, f"document.querySelector('{sound} audio').currentTime > 0")
    assert page.evaluate(f"document.querySelector('{sound} img').naturalWidth") > 0
    assert "A quiet valley" in page.evaluate(f"document.querySelector('{text} .excerpt').innerText")
    assert "noise.latent" in page.evaluate(f"document.querySelector('{latent} .tile').innerText")
    open_one(page, f"{text} .open")
    assert (
        page.evaluate("document.querySelector('.stage .excerpt').innerText").count("valley") == 40
    )


def test_what_varies_together_is_one_axis_and_what_hangs_on_the_input_stands_beside_it(
    see: See, tmp_path: Path
) -> None:
    page = see(a_report_of_a_zip(tmp_path))
    heads = "[...document.querySelectorAll('thead th')].map((one) => one.innerText.split('\\n'))"
    assert page.evaluate(heads) == [
        ["lora film", "tag plain"],
        ["lora none", "tag soft"],
        ["lora grain", "tag hard"],
    ]
    beside = "[...document.querySelectorAll('tbody th')].map((one) => one.innerText)"
    assert ["m0" in one for one in page.evaluate(beside)] == [True, False]
    row = "[...document.querySelectorAll('tbody tr:last-child .cell')].map((one) => one.id)"
    assert page.evaluate(row) == ["p4", "p5", "p6"]


def test_searching_leaves_what_fits(see: See, report: Path) -> None:
    page = see(report)
    press(page, "/")
    page.keyboard.type("motion wild")
    shown = "[...document.querySelectorAll('.cell:not([hidden])')].length"
    wait(page, f"{shown} === 9")
    page.click("#only-new")
    assert page.evaluate(shown) == 6


@pytest.mark.parametrize("width", [320, 390, 768])
def test_on_a_phone_nothing_is_wider_than_the_screen(see: See, report: Path, width: int) -> None:
    page = see(report, width=width, height=800, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    small = page.evaluate(
        "[...document.querySelectorAll('button, .choose')].filter((one) => one.checkVisibility())"
        ".filter((one) => one.getBoundingClientRect().height < 36).length"
    )
    assert small == 0


def test_it_is_dark_where_people_want_it_dark(see: See, report: Path) -> None:
    shades = []
    for dark in (False, True):
        page = see(report, dark=dark)
        with Image.open(BytesIO(page.screenshot())) as picture:
            shades.append(picture.convert("L").crop((0, 300, 4, 304)).tobytes())
    assert min(shades[0]) > 230
    assert max(shades[1]) < 40


def test_on_paper_it_has_no_controls_and_cuts_no_picture(see: See, report: Path) -> None:
    page = see(report, width=718, height=1000, dark=True)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    left = "[...document.querySelectorAll('#tools, #keys, audio, .choose, dialog')]"
    assert page.evaluate(f"{left}.filter((one) => one.checkVisibility()).length") == 0
    broken = (
        "[...document.querySelectorAll('.cell')].map((one) => getComputedStyle(one).breakInside)"
    )
    assert set(page.evaluate(broken)) == {"avoid"}
    paper = page.pdf(print_background=True)
    assert paper.startswith(b"%PDF")
    assert 2 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type/Page\n") <= 8

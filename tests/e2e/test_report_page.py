"""The report as people use it: by eye, keyboard, finger and on paper, in Chromium."""

import json
import shutil
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.chromium import CHROMIUM, Browser, chromium
from tests.report_job import FAILED, PICTURES, a_report, a_report_of_a_zip
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

FOCUSED = "document.activeElement.closest('.cell')?.id"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_report(tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(tab: Browser) -> Iterator[Browser]:
    """The browser; whatever a test does, the page is quiet and asks for nothing elsewhere."""
    tab.see()
    tab.said.clear()
    tab.asked.clear()
    yield tab
    assert tab.said == []
    assert [url for url in tab.asked if not url.startswith(("file:", "data:"))] == []


def wait(browser: Browser, expression: str) -> None:
    wait_for(lambda: bool(browser.run(expression)), within_s=30, what=expression)


def faults(browser: Browser) -> list[Any]:
    """What axe finds wrong with the page as it is now."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    browser.run(f"void (window.axe || (() => {{ {axe} }})())")
    told = browser.run("axe.run().then((found) => JSON.stringify(found.violations))")
    return [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in json.loads(told)
    ]


def open_one(browser: Browser, selector: str = "#p1 .open") -> None:
    browser.click(selector)
    wait(browser, "document.getElementById('lightbox').open")


def compare_two(browser: Browser) -> None:
    browser.run("document.querySelector('#p1 .open').focus()")
    browser.press("c", "ArrowRight", "c")
    browser.click("#chosen .go")
    wait(browser, "[...document.querySelectorAll('.view img')].every((img) => img.naturalWidth)")


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"width": 390, "height": 844, "touch": True}])
def test_nothing_is_wrong_with_it_for_those_who_cannot_see_or_point_well(
    browser: Browser, page: Path, how: dict[str, Any]
) -> None:
    browser.see(**how)
    browser.open(page)
    assert faults(browser) == []
    open_one(browser)
    assert faults(browser) == []
    browser.press("Escape")
    compare_two(browser)
    assert faults(browser) == []


def test_every_control_is_reached_by_tab_and_seen_to_be(browser: Browser, page: Path) -> None:
    browser.open(page)
    controls = browser.run(
        "[...document.querySelectorAll('a[href], a[role=button], button, input, audio')]"
        ".filter((one) => one.checkVisibility() && !one.disabled).length"
    )
    reached: set[int] = set()
    unseen: set[str] = set()
    for _ in range(2 * controls):  # players have stops of their own
        browser.press("Tab")
        place, name, outline = browser.run(
            "(() => { const all = [...document.querySelectorAll('*')], at = document.activeElement;"
            " return [all.indexOf(at), at.tagName, getComputedStyle(at).outlineStyle]; })()"
        )
        if name == "BODY":
            break
        reached.add(place)
        unseen |= {name} if outline == "none" else set()
    assert len(reached) >= controls > 2 * PICTURES
    assert unseen <= {"AUDIO"}  # in which one of its parts is marked


def test_arrows_go_from_picture_to_picture(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run("document.querySelector('#p1 .open').focus()")
    went = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        browser.press(key)
        went.append(browser.run(FOCUSED))
    assert went == ["p2", "p3", f"p{FAILED}", "p6", "p2"]


def test_one_opens_steps_and_closes_by_keys_and_the_focus_comes_back(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    browser.run("document.querySelector('#p1 .open').focus()")
    browser.press("Enter")
    wait(browser, "document.querySelector('.stage img')?.naturalWidth === 640")
    told = browser.run("document.querySelector('#lightbox dl').innerText")
    for said in ("cfg", "3.5", "motion", "low", "1001", "gpu1", "steps", "24", "dawn.png"):
        assert said in told
    browser.press("z")
    assert browser.run("document.querySelector('.stage img').getBoundingClientRect().width") == 640
    browser.press("z", "ArrowRight", "ArrowRight")
    assert "Prompt 3" in browser.run("document.querySelector('#lightbox h2').textContent")
    browser.press("Escape")
    assert browser.run("document.getElementById('lightbox').open") is False
    assert browser.run(FOCUSED) == "p3"


def test_a_failure_says_why_and_is_found_from_the_head(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click(".problems a")
    assert browser.run("location.hash") == f"#p{FAILED}"
    open_one(browser, f"#p{FAILED} .open")
    assert browser.run("document.querySelector('.stage').innerText") == "node_error: it raised"


def test_two_are_compared_side_by_side_and_one_over_the_other(browser: Browser, page: Path) -> None:
    browser.open(page)
    compare_two(browser)
    told = browser.run(
        "[...document.querySelectorAll('.pane figcaption')].map((one) => one.innerText)"
    )
    assert ["low" in told[0], "mid" in told[1]] == [True, True]
    assert "cfg" not in told[0]
    boxes = (
        "[...document.querySelectorAll('.view')].map((one) => one.getBoundingClientRect())"
        ".map((box) => [box.left, box.width])"
    )
    (left, _), (right, width) = browser.run(boxes)
    assert right >= left + width
    browser.press("w")
    (left, one), (right, other) = browser.run(boxes)
    assert (left, one) == (right, other)
    browser.run("document.querySelector('.edge').focus()")
    browser.press("ArrowRight")
    assert browser.run("document.querySelector('.panes').style.getPropertyValue('--cut')") == "51%"
    browser.press("Escape")
    assert browser.run("document.activeElement.className") == "go"


def test_an_output_is_compared_with_its_input(browser: Browser, page: Path) -> None:
    browser.open(page)
    open_one(browser)
    browser.click("#lightbox .beside")
    wait(browser, "document.querySelectorAll('.view img').length === 2")
    assert browser.run("document.querySelector('.pane b').textContent") == "Input image"


def test_a_clip_plays_while_it_is_pointed_at_and_only_then(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.point_at(f"#p{PICTURES} .open")
    wait(browser, "document.querySelector('.preview.plays')?.currentTime > 0")
    browser.point_at("h1")
    wait(browser, "!document.querySelector('.preview')")


def test_a_clip_plays_from_the_page_alone_where_its_file_is_not_beside_it(
    browser: Browser, page: Path, tmp_path: Path
) -> None:
    browser.open(Path(shutil.copy(page, tmp_path / "mailed.html")))
    browser.run(f"document.querySelector('#p{PICTURES} .open').focus()")
    wait(browser, f"document.querySelector('#p{PICTURES} img').src.startsWith('data:image/webp')")
    browser.press("Enter")
    wait(browser, "document.querySelector('.instead img')?.naturalWidth")
    browser.said.clear()  # that the file is not there


def test_sounds_texts_and_what_nobody_can_see_have_their_place(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    sound, text, latent = (f"#p{PICTURES + number}" for number in (1, 2, 3))
    browser.run(f"document.querySelector('{sound} audio').play()")
    wait(browser, f"document.querySelector('{sound} audio').currentTime > 0")
    assert browser.run(f"document.querySelector('{sound} img').naturalWidth") > 0
    assert "A quiet valley" in browser.run(f"document.querySelector('{text} .excerpt').innerText")
    assert "noise.latent" in browser.run(f"document.querySelector('{latent} .tile').innerText")
    open_one(browser, f"{text} .open")
    assert browser.run("document.querySelector('.stage .excerpt').innerText").count("valley") == 40


def test_what_varies_together_is_one_axis_and_what_hangs_on_the_input_stands_beside_it(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open(a_report_of_a_zip(tmp_path))
    heads = "[...document.querySelectorAll('thead th')].map((one) => one.innerText.split('\\n'))"
    assert browser.run(heads) == [
        ["lora film", "tag plain"],
        ["lora none", "tag soft"],
        ["lora grain", "tag hard"],
    ]
    beside = "[...document.querySelectorAll('tbody th')].map((one) => one.innerText)"
    assert ["m0" in one for one in browser.run(beside)] == [True, False]
    row = "[...document.querySelectorAll('tbody tr:last-child .cell')].map((one) => one.id)"
    assert browser.run(row) == ["p4", "p5", "p6"]


def test_searching_leaves_what_fits(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("/")
    browser.press(*"motion wild")
    shown = "[...document.querySelectorAll('.cell:not([hidden])')].length"
    wait(browser, f"{shown} === 9")
    browser.click("#only-new")
    assert browser.run(shown) == 6


@pytest.mark.parametrize("width", [320, 390, 768])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    browser: Browser, page: Path, width: int
) -> None:
    browser.see(width=width, height=800, touch=True)
    browser.open(page)
    assert browser.run("document.documentElement.scrollWidth") == width
    small = browser.run(
        "[...document.querySelectorAll('button, .choose')].filter((one) => one.checkVisibility())"
        ".filter((one) => one.getBoundingClientRect().height < 36).length"
    )
    assert small == 0


def test_it_is_dark_where_people_want_it_dark(browser: Browser, page: Path) -> None:
    shades = []
    for dark in (False, True):
        browser.see(dark=dark)
        browser.open(page)
        with Image.open(BytesIO(browser.picture())) as picture:
            shades.append(picture.convert("L").crop((0, 300, 4, 304)).tobytes())
    assert min(shades[0]) > 230
    assert max(shades[1]) < 40


def test_on_paper_it_has_no_controls_and_cuts_no_picture(browser: Browser, page: Path) -> None:
    browser.see(width=718, height=1000, dark=True, paper=True)
    browser.open(page)
    assert browser.run("document.documentElement.scrollWidth") <= 718
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    left = "[...document.querySelectorAll('#tools, #keys, audio, .choose, dialog')]"
    assert browser.run(f"{left}.filter((one) => one.checkVisibility()).length") == 0
    broken = (
        "[...document.querySelectorAll('.cell')].map((one) => getComputedStyle(one).breakInside)"
    )
    assert set(browser.run(broken)) == {"avoid"}
    paper = browser.paper()
    assert paper.startswith(b"%PDF")
    assert 2 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type/Page\n") <= 8

"""The report is one page that opens anywhere, shows every prompt, and cannot be written into."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from vqd.domain.errors import Problem
from vqd.domain.graph import Value
from vqd.media.report import ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.media.samples import draw_clip
from vqd.media.thumbnails import Thumbnails

HOSTILE = "</title><script>alert(1)</script> \"a\" 'b' & \n <!-- 😀 \u202eb\u2069 \ud800"
LIMIT_BYTES = 30_000_000
Attributes = Mapping[str, str | None]


@dataclass
class Page(HTMLParser):
    """A page as a browser reads it: its elements, and its text without style and script."""

    markup: str
    elements: list[tuple[str, Attributes]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._is_code = False
        self.feed(self.markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_code = tag in ("style", "script")
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._is_code = self._is_code and tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self.text += data

    def each(self, tag: str, of_class: str = "") -> Iterator[Attributes]:
        for name, attributes in self.elements:
            classes = (attributes.get("class") or "").split(" ")
            if name == tag and (not of_class or of_class in classes):
                yield attributes

    @property
    def links(self) -> list[str]:
        return [link for one in self.each("a") if (link := one.get("href"))]

    def told(self, number: int) -> Any:
        (cell,) = (one for one in self.each("article") if one["id"] == f"p{number}")
        return json.loads(cell["data-more"] or "")


def a_job(total: int, **changed: Any) -> ReportJob:
    job = ReportJob(
        job="beach",
        workflow="image-scale",
        workflow_version=2,
        state="done",
        reason=None,
        comment="",
        labels={},
        counts={"total": total, "succeeded": total, "failed": 0, "cancelled": 0},
        params={},
        axes={},
        accepted_at=1795512000.0,
        started_at=1795512004.0,
        finished_at=1795512129.0,
        problems=(),
        input_folder="inputs",
    )
    return replace(job, **changed)


def a_prompt(number: int, *paths: str, **changed: Any) -> ReportPrompt:
    prompt = ReportPrompt(
        number=number,
        state="succeeded",
        params={},
        inputs={},
        seed=None,
        server="gpu0",
        attempt=1,
        seconds=2.5,
        outputs=tuple(
            ReportOutput(path, "image", 1234, "ab" * 32, 32, 20, None, None) for path in paths
        ),
        failure=None,
    )
    return replace(prompt, **changed)


def picture(path: Path, size: tuple[int, int] = (32, 20), *, noise: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Image.effect_noise(size, 80) if noise else Image.new("RGB", size, "teal")
    made.save(path)
    return path


Report = Callable[..., Page]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    def write(job: ReportJob, *prompts: ReportPrompt) -> Page:
        target = tmp_path / "report.html"
        write_report(job, lambda: iter(prompts), tmp_path, target)
        return Page(target.read_bytes().decode())

    return write


def test_hostile_names_and_texts_stay_texts(tmp_path: Path, report: Report) -> None:
    values: Mapping[str, Value] = {HOSTILE: HOSTILE}
    problem = Problem("bad", HOSTILE, HOSTILE, 3, key=HOSTILE, allowed=HOSTILE, hint=HOSTILE)
    job = a_job(
        2,
        job=HOSTILE,
        workflow=HOSTILE,
        reason=HOSTILE,
        comment=HOSTILE,
        labels={HOSTILE: HOSTILE},
        params=values,
        axes={HOSTILE: (HOSTILE, "plain")},
        problems=(problem,),
    )
    shared: dict[str, Any] = {"params": values, "inputs": {HOSTILE: HOSTILE}, "server": HOSTILE}
    picture(tmp_path / "outputs/<img src=x onerror='a'>&\".png")
    page = report(
        job,
        a_prompt(1, "outputs/<img src=x onerror='a'>&\".png", **shared),
        a_prompt(2, state="failed", failure=HOSTILE, **{**shared, "params": {HOSTILE: "plain"}}),
    )
    seen = HOSTILE.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    seen = seen.replace("\u202e", r"\u202e").replace("\u2069", r"\u2069")
    assert page.text.count(seen) > 12
    assert [*page.each("script")] == [{}]
    assert not [one for _, one in page.elements if any(name.startswith("on") for name in one)]
    assert page.told(2)["about"][1] == ["Reason", seen]
    (holder,) = (one for one in page.each("div") if one.get("id") == "cells")
    assert json.loads(holder["data-axes"] or "") == [[seen, [seen, "plain"]]]


def test_links_are_relative_encoded_and_lead_to_files(tmp_path: Path, report: Report) -> None:
    names = ("a b.png", "50%41#1?.png", "ünï 😀.png", "c:d'\"<.png", "sub/e.png")
    for name in names:
        picture(tmp_path / "outputs" / name)
        picture(tmp_path / "inputs" / name)
    page = report(
        a_job(len(names)),
        *(a_prompt(n, f"outputs/{name}", inputs={"in": name}) for n, name in enumerate(names, 1)),
    )
    expected = {f"{folder}/{name}" for folder in ("outputs", "inputs") for name in names}
    assert {unquote(link) for link in page.links} == expected
    assert all(re.fullmatch(r"(outputs|inputs)/[\w.~%/-]+", link, re.ASCII) for link in page.links)
    assert len([*page.each("img")]) == 10


@pytest.mark.parametrize("path", ["/etc/passwd", "//evil/x.png", "outputs/../../x.png", "\ud800"])
def test_nothing_links_out_of_the_folder(report: Report, path: str) -> None:
    page = report(a_job(1), a_prompt(1, path, inputs={"in": f"/{path}"}))
    assert page.links == []
    assert page.told(1)["outputs"][0]["href"] is None


def test_an_input_from_elsewhere_is_shown_by_name_without_a_link(
    tmp_path: Path, report: Report
) -> None:
    path = picture(tmp_path / "elsewhere/plate.png")
    page = report(a_job(1), a_prompt(1, inputs={"in": str(path)}))
    assert "plate.png" in page.text
    assert page.links == []
    assert len([*page.each("img")]) == 1


def test_the_page_asks_nothing_of_the_network(tmp_path: Path, report: Report) -> None:
    picture(tmp_path / "outputs/a.png")
    page = report(a_job(1), a_prompt(1, "outputs/a.png"))
    assert not re.search(r"\b(?:https?|wss?):|//\w+\.\w|url\(|@import", page.markup)
    allowed = next(one["content"] for one in page.each("meta") if one.get("http-equiv"))
    assert allowed is not None
    assert allowed.startswith("default-src 'none';")
    assert "unsafe" not in allowed
    for _, attributes in page.elements:
        assert "style" not in attributes  # the policy would refuse it
        assert (attributes.get("src") or "data:").startswith("data:")


def test_every_prompt_has_its_cell_with_all_that_is_known(tmp_path: Path, report: Report) -> None:
    prompts = [
        a_prompt(n, f"outputs/{n}.png", params={"steps": n, "on": n == 2}, seed=7000 + n)
        for n in range(1, 24)
    ]
    for n in range(1, 24):
        picture(tmp_path / f"outputs/{n}.png")
    page = report(a_job(23, axes={"steps": tuple(range(1, 24)), "on": (False, True)}), *prompts)
    cells = [*page.each("article", "cell")]
    assert [cell["id"] for cell in cells] == [f"p{n}" for n in range(1, 24)]
    assert [cell["data-at"] for cell in cells[:3]] == ["[0,0]", "[1,1]", "[2,0]"]
    assert "seed 7023" in page.text
    told = page.told(2)
    assert told["about"] == [["Prompt", "2, succeeded"]]
    assert told["params"] == [["steps", "2"], ["on", "true"]]
    assert told["rows"] == [["Seed", "7002"], ["Rendered in", "2.5 s"]]
    (output,) = told["outputs"]
    assert dict(output["rows"]) == {
        "File": "outputs/2.png",
        "Pixels": "32 \N{MULTIPLICATION SIGN} 20",
        "Size": "1.2 kB",
        "SHA-256": "ab" * 32,
    }


@pytest.mark.parametrize(("total", "expected"), [(20, 0), (21, 1)])
def test_more_than_20_prompts_can_be_searched(report: Report, total: int, expected: int) -> None:
    page = report(a_job(total), *(a_prompt(n) for n in range(1, total + 1)))
    assert sum(one.get("id") == "search" for one in page.each("input")) == expected


def test_what_is_seen_comes_before_what_is_heard_and_read(report: Report) -> None:
    kinds = ["text", "latent", "video", "audio", "image"]
    outputs = (ReportOutput(f"o.{kind}", kind, 1, "ab" * 32, 0, 0, None, None) for kind in kinds)
    page = report(a_job(1), a_prompt(1, outputs=tuple(outputs)))
    led = [one["data-kind"] for one in page.each("a", "open")]
    assert led == ["video", "image", "audio", "text", "latent"]
    assert [output["kind"] for output in page.told(1)["outputs"]] == led


def test_a_failure_shows_its_reason_and_its_state(report: Report) -> None:
    counts = {"total": 2, "succeeded": 0, "failed": 1, "cancelled": 1}
    job = a_job(2, state="failed", counts=counts, reason="1 prompt failed")
    failed = a_prompt(1, state="failed", failure="node_error: KSampler raised")
    page = report(job, failed, a_prompt(2, state="cancelled", seconds=None))
    assert "node_error: KSampler raised" in page.text
    assert "1 prompt failed" in page.text
    assert "1 failed1 cancelled" in page.text
    assert [one["href"] for one in page.each("a") if "href" in one] == ["#p1"]
    assert len([*page.each("article", "failed")]) == len([*page.each("article", "cancelled")]) == 1
    assert len([*page.each("p", "failed")]) == 1


def test_many_different_failures_are_not_all_told_but_counted(report: Report) -> None:
    reasons = (f"invalid: {n}.png is broken" for n in range(1, 1503))
    failed = (a_prompt(n, state="failed", failure=said) for n, said in enumerate(reasons, 1))
    page = report(
        a_job(1502), *failed, a_prompt(1503, state="failed", failure="invalid: 1.png is broken")
    )
    (told,) = re.findall(r'<h2 id="failed">.*?</section>', page.markup, re.DOTALL)
    assert told.count("is broken") == 20
    assert "… and 1,482 prompts more, of other reasons." in told


def test_a_rejected_job_says_what_to_mend_and_where(report: Report) -> None:
    problem = Problem(
        "out_of_range",
        "900 is above 150.",
        "cats.yaml",
        7,
        key="params.steps",
        allowed="at most 150",
        hint="Lower it.",
    )
    job = a_job(0, state="failed", started_at=None, workflow_version=None, problems=(problem,))
    page = report(replace(job, reason="cats.yaml:7: 900 is above 150."))
    assert page.text.count("900 is above 150.") == 1
    assert "Took" not in page.text
    for said in ("cats.yaml:7", "params.steps", "900 is above 150.", "at most 150", "Lower it."):
        assert said in page.text
    assert not [*page.each("article")]


def test_what_has_no_thumbnail_is_named_with_the_reason(tmp_path: Path, report: Report) -> None:
    picture(tmp_path / "outputs/whole.png")
    (tmp_path / "outputs/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    paths = ("outputs/whole.png", "outputs/broken.png", "outputs/gone.png", "outputs/n\0l.png")
    page = report(a_job(1), a_prompt(1, *paths))
    assert len([*page.each("img")]) == 1
    assert len([*page.each("span", "missing")]) == 3
    assert "broken.png No preview: it is cut off" in page.text
    assert "gone.png No preview: no such file or directory" in page.text


def test_a_clip_moves(tmp_path: Path, report: Report) -> None:
    draw_clip(tmp_path / "outputs/day.mp4", frames=4)
    output = ReportOutput("outputs/day.mp4", "video", 5, "cd" * 32, 640, 400, 4, 24.0)
    page = report(a_job(1), a_prompt(1, outputs=(output,)))
    (img,) = page.each("img")
    assert "data-moves" in img
    assert ["Frames", "4 at 24 per second"] in page.told(1)["outputs"][0]["rows"]


@pytest.mark.parametrize(
    ("frames", "fps", "seen"),
    [(48, 24.0, "0:02"), (1810, 24.0, "1:15"), (4, 24.0, "0:01"), (None, None, "")],
)
def test_a_clip_is_marked_with_its_length(
    report: Report, frames: int | None, fps: float | None, seen: str
) -> None:
    output = ReportOutput("outputs/day.mp4", "video", 5, "cd" * 32, 640, 400, frames, fps)
    page = report(a_job(1), a_prompt(1, outputs=(output,)))
    assert f'<span class="play" aria-hidden="true">{seen}</span>' in page.markup


def test_a_picture_that_moves_is_marked_too(tmp_path: Path, report: Report) -> None:
    picture(tmp_path / "outputs/a.png")
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "outputs/b.webp", save_all=True, append_images=frames[1:])
    page = report(a_job(1), a_prompt(1, "outputs/a.png", "outputs/b.webp"))
    assert len([*page.each("span", "play")]) == 1


def test_an_input_that_moves_is_marked_too(tmp_path: Path, report: Report) -> None:
    draw_clip(tmp_path / "inputs/day.mp4", frames=4)
    picture(tmp_path / "inputs/plate.png")
    page = report(a_job(1), a_prompt(1, inputs={"clip": "day.mp4", "plate": "plate.png"}))
    assert len([*page.each("span", "play")]) == 1


def test_only_what_is_embedded_whole_is_shown_no_larger_than_it_is(
    tmp_path: Path, report: Report
) -> None:
    for name, size in (("small", (32, 20)), ("large", (900, 600))):
        picture(tmp_path / f"outputs/{name}.png", size)
    page = report(a_job(1), a_prompt(1, "outputs/small.png", "outputs/large.png"))
    assert [img.get("class") for img in page.each("img")] == ["whole", None]


def test_a_cell_tells_pixels_time_and_the_seed_and_the_server_that_others_have_not(
    report: Report,
) -> None:
    output = ReportOutput("outputs/a.png", "image", 5, "cd" * 32, 640, 400, None, None)
    first = a_prompt(1, outputs=(output, output), seed=7, seconds=0.0081)
    page = report(a_job(2), first, a_prompt(2, seed=8, server="gpu1"))
    assert "#1640 \N{MULTIPLICATION SIGN} 4008 msseed 7gpu0" in page.text


@pytest.mark.parametrize(
    ("took", "seen"),
    [(0.0, "< 1 ms"), (0.0424, "42 ms"), (0.3, "0.3 s"), (41.4, "41 s"), (125.0, "2 min 05 s")],
)
def test_a_short_time_is_never_nothing(report: Report, took: float, seen: str) -> None:
    page = report(a_job(1, started_at=1795512004.0, finished_at=1795512004.0 + took), a_prompt(1))
    assert f"Took{seen}" in page.text


def test_times_have_seconds_and_a_zone(report: Report) -> None:
    assert "Accepted2026-11-24 09:20:00 UTC" in report(a_job(1), a_prompt(1)).text


@pytest.mark.parametrize("job", ["20261124-092000-beach", "beach"])
def test_the_name_of_a_job_stands_out_from_its_stamp(report: Report, job: str) -> None:
    page = report(a_job(1, job=job), a_prompt(1))
    assert re.findall(r"<h1>(.*?)</h1>", page.markup) == ["beach"]
    assert re.findall(r'<p class="stamp">(.*?)</p>', page.markup) == [job]


def test_what_is_the_same_in_every_prompt_is_told_once(report: Report) -> None:
    values: list[Mapping[str, Value]] = [{"flip": False, "cfg": 1}, {"flip": False, "cfg": 2}]
    prompts = [a_prompt(n, params=one, seed=77) for n, one in enumerate(values, 1)]
    page = report(a_job(2, params={"steps": 4}, axes={"cfg": (1, 2)}), *prompts)
    assert "Same for allsteps4flipfalseseed77servergpu0" in re.sub(r"\s", " ", page.text)
    assert page.text.count("flip") == page.text.count("seed") == page.text.count("gpu0") == 1
    assert page.told(1)["params"] == [["cfg", "1"]]


def test_equal_values_of_different_types_are_not_the_same(report: Report) -> None:
    page = report(a_job(2), a_prompt(1, params={"x": 1}), a_prompt(2, params={"x": True}))
    assert page.told(1)["params"] == [["x", "1"]]
    assert page.told(2)["params"] == [["x", "true"]]


def test_a_value_on_an_axis_is_told_apart_from_one_that_is_not(report: Report) -> None:
    params = {"steps": 4, "note": ""}
    other = a_prompt(2, params={"steps": 8, "note": "b"})
    page = report(a_job(2, axes={"steps": (4, 8)}), a_prompt(1, params=params), other)
    assert [(one.get("class"), one["title"]) for one in page.each("li") if "title" in one] == [
        ("along", "4"),
        (None, "(empty)"),
        ("along", "8"),
        (None, "b"),
    ]


@pytest.mark.parametrize(("total", "expected"), [(149, False), (150, True)])
def test_only_many_cells_are_drawn_when_they_come_into_view(
    report: Report, total: int, expected: bool
) -> None:
    page = report(a_job(total), a_prompt(1))
    assert any("data-many" in one for one in page.each("div")) is expected


def test_an_input_of_many_prompts_is_embedded_once(tmp_path: Path, report: Report) -> None:
    for name in ("a.png", "b.png"):
        picture(tmp_path / "inputs" / name)
    inputs = [{"in": "a.png"}, {"in": "b.png"}, {"in": "a.png", "mask": "b.png"}, {"in": "a.png"}]
    page = report(a_job(4), *(a_prompt(n, inputs=one) for n, one in enumerate(inputs, 1)))
    assert [cell["data-inputs"] for cell in page.each("article")] == ["0", "1", "0 2", "0"]
    assert [one["id"] for one in page.each("figure")] == ["in0", "in1", "in2"]


def test_300_small_outputs_stay_small(tmp_path: Path, report: Report) -> None:
    picture(tmp_path / "outputs/a.png", (64, 64), noise=True)
    page = report(a_job(300), *(a_prompt(n, "outputs/a.png") for n in range(1, 301)))
    assert len([*page.each("img")]) == 300
    assert len(page.markup) < 2_000_000


@pytest.mark.parametrize("noise", [False, True])
def test_thumbnails_shrink_as_prompts_get_more(tmp_path: Path, report: Report, noise: bool) -> None:
    picture(tmp_path / "outputs/a.png", (600, 600), noise=noise)
    widths = []
    for total in (1, 2_000, 50_000):
        (img,) = report(a_job(total), a_prompt(1, "outputs/a.png")).each("img")
        widths.append(int(img["width"] or 0))
    assert widths == [600, 208, 96]


def test_2000_noisy_outputs_are_shown_in_less_than_30_mb(tmp_path: Path) -> None:
    path = picture(tmp_path / "outputs/a.png", (640, 400), noise=True)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    output = ReportOutput("outputs/a.png", "image", path.stat().st_size, content)
    prompts = [a_prompt(n, outputs=(output,), params={"n": n}, seed=n) for n in range(1, 2001)]
    kept = Thumbnails(tmp_path / "thumbnails")
    write_report(a_job(2000), lambda: prompts, tmp_path, tmp_path / "report.html", kept)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == page.count("<article") == 2000
    assert 10_000_000 < len(page) < LIMIT_BYTES


def test_what_is_kept_is_not_decoded_again_and_what_was_changed_is(
    tmp_path: Path, report: Report
) -> None:
    path = picture(tmp_path / "outputs/a.png", (640, 400))
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    output = ReportOutput("outputs/a.png", "image", path.stat().st_size, content)
    kept = Thumbnails(tmp_path / "thumbnails")

    def sources() -> list[str | None]:
        prompts = [a_prompt(1, outputs=(output,))]
        write_report(a_job(1), lambda: prompts, tmp_path, tmp_path / "report.html", kept)
        page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
        return [one["src"] for one in page.each("img")]

    first = sources()
    path.write_bytes(b"x" * output.bytes)  # which would not decode
    assert sources() == first
    picture(path, (700, 400))
    assert sources() not in ([], first)


def test_what_is_no_picture_is_shown_as_what_it_is(tmp_path: Path, report: Report) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/a.txt").write_text("<b>é</b> " * 2000, encoding="utf-8")
    (tmp_path / "outputs/b.latent").write_bytes(b"latent")
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    (tmp_path / "outputs/c.svg").write_text(svg, encoding="utf-8")
    kinds = {"a.txt": "text", "b.latent": "latent", "c.svg": "vector"}
    outputs = [ReportOutput(f"outputs/{name}", kind, 6, "") for name, kind in kinds.items()]
    page = report(a_job(1), a_prompt(1, outputs=tuple(outputs)))
    assert "<b>é</b> <b>é</b>" in page.text
    assert 3000 < page.text.count("é") * 9 < 4100
    assert "latentb.latent6 bytes" in page.text
    assert [(one["src"] or "")[:26] for one in page.each("img")] == ["data:image/svg+xml;base64,"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_shown_in_whatever_encoding_it_may_be(
    tmp_path: Path, report: Report, encoding: str
) -> None:
    (tmp_path / "a.txt").write_bytes(("grün 🎬 " * 1000).encode(encoding))
    page = report(a_job(1), a_prompt(1, outputs=(ReportOutput("a.txt", "text", 6, ""),)))
    assert "grün 🎬 grün 🎬" in page.text
    assert "\ufffd" not in page.text


def test_kept_and_new_are_told_apart_in_a_job_that_has_both(report: Report) -> None:
    counts = {"total": 3, "succeeded": 2, "failed": 1, "cancelled": 0, "kept": 1}
    prompts = [a_prompt(1, is_kept=True), a_prompt(2), a_prompt(3, state="failed", failure="f: x")]
    page = report(a_job(3, counts=counts), *prompts)
    assert [one["class"] for one in page.each("article")] == [
        "cell succeeded kept",
        "cell succeeded new",
        "cell failed",
    ]
    assert "1 of them kept" in page.text
    assert not [*report(a_job(1), a_prompt(1)).each("article", "new")]


def test_a_seed_that_varies_is_told_once(report: Report) -> None:
    other = a_prompt(2, params={"seed": 5, "steps": 4}, seed=5)
    page = report(a_job(2), a_prompt(1, params={"seed": 77, "steps": 4}, seed=77), other)
    assert page.text.count("77") == 1
    page = report(a_job(2), a_prompt(1, params={"steps": 4}, seed=4), other)
    assert "seed 4" in page.text


def test_values_that_are_equal_but_differ_in_type_have_places_of_their_own(report: Report) -> None:
    values = (1, True, 1.0)
    prompts = [a_prompt(n, params={"x": value}) for n, value in enumerate(values, 1)]
    page = report(a_job(3, axes={"x": values}), *prompts)
    assert [cell["data-at"] for cell in page.each("article")] == ["[0]", "[1]", "[2]"]


def test_a_huge_job_has_a_page_below_30_mb_with_its_failures(report: Report) -> None:
    long = {f"p{n}": "é" * 4000 for n in range(20)}
    prompts = [a_prompt(n, params=long, seconds=None) for n in range(1, 151)]
    failed = a_prompt(151, state="failed", failure="the last one failed")
    page = report(a_job(151), *prompts, failed)
    shown = len([*page.each("article")])
    assert 40 < shown < 151
    assert f"{151 - shown} more prompts are not shown here" in page.text
    assert "the last one failed" in page.text
    assert len(page.markup.encode()) < LIMIT_BYTES


def test_a_huge_number_of_inputs_stays_below_30_mb(tmp_path: Path) -> None:
    prompts = [a_prompt(n, inputs={"in": f"{'n' * 4000}{n}"}) for n in range(1, 2601)]
    write_report(a_job(2600), lambda: iter(prompts), tmp_path, tmp_path / "report.html")
    assert LIMIT_BYTES * 0.8 < (tmp_path / "report.html").stat().st_size < LIMIT_BYTES


def test_nothing_is_left_but_the_page(tmp_path: Path, report: Report) -> None:
    report(a_job(1), a_prompt(1))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_page_cut_short_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, report: Report
) -> None:
    def prompts() -> Iterator[ReportPrompt]:
        yield a_prompt(1)
        raise InterruptedError

    old = report(a_job(1), a_prompt(1)).markup
    with pytest.raises(InterruptedError):
        write_report(a_job(2, job="other"), prompts, tmp_path, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == old

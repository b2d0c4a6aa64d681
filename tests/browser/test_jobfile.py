"""What the form makes of a job file that it was filled in with: nothing of it is lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.webhouse import web_house

MADE = """
async (base) => {
  const { makeAbout } = await import("/about.js");
  const { fill, jobOf } = await import("/jobfile.js");
  const { makeField } = await import("/form.js");
  const param = (hints) => ({ options: [], default: null, presets: {}, ...hints });
  const params = {
    cfg: param({ type: "float", widget: "number" }),
    size: param({ type: "size", widget: "size", presets: { hd: "1280x720" } }),
    flip: param({ type: "bool", widget: "checkbox", default: false }),
    seed: param({ type: "seed", widget: "seed" }),
    method: param({ type: "choice", widget: "select", options: ["area", "lanczos"] }),
  };
  const fields = Object.entries(params).map(([name, one]) => makeField(name, one, () => {}));
  const about = makeAbout({ name: "w", params }, () => {}, base);
  fill(fields, base);
  const { inputs = {}, fan_out: { per_input: overrides = {} } = {} } = base;
  return JSON.stringify(jobOf(base, { workflow: "w", about, fields, inputs, overrides }));
}
"""


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of vqd, for its modules."""
    with web_house(tmp_path_factory.mktemp("house")) as house:
        made = browser.new_page()
        made.goto(house.url)
        yield made
        made.close()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"name": "n", "comment": "c", "labels": {"a": "x, y=z"}},
        {"schedule": {"after": ["plates"], "priority": 70}, "retry": {"limit": 1}},
        {"params": {"size": {"scale": 1.5}, "flip": True, "cfg": 3.5, "method": "nearest"}},
        {"params": {"unknown": [1]}, "inputs": {"image": {"glob": "*.png", "sort": "name"}}},
        {"fan_out": {"matrix": {"method": ["area", "none"], "cfg": [3, 5]}, "zip": [{"a": [1]}]}},
        {
            "fan_out": {
                "matrix": {"cfg": [3, 5], "method": ["area", "lanczos"], "other": ["x", "y"]}
            }
        },
        {"fan_out": {"seeds": [1, 2, 3]}},
        {"fan_out": {"seeds": "1-5"}},
        {"fan_out": {"seeds": {"count": 2, "base": 9}}},
        {"fan_out": {"per_input": {"p1*": {"cfg": "7"}}}},
    ],
)
def test_a_form_that_nobody_touched_says_what_the_job_file_said(
    page: Page, said: dict[str, Any]
) -> None:
    base = {"vqd": 1, "workflow": "w", **said}
    made = json.loads(page.evaluate(MADE, base))
    assert made == base
    matrix = base.get("fan_out", {}).get("matrix", {})
    assert [*made.get("fan_out", {}).get("matrix", {})] == [*matrix]  # the first varies slowest

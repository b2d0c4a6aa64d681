from pathlib import Path

from playwright.sync_api import Browser

from tests.webhouse import web_house

TOLD = """
async (all) => {
  const { makeRuns } = await import("/runs.js");
  const runs = makeRuns();
  const one = { prompt: 7, node: null, step: null, percent: 0, preview: false };
  const told = all.map((server) => {
    runs.draw([{ ...one, server }]);
    return runs.element.textContent;
  });
  runs.leave();
  return told;
}
"""


def test_a_prompt_that_runs_again_elsewhere_is_shown_where_it_is(
    browser: Browser, tmp_path: Path
) -> None:
    with web_house(tmp_path) as house:
        page = browser.new_page()
        page.goto(house.url)
        told = page.evaluate(TOLD, ["gpu0", "gpu1"])
        page.close()
    assert told == ["#7 on gpu0waits there", "#7 on gpu1waits there"]

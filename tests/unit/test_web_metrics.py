"""What /metrics tells, and that docs/metrics.md tells the same."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import A_JOB_FILE, NOW, a_planned_job, accept_a_job
from tests.webhouse import WebHouse, web_house
from vqd.domain.figures import Depth, Figures, Histogram, Intake, Work
from vqd.domain.host import Host, HostDepot
from vqd.domain.lifecycle import JobState, Move
from vqd.domain.outcome import FailureCode
from vqd.domain.server import ServerRecord
from vqd.service.hosts import HostView
from vqd.service.spoolstate import spool_state
from vqd.service.switch import Switch
from vqd.spool.asking import Asker
from vqd.spool.layout import Spool
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks, space_at
from vqd.web import families
from vqd.web.metrics import BELIEVED, Believed

DOCS = Path(__file__).parents[2] / "docs"
SERIES = re.compile(r"\b(?:vqd|process)_[a-z_]+")


def filled(*values: float) -> Histogram:
    histogram = Histogram([1.0, 10.0])
    for value in values:
        histogram.add(value)
    return histogram


WORK = Work(
    attempts={("wan", None): 5, ("wan", FailureCode.STALLED): 2},
    prompts={("wan", Move.SUCCEED): 5, ("wan", Move.FAIL): 1, ("wan", Move.CANCEL): 3},
    jobs={("wan", JobState.DONE): 1, ("", JobState.FAILED): 4},
    prompt_s={"wan": filled(0.5, 3.0, 3.0, 30.0)},
    busy_s={"gpu0": 36.5},
    job_wait_s=filled(2.0),
    job_run_s=filled(2.0),
)
INTAKE = Intake(filled(0.5), NOW, by_events=6, by_looks=1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    figures = Figures(lambda: WORK, lambda: INTAKE)
    with web_house(tmp_path_factory.mktemp("metrics"), figures=figures) as opened:
        store = opened.store
        accept_a_job(store, "20260101-000000-a")
        accept_a_job(store, "20260101-000001-b")
        planned = a_planned_job(priority=80)
        store.accept("20260101-000002-c", planned, A_JOB_FILE, input_folder="", now=NOW)
        store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
        gpu = ServerRecord("gpu0", "http://gpu0:8188", "resting", None, None, NOW)
        store.write(lambda session: session.servers.note([gpu]))
        yield opened


@pytest.fixture(scope="module")
def told(house: WebHouse) -> Mapping[str, Metric]:
    text = house.get("/metrics").text
    return {family.name: family for family in text_string_to_metric_families(text)}


def of_hosts() -> Mapping[str, Metric]:
    """What is told besides where several hosts share the queue."""
    host = Host("home", "a", 1.0, 10.0, depot=HostDepot("s3://studio/vqd"))
    view = HostView(host, ("gpu0",), 1)
    return {family.name: family for family in families.of_hosts([view], NOW)}


def value(told: Mapping[str, Metric], family: str, sample: str = "", **labels: str) -> float:
    (found,) = [
        one.value
        for one in told[family].samples
        if one.labels == labels and one.name.endswith(sample)
    ]
    return found


def documented() -> dict[str, tuple[str, set[str]]]:
    """The rows of the page: kind and labels of each metric."""
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(vqd_\w+)` \| (\w+) \| ([^|]*)\|", text, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def scraped(told: Mapping[str, Metric]) -> dict[str, tuple[str, set[str]]]:
    """What is told of each metric, under the name by which it is asked for."""
    found = {}
    for family in told.values():
        if not family.name.startswith("vqd_"):
            continue
        is_info = family.name == "vqd_build_info"
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = ("info" if is_info else family.type, labels)
    return found


def test_the_page_tells_of_every_metric_with_its_kind_and_labels(
    told: Mapping[str, Metric],
) -> None:
    assert documented() == scraped({**told, **of_hosts()})
    assert not told.keys() & of_hosts().keys()


def test_the_queue_is_told_by_state_and_priority(told: Mapping[str, Metric]) -> None:
    assert value(told, "vqd_jobs", state="queued", priority="50") == 2
    assert value(told, "vqd_jobs", state="running", priority="80") == 1
    assert value(told, "vqd_prompts", state="pending", priority="50") == 4
    assert value(told, "vqd_prompts", state="running", priority="80") == 1
    assert value(told, "vqd_queue_oldest_timestamp_seconds") == NOW


def test_what_was_counted_is_told(told: Mapping[str, Metric]) -> None:
    assert value(told, "vqd_attempts", workflow="wan", outcome="succeeded") == 5
    assert value(told, "vqd_attempts", workflow="wan", outcome="stalled") == 2
    assert value(told, "vqd_prompts_ended", workflow="wan", state="cancelled") == 3
    assert value(told, "vqd_jobs_closed", workflow="", state="failed") == 4
    assert value(told, "vqd_server_busy_seconds", server="gpu0") == 36.5
    runs = "vqd_prompt_run_seconds"
    assert value(told, runs, "_bucket", workflow="wan", le="1.0") == 1
    assert value(told, runs, "_bucket", workflow="wan", le="10.0") == 3
    assert value(told, runs, "_bucket", workflow="wan", le="+Inf") == 4
    assert value(told, runs, "_sum", workflow="wan") == 36.5


def test_a_server_is_told_in_the_one_state_that_it_is_in(told: Mapping[str, Metric]) -> None:
    states = {one.labels["state"]: one.value for one in told["vqd_server_state"].samples}
    assert states == {"up": 0, "avoided": 0, "resting": 1, "down": 0}
    assert value(told, "vqd_server_prompts", server="gpu0") == 1
    assert value(told, "vqd_server_state_since_timestamp_seconds", server="gpu0") == NOW


def test_a_pause_and_a_share_that_is_away_are_told(house: WebHouse, tmp_path: Path) -> None:
    def flag(name: str) -> str:
        (line,) = re.findall(rf"^{name} (\S+)$", house.get("/metrics").text, re.MULTILINE)
        return str(line)

    assert (flag("vqd_queue_paused"), flag("vqd_spool_away")) == ("0.0", "0.0")
    house.spool.pause()
    assert flag("vqd_queue_paused") == "1.0"
    house.spool.resume()
    house.spool.active.rename(tmp_path / "active")
    assert flag("vqd_spool_away") == "1.0"
    (tmp_path / "active").rename(house.spool.active)
    assert flag("vqd_spool_away") == "0.0"


def test_of_a_spool_that_is_away_no_disk_is_told(spool: Spool, tmp_path: Path) -> None:
    switch = Switch(spool, Asker(), on_change=lambda: None)
    full = replace(space_at(spool.root), free_bytes=0)
    disks = Disks(full, space_at(tmp_path), Reserve())
    assert spool_state(switch, disks).is_short
    spool.active.rename(tmp_path / "active")
    state = spool_state(switch, disks)
    assert (state.is_away, state.is_short, [*state.disks]) == (True, False, ["state"])


def test_a_deep_queue_is_counted_for_one_percent_of_the_time() -> None:
    times = iter([0.0, 0.5, 40.0, 0.5 + BELIEVED * 0.5, 51.0])
    counts = iter([[Depth(JobState.QUEUED, 50, n, 0, 0, None)] for n in (1, 2)])
    queue = Believed(lambda: next(counts), clock=lambda: next(times))
    assert [queue.depths()[0].jobs for _ in range(3)] == [1, 1, 2]


def expressions(found: Any) -> Iterator[str]:
    """Every expression of a dashboard or of rules."""
    if isinstance(found, dict):
        yield from (text for key, text in found.items() if key == "expr")
        found = [*found.values()]
    if isinstance(found, list):
        for one in found:
            yield from expressions(one)


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load((DOCS / "prometheus" / "vqd.rules.yaml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    read = json.loads((DOCS / "grafana" / "vqd.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("asked", [dashboard(), rules()], ids=["dashboard", "rules"])
def test_every_metric_that_is_asked_for_is_told(asked: Any, told: Mapping[str, Metric]) -> None:
    names = {name for text in expressions(asked) for name in SERIES.findall(text)}
    several = {**told, **of_hosts()}
    series = {sample.name for family in several.values() for sample in family.samples}
    assert names
    assert names - series == set()


def test_whatever_keeps_prompts_waiting_is_on_the_dashboard(told: Mapping[str, Metric]) -> None:
    shown = {name for text in expressions(dashboard()) for name in SERIES.findall(text)}
    kinds = ("_state", "_paused", "_parked", "_away", "_on_the_way")
    assert {name for name in {**told, **of_hosts()} if name.endswith(kinds)} - shown == set()


def test_every_alert_says_what_is_wrong_and_operations_what_to_do() -> None:
    operations = (DOCS / "operations.md").read_text(encoding="utf-8")
    cures = operations.split("## Alerts\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", cures, re.MULTILINE) == [one["alert"] for one in rules()]
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"]


def test_every_alert_is_tried_by_the_rules_own_tests() -> None:
    text = (DOCS / "prometheus" / "vqd.rules.test.yaml").read_text(encoding="utf-8")
    fired = {
        one["alertname"]
        for case in yaml.safe_load(text)["tests"]
        for one in case["alert_rule_test"]
        if one.get("exp_alerts")
    }
    assert fired == {one["alert"] for one in rules()}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
def test_the_rules_do_what_their_own_tests_say() -> None:
    tried = subprocess.run(
        ["promtool", "test", "rules", str(DOCS / "prometheus" / "vqd.rules.test.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_the_dashboard_can_be_imported_and_no_panel_covers_another() -> None:
    shown = dashboard()
    assert {"title", "uid", "schemaVersion", "templating", "time", "panels"} <= shown.keys()
    panels = shown["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = sorted((panel["gridPos"] for panel in panels), key=lambda at: (at["y"], at["x"]))
    assert all(at["x"] + at["w"] <= 24 for at in places)
    for one, other in pairwise(places):
        assert one["y"] + one["h"] <= other["y"] or one["x"] + one["w"] <= other["x"]
    drawn = [panel for panel in panels if panel["type"] != "row"]
    assert all(panel["targets"] and panel["datasource"]["uid"] for panel in drawn)

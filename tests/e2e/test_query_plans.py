"""Whatever is put to the queue while it works and is asked, SQLite finds by a seek.

What is put to it is not listed here: a daemon and the command line write it down while they do what
they can do.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.builders import write
from tests.daemons import Daemon
from tests.lively import files_below
from tests.plans import PATHS
from tests.plans.plan import Plan, plans
from tests.plans.statements import kept
from tests.samples import picture, picture_job
from tests.waiting import wait_for

HEAD = "vqd: 1\nworkflow: image-scale\n"
MANY = ", ".join(f"{width}x16" for width in range(16, 1016))
"""Sizes for more prompts of a picture than are made while a job is steered."""
JOBS: Mapping[str, str] = {
    "plain": f"{HEAD}labels: {{client: acme}}\nfan_out: {{matrix: {{method: [area, lanczos]}}}}\n",
    "told": f"{HEAD}notify: {{events: [accepted, done, failed], to: hook}}\n",
    "proved": f"{HEAD}proof: {{inputs: 1}}\n",
    "parked": f"{HEAD}schedule: {{needs: {{tags: [nowhere]}}}}\n",
    "later": f"{HEAD}schedule: {{not_before: 2099-12-01T22:00}}\n",
    "after": f"{HEAD}schedule: {{after: [plain], max_parallel: 1}}\nretry: {{deadline: 12h}}\n",
    "suspended": f"{HEAD}schedule: {{suspended: true}}\nfan_out: {{matrix: {{size: [{MANY}]}}}}\n",
    "broken": f"{HEAD}retry: {{limit: 1}}\n",
}
GROWS: Mapping[str, str] = {
    "SELECT DISTINCT workflow FROM jobs INDEXED BY jobs_open": "of jobs that are not over",
    "SELECT state, priority, count(*) AS jobs, sum(pending)": "of jobs that are not over",
    "SELECT count(*) AS measured, avg(bytes)": "at most 50 jobs in each state",
    "SELECT job, state FROM jobs INDEXED BY jobs_by_state": "once at a start",
    "SELECT job_key, state FROM (SELECT job_key, state, job_key < :own": "at most three jobs",
    "SELECT min(number) AS number, count(*) AS prompts": "the failed prompts of one job",
    "SELECT notice_key, event, target FROM notices": "when settings changed; few wait",
    "SELECT prompts.*, graphs.sha256 AS graph_sha256": "what is laid out of one job at its end",
    "SELECT requirement_key, count(*) AS prompts": "`explain` of one job",
    "SELECT server, prompt_id FROM strays": "at a start; a few at most",
    "SELECT server, sum(prompts) AS prompts": "servers, and the prompts that run",
    "SELECT sha256 FROM graphs JOIN job_graphs": "the graphs of one job",
    "SELECT state, count(*) AS jobs FROM jobs": "counts jobs, in the index alone",
    "UPDATE jobs SET judge_at = ? WHERE state IN": "the jobs that wait for one",
    "UPDATE jobs SET state = :state, quote": "once in a job's life, where there is a proof",
    "UPDATE prompts SET state = :state, ended_at": "one job that is cancelled",
}
"""Of what those are that may take longer the more there is, by how they begin."""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("PYTHONPATH", PATHS)
    monkeypatch.setenv("STATEMENTS", str(tmp_path / "statements.jsonl"))
    made = Daemon(
        tmp_path,
        web={"listen": "127.0.0.1:0"},
        notify={"hook": {"url": "http://127.0.0.1:9/nobody-listens"}},
        notify_house={"events": ["queue_empty", "server_down"], "to": "hook", "after": "1s"},
        keep="30d",
        rescan_s=1,
    )
    yield made.start()
    made.close()


def test_nothing_that_is_asked_of_the_queue_walks_through_it(
    daemon: Daemon, tmp_path: Path
) -> None:
    for name, text in JOBS.items():
        picture_job(daemon.folder / "made" / name, job=text)
    (daemon.folder / "made" / "broken" / "p1.png").write_bytes(b"no picture")
    for name in JOBS:
        (daemon.folder / "made" / name).rename(daemon.spool.inbox / name)
    for name in ("plain", "told", "after", "broken"):
        daemon.wait_closed(name)
    steer(daemon)
    ask_the_api(daemon)
    ask_by_the_command_line(daemon)
    daemon.kill()
    write(daemon.folder / "vqd.d" / "fair.yaml", "fair_share: true\n")
    daemon.start()
    for name in ("one", "other"):
        picture_job(daemon.spool.inbox / name, job=JOBS["plain"])
    daemon.wait_done("one")
    daemon.wait_done("other")
    daemon.vqd("explain", "parked")
    daemon.stop()
    found = [*plans(tmp_path / "state" / "queue.db", kept(tmp_path / "statements.jsonl"))]
    assert len(found) > 100
    assert any("(turn, job_key) <=" in plan.statement for plan in found)
    assert [told(plan) for plan in found if plan.growing and not may_grow(plan)] == []


def has_answer(daemon: Daemon, verb: str) -> bool:
    """Tell whether a request of this verb was answered, wherever its job has gone since."""
    return any(fnmatch(path.name, f"{verb}.*-*") for path in files_below(daemon.spool.root))


def steer(daemon: Daemon) -> None:
    """Do to jobs whatever can be done to them."""
    folder = daemon.wait_accepted("suspended")
    for asked in ("PRIORITY 80", "PAUSE", "RESUME", "CANCEL"):
        (folder / asked).touch()
        is_answered = partial(has_answer, daemon, asked.split(maxsplit=1)[0])
        wait_for(is_answered, within_s=60, what=f"the answer to {asked}")
    proved = daemon.wait_accepted("proved")
    (proved / "APPROVE").touch()
    daemon.wait_closed("proved")
    back = daemon.wait_closed("broken")
    picture(back / "inputs" / "p1.png")
    back.rename(daemon.spool.inbox / back.name)
    wait_for(lambda: daemon.logged("job.returned"), within_s=60, what="the job that came back")
    daemon.wait_done("broken")


def ask_the_api(daemon: Daemon) -> None:
    """Ask for everything that the API tells, and order the queue as the page does."""
    url = str(daemon.logged("web.started")[-1]["url"])
    routes = requests.get(f"{url}/api/openapi.json", timeout=60).json()["paths"]
    jobs = [job["job"] for job in requests.get(f"{url}/api/jobs", timeout=60).json()["jobs"]]
    done = next(job for job in jobs if job.endswith("-plain"))
    parked, later = (
        next(job for job in jobs if job.endswith(name)) for name in ("-parked", "-later")
    )
    for path, ways in routes.items():
        if "get" in ways and "event-stream" not in str(ways["get"]):
            for job in (done, parked):
                known = path.replace("{job}", job).replace("{name}", "image-scale")
                requests.get(url + re.sub(r"{\w+}", "1", known), timeout=60)
    for query in (
        "q=la",
        "label=client=acme",
        "state=queued",
        "workflow=image-scale",
        "order=next",
    ):
        requests.get(f"{url}/api/jobs?limit=1&{query}", timeout=60)
    for query in ("state=failed", "after=1"):
        requests.get(f"{url}/api/jobs/{done}/prompts?{query}", timeout=60)
    for place in ({"before": parked}, {"first": True}, {"after": parked}):
        requests.post(f"{url}/api/jobs/{later}/place", json=place, timeout=60)


def ask_by_the_command_line(daemon: Daemon) -> None:
    """Ask for everything that the command line tells of the queue."""
    verbs = ("status", "list", "list --state queued", "list --label client=acme", "show plain")
    for verb in (*verbs, "explain parked", "log plain", "servers", "models", "status --json"):
        daemon.vqd(*verb.split())


def may_grow(plan: Plan) -> bool:
    """Tell whether a statement is known to take longer the more there is."""
    return any(plan.statement.startswith(begin) for begin in GROWS)


def told(plan: Plan) -> str:
    """Tell of a statement, and of what in it grows."""
    return f"{plan.statement} -> {'; '.join(plan.growing)}"

"""What /metrics tells of a daemon that has worked."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.builders import write
from tests.daemons import Daemon
from tests.samples import picture_job
from tests.waiting import wait_for


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with the API."""
    made = Daemon(tmp_path / "house", web={"listen": "127.0.0.1:0"})
    yield made.start()
    made.close()


def test_what_became_of_jobs_is_counted_where_it_ends(daemon: Daemon) -> None:
    url = daemon.logged("web.started")[0]["url"]

    def figures(series: str) -> list[float]:
        text = requests.get(f"{url}/metrics", timeout=30).text
        return [float(one) for one in re.findall(rf"^{series} (\S+)$", text, re.MULTILINE)]

    def figure(series: str) -> float | None:
        return next(iter(figures(re.escape(series))), None)

    whole = picture_job(daemon.folder / "whole", pictures=2)
    whole.rename(daemon.spool.inbox / "whole")
    daemon.wait_done("whole")
    broken = picture_job(daemon.folder / "broken", pictures=1)
    write(broken / "p1.png", "no picture")
    broken.rename(daemon.spool.inbox / "broken")
    picture_job(daemon.spool.inbox / "unread", job="vqd: 1\nworkflow: image-scal\n")
    for name in ("broken", "unread"):
        assert daemon.wait_closed(name).parent == daemon.spool.failed

    wait_for(
        lambda: sum(figures(r"vqd_jobs_closed_total\{.*\}")) == 3,
        within_s=60,
        what="the count of all three jobs",
    )
    assert figure('vqd_jobs_closed_total{state="failed",workflow=""}') == 1
    of_workflow = 'workflow="image-scale"'
    assert figure(f'vqd_jobs_closed_total{{state="done",{of_workflow}}}') == 1
    assert figure(f'vqd_jobs_closed_total{{state="failed",{of_workflow}}}') == 1
    assert figure(f'vqd_attempts_total{{outcome="succeeded",{of_workflow}}}') == 2
    assert figure(f'vqd_attempts_total{{outcome="invalid",{of_workflow}}}') == 1
    assert figure(f'vqd_prompts_ended_total{{state="succeeded",{of_workflow}}}') == 2
    assert figure(f'vqd_prompts_ended_total{{state="failed",{of_workflow}}}') == 1
    assert figure(f"vqd_prompt_run_seconds_count{{{of_workflow}}}") == 2
    assert figure("vqd_job_wait_seconds_count") == 2
    assert figure("vqd_intake_lag_seconds_count") == 3
    assert figure('vqd_server_state{server="builtin",state="up"}') == 1
    assert figure('vqd_server_busy_seconds_total{server="builtin"}') is not None
    assert figure('vqd_disk_free_bytes{disk="spool"}') is not None
    assert figure("vqd_intake_looked_timestamp_seconds") is not None
    assert (figure("vqd_queue_paused"), figure("vqd_spool_away")) == (0, 0)

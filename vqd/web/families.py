"""What each figure is called at /metrics, and by what it is told apart.

Names and units are Prometheus' (https://prometheus.io/docs/practices/naming/). Labels have few
values, however large the queue is: states, priorities of open jobs, servers of the settings,
failure codes, and 50 workflows at most.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from vqd.domain.figures import Depth, Histogram, Intake, Work
from vqd.domain.host import HOST_STATES
from vqd.domain.lifecycle import JobState, Move, PromptState
from vqd.domain.server import ServerRecord, ServerTally
from vqd.service.hosts import HostView
from vqd.service.spoolstate import SpoolState

_SERVER_STATES = ("up", "avoided", "resting", "down")
_ENDS = {
    Move.SUCCEED: PromptState.SUCCEEDED,
    Move.FAIL: PromptState.FAILED,
    Move.CANCEL: PromptState.CANCELLED,
}


def of_queue(depths: Sequence[Depth]) -> Iterator[Metric]:
    """Tell how deep the queue is."""
    labels = ["state", "priority"]
    jobs = GaugeMetricFamily("vqd_jobs", "Jobs that are not closed", labels=labels)
    prompts = GaugeMetricFamily(
        "vqd_prompts", "Prompts of these that are not over, by the job's priority", labels=labels
    )
    waiting: dict[tuple[PromptState, int], int] = {}
    for depth in depths:
        jobs.add_metric([str(depth.state), str(depth.priority)], depth.jobs)
        for state, count in (
            (PromptState.PENDING, depth.pending),
            (PromptState.RUNNING, depth.running),
        ):
            waiting[state, depth.priority] = waiting.get((state, depth.priority), 0) + count
    for (state, priority), count in sorted(waiting.items()):
        prompts.add_metric([str(state), str(priority)], count)
    yield from (jobs, prompts)
    yield _oldest(depths)


def _oldest(depths: Iterable[Depth]) -> Metric:
    family = GaugeMetricFamily(
        "vqd_queue_oldest_timestamp_seconds",
        "When the oldest job was accepted of which nothing ran yet and that nothing holds",
    )
    times = [
        depth.oldest_at
        for depth in depths
        if depth.state is JobState.QUEUED and depth.oldest_at is not None
    ]
    if times:
        family.add_metric([], min(times))
    return family


def of_log(log_bytes: int) -> Iterator[Metric]:
    """Tell how large the write-ahead log of the queue is."""
    said = "How large the write-ahead log of the database is"
    yield _gauge("vqd_queue_log_bytes", said, log_bytes)


def of_spool(spool: SpoolState, is_refused: bool) -> Iterator[Metric]:
    """Tell of the spool and the disks; a disk `is_refused` if it would not be written to."""
    yield _gauge("vqd_queue_paused", "Whether PAUSE lies in the spool", spool.is_paused)
    yield _gauge(
        "vqd_spool_away", "Whether the spool is not there, or does not answer", spool.is_away
    )
    yield _gauge(
        "vqd_parked", "Whether nothing begins, as a disk has no room", spool.is_short or is_refused
    )
    told = {
        "free_bytes": "What is free of the disk",
        "size_bytes": "How large the disk is",
        "reserve_bytes": "What stays free of it",
        "free_files": "How many files (inodes) it has room for, where it counts them",
    }
    for name, said in told.items():
        family = GaugeMetricFamily(f"vqd_disk_{name}", said, labels=["disk"])
        for disk, figures in spool.disks.items():
            value = getattr(figures, name)
            if value is not None:
                family.add_metric([disk], value)
        yield family


def of_servers(servers: Iterable[tuple[ServerRecord, ServerTally]]) -> Iterator[Metric]:
    """Tell how each server is, and what is on it."""
    states = GaugeMetricFamily(
        "vqd_server_state", "1 for the state that a server is in", labels=["server", "state"]
    )
    since = GaugeMetricFamily(
        "vqd_server_state_since_timestamp_seconds", "Since when it is in it", labels=["server"]
    )
    prompts = GaugeMetricFamily(
        "vqd_server_prompts", "Prompts on it, or on their way home", labels=["server"]
    )
    failed = GaugeMetricFamily(
        "vqd_server_failed_in_row",
        "Attempts that failed on it since the last that did not",
        labels=["server"],
    )
    for record, tally in servers:
        for state in _SERVER_STATES:
            states.add_metric([record.server, state], float(record.state == state))
        if record.since_at is not None:
            since.add_metric([record.server], record.since_at)
        prompts.add_metric([record.server], tally.prompts)
        failed.add_metric([record.server], tally.failed_in_row)
    yield from (states, since, prompts, failed)


def of_hosts(hosts: Sequence[HostView], now: float) -> Iterator[Metric]:
    """Tell how each host is, where several share the queue. `now` is UTC seconds."""
    states = GaugeMetricFamily(
        "vqd_host_state", "1 for the state that a host is in", labels=["host", "state"]
    )
    heard = GaugeMetricFamily(
        "vqd_host_heard_timestamp_seconds", "When its daemon was heard last", labels=["host"]
    )
    servers = GaugeMetricFamily("vqd_host_servers", "Servers that it drives", labels=["host"])
    prompts = GaugeMetricFamily(
        "vqd_host_prompts", "Prompts on these, or on their way home", labels=["host"]
    )
    away = GaugeMetricFamily(
        "vqd_host_depot_away",
        "Whether the depot is away for it, where it uses one",
        labels=["host"],
    )
    for view in hosts:
        host = view.host
        for state in HOST_STATES:
            states.add_metric([host.name, state], float(host.state == state))
        if host.silent_s is not None:
            heard.add_metric([host.name], now - host.silent_s)
        servers.add_metric([host.name], len(view.servers))
        prompts.add_metric([host.name], view.prompts)
        if host.depot is not None:
            away.add_metric([host.name], float(host.depot_away is not None))
    yield from (states, heard, servers, prompts, away)


def of_arrivals(on_the_way: int) -> Iterator[Metric]:
    """Tell of what other hosts made that is not home yet."""
    said = "Prompts whose outputs are on their way home by the depot"
    yield _gauge("vqd_prompts_on_the_way", said, on_the_way)


def of_work(work: Work) -> Iterator[Metric]:
    """Tell what became of attempts, prompts and jobs since the daemon started."""
    yield _counter(
        "vqd_attempts",
        "Attempts at prompts that ended, by how",
        ("workflow", "outcome"),
        {(workflow, str(code or "succeeded")): n for (workflow, code), n in work.attempts.items()},
    )
    yield _counter(
        "vqd_prompts_ended",
        "Prompts that ended on a server, by their state then",
        ("workflow", "state"),
        {(workflow, str(_ENDS[move])): n for (workflow, move), n in work.prompts.items()},
    )
    yield _counter(
        "vqd_jobs_closed",
        "Jobs that were closed, by their state then",
        ("workflow", "state"),
        {(workflow, str(state)): n for (workflow, state), n in work.jobs.items()},
    )
    yield _counter(
        "vqd_server_busy_seconds",
        "How long a server carried out prompts of ours",
        ("server",),
        {(server,): seconds for server, seconds in work.busy_s.items()},
    )
    runs = HistogramMetricFamily(
        "vqd_prompt_run_seconds", "How long prompts that succeeded ran", labels=["workflow"]
    )
    for workflow, run_s in sorted(work.prompt_s.items()):
        runs.add_metric([workflow], _buckets(run_s), run_s.total)
    yield runs
    yield _histogram(
        "vqd_job_wait_seconds",
        "From the acceptance of closed jobs to their first prompt",
        work.job_wait_s,
    )
    yield _histogram(
        "vqd_job_run_seconds", "From the first prompt of closed jobs to their end", work.job_run_s
    )


def of_intake(intake: Intake) -> Iterator[Metric]:
    """Tell how drops are seen and taken."""
    yield _histogram(
        "vqd_intake_lag_seconds",
        "From the last change of a drop in the inbox to the acceptance of its job",
        intake.lag_s,
    )
    if intake.looked_at is not None:
        yield _gauge(
            "vqd_intake_looked_timestamp_seconds",
            "When everything in the spool was looked at last",
            intake.looked_at,
        )
    watched = GaugeMetricFamily(
        "vqd_watched_folders",
        "Folders of which the kernel tells (events), or that are looked at again and again (looks)",
        labels=["mode"],
    )
    watched.add_metric(["events"], intake.by_events)
    watched.add_metric(["looks"], intake.by_looks)
    yield watched


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=float(value))


def _counter(
    name: str, said: str, labels: Sequence[str], counts: Mapping[tuple[str, ...], float]
) -> Metric:
    family = CounterMetricFamily(name, said, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def _histogram(name: str, said: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, said, buckets=_buckets(histogram), sum_value=histogram.total)


def _buckets(histogram: Histogram) -> Sequence[tuple[str, float]]:
    """Give for each bound how many values are no larger, as Prometheus wants them."""
    bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
    return [*zip(bounds, accumulate(histogram.counts), strict=True)]

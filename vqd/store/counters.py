"""Whether the counters of jobs are those of their prompts."""

from collections.abc import Iterator

from vqd.store.rows import Connection

SHOWN = 3
"""Jobs that are told."""

_MISCOUNTED = """
SELECT job, coalesce(found.total, 0) AS there, jobs.total AS counted
FROM jobs LEFT JOIN (
    SELECT job_key, count(*) AS total, count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'running') AS running,
        count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
        sum(kept) AS kept
    FROM prompts GROUP BY job_key
) AS found USING (job_key)
WHERE record = 'whole' AND jobs.state <> 'assembling' AND (
    jobs.total, jobs.pending, jobs.running, jobs.succeeded, jobs.failed, jobs.cancelled, jobs.kept
) <> (
    coalesce(found.total, 0), coalesce(found.pending, 0), coalesce(found.running, 0),
    coalesce(found.succeeded, 0), coalesce(found.failed, 0), coalesce(found.cancelled, 0),
    coalesce(found.kept, 0)
) ORDER BY job_key LIMIT ?
"""


def miscounted(connection: Connection) -> Iterator[str]:
    """Give jobs whose counters are not those of their prompts, some of them.

    Cost: a look at every prompt.
    """
    for row in connection.execute(_MISCOUNTED, (SHOWN,)):
        there = f"{row['there']} of {row['counted']} prompts"
        yield f"the counters of {row['job']} are not those of its prompts, {there} are there"

"""Long lists, asked of the API a page at a time."""

from vqd.cli.answers import Jobs, Prompts
from vqd.cli.client import Client, Query, path_of
from vqd.service.shapes.jobs import JobShape
from vqd.service.shapes.prompts import PromptShape

_PAGE = 500


def jobs_of(client: Client, query: Query, *, limit: int) -> list[JobShape]:
    """Give the newest jobs that a query asks for, newest first."""
    found: list[JobShape] = []
    cursor: Query = {}
    while True:
        asked = {**query, **cursor, "limit": min(_PAGE, limit - len(found))}
        page = client.get(Jobs, path_of("jobs"), asked)
        found += page.jobs
        if page.next is None or len(found) >= limit:
            return found
        cursor = {"cursor": page.next}


def prompts_of(client: Client, job: str, *, limit: int) -> list[PromptShape]:
    """Give the first prompts of a job, by number."""
    found: list[PromptShape] = []
    cursor: Query = {}
    while len(found) < limit:
        asked = {**cursor, "limit": min(_PAGE, limit - len(found))}
        page = client.get(Prompts, path_of("jobs", job, "prompts"), asked)
        found += page.prompts
        if page.next is None:
            break
        cursor = {"cursor": page.next}
    return found

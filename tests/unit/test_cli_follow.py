"""What stands beside the bar of `vqd submit --wait`."""

from typing import Any

import pytest

from tests.builders import NOW
from vqd.cli.follow import said_of

AT = {"server": "gpu0", "node": "5", "step": "12/20", "percent": 60}
BEHIND = {"server": "gpu0", "node": None, "step": "waits behind a prompt of others", "percent": 0}
SENT = {"server": "gpu0", "node": None, "step": None, "percent": 0}
SOON = {"expected": "2026-09-21T14:23:20.000Z"}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"running": [AT, SENT], "finish": SOON}, "gpu0 60%, about 10 min left"),
        ({"running": [AT], "finish": None}, "gpu0 60%"),
        ({"running": [BEHIND], "finish": None}, "gpu0 waits behind a prompt of others"),
        ({"running": [SENT]}, "gpu0"),
        ({"running": [], "reason": "suspended", "state": "queued"}, "suspended"),
        ({"running": [], "reason": None, "state": "publishing"}, "publishing"),
    ],
)
def test_it_says_where_the_first_prompt_is_and_how_long_all_still_takes(
    status: dict[str, Any], said: str
) -> None:
    assert said_of(status, NOW) == said


def test_what_takes_longer_than_was_reckoned_is_nearly_done() -> None:
    status = {"running": [AT], "finish": SOON}
    assert said_of(status, NOW + 10_000) == "gpu0 60%, about 1 s left"

from pathlib import Path

import pytest

from tests.builders import NOW, write
from tests.receiver import Receiver, receiver
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.notice import JobNews, Notice, NoticeEvent
from vqd.domain.queue import Counts
from vqd.notify.message import Message, of_job
from vqd.notify.target import Target
from vqd.notify.unsent import Unsent

APPRISE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""apprise 2.3 imports imghdr where Python still has it."""


def a_message(job: str = "20260101-000000-beach", link: str | None = None) -> Message:
    counts = Counts(total=8, pending=0, running=0, succeeded=6, failed=2, cancelled=0)
    reason = "2 of 8 prompts failed"
    news = JobNews(3, job, "beach", "wan-i2v", JobState.FAILED, reason, counts, 4000.0)
    notice = Notice(7, NoticeEvent.FAILED, "studio", NOW, news)
    return of_job(notice, news, folder=f"/srv/vqd/failed/{job}", link=link)


def test_a_webhook_is_told_everything_as_json() -> None:
    with receiver() as there:
        Target("hook", there.url).send(a_message(link="https://nas/vqd/failed/x"))
    assert there.told == [
        {
            "notice": "20260101-000000-beach/failed/7",
            "event": "failed",
            "job": "20260101-000000-beach",
            "name": "beach",
            "workflow": "wan-i2v",
            "state": "failed",
            "reason": "2 of 8 prompts failed",
            "counts": {
                "total": 8,
                "pending": 0,
                "running": 0,
                "succeeded": 6,
                "failed": 2,
                "cancelled": 0,
                "kept": 0,
            },
            "seconds": 4000.0,
            "at": "2026-09-21T14:13:20+00:00",
            "folder": "/srv/vqd/failed/20260101-000000-beach",
            "link": "https://nas/vqd/failed/x",
            "picture": None,
        }
    ]
    assert there.headers[0]["Idempotency-Key"] == "20260101-000000-beach/failed/7"


def test_a_job_of_any_name_can_be_told() -> None:
    with receiver() as there:
        Target("hook", there.url).send(a_message("20260101-000000-Küste 海 \U0001f3d6"))
    assert there.told[0]["job"] == "20260101-000000-Küste 海 \U0001f3d6"


def test_the_secret_is_read_from_its_file_each_time_and_goes_where_it_is_named(
    tmp_path: Path,
) -> None:
    token = write(tmp_path / "token", "a/b c\n")
    headers = {"Authorization": "Bearer {secret}"}
    with receiver() as there:
        target = Target("hook", there.url + "?key={secret}", token, headers)
        target.send(a_message())
        write(token, "new")
        target.send(a_message())
    assert there.paths == ["/hook?key=a%2Fb%20c", "/hook?key=new"]
    assert [one["Authorization"] for one in there.headers] == ["Bearer a/b c", "Bearer new"]


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_a_secret_that_cannot_be_used_is_told_and_nothing_is_sent(
    tmp_path: Path, content: str | None
) -> None:
    token = tmp_path / "token"
    if content is not None:
        write(token, content)
    with receiver() as there, pytest.raises(Unsent, match="secret_file"):
        Target("hook", there.url, token, {"X-Key": "{secret}"}).send(a_message())
    assert there.told == []


@pytest.mark.parametrize(("status", "said"), [(302, "Found"), (404, "Not Found"), (599, "599")])
def test_what_is_not_taken_is_not_sent(status: int, said: str) -> None:
    with receiver() as there:
        there.status = status
        with pytest.raises(Unsent, match=said):
            Target("hook", there.url).send(a_message())


def test_nobody_there_is_told_without_the_url() -> None:
    with receiver() as there:
        gone = there.url
    with pytest.raises(Unsent) as caught:
        Target("hook", f"{gone}?token=hidden").send(a_message())
    assert str(caught.value) == "it cannot be reached"


@APPRISE
def test_other_urls_go_through_apprise(tmp_path: Path) -> None:
    token = write(tmp_path / "token", "tk_secret")
    with receiver() as there:
        url = there.url.replace("http://", "ntfy://{secret}@").replace("hook", "renders")
        target = Target("phone", url, token)
        target.check()
        target.send(a_message())
    assert_says(there, "beach: failed", "wan-i2v, 8 prompts: 6 succeeded, 2 failed; took 66.7 min")
    assert "tk_secret" in there.headers[0]["Authorization"]


@APPRISE
def test_what_apprise_says_of_a_failure_is_told() -> None:
    with receiver() as there:
        there.status = 500
        target = Target("phone", there.url.replace("http:", "ntfy:").replace("hook", "t"))
        with pytest.raises(Unsent, match="500"):
            target.send(a_message())


@APPRISE
def test_a_url_that_apprise_does_not_know_is_refused_at_the_start() -> None:
    with pytest.raises(VqdError) as caught:
        Target("phone", "nosuch://there").check()
    assert caught.value.code == "notify_unknown"
    assert "nosuch://" in caught.value.message


def assert_says(there: Receiver, *texts: str) -> None:
    (body,) = there.bodies
    missing = [text for text in texts if text.encode() not in body]
    assert missing == [], body

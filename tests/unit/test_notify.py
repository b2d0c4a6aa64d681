import socket
import threading
import time
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.builders import NOW, write
from tests.mailbox import mailbox
from tests.receiver import Receiver, receiver
from tests.strange_server import Answer, StrangeServer
from vqd.domain.errors import VqdError
from vqd.domain.lifecycle import JobState
from vqd.domain.listing import Counts
from vqd.domain.notice import Closed, HouseEvent, HouseNews, JobNews, Notice, NoticeEvent
from vqd.notify.message import Message, Picture, of_house, of_job
from vqd.notify.target import Target
from vqd.notify.unsent import Unsent

APPRISE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""apprise 2.3 imports imghdr where Python still has it."""

JPEG = b"\xff\xd8\xff\xe0 as good as a picture"
SELF_SIGNED = Path(__file__).parents[1] / "recorded" / "comfy" / "self-signed.pem"


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
def test_the_secret_is_not_told_when_apprise_names_the_address_with_it(tmp_path: Path) -> None:
    token = write(tmp_path / "token", "renders-nobody-knows")
    target = Target("ntfy", "ntfy://127.0.0.1:1/{secret}", token)

    with pytest.raises(Unsent) as unsent:
        target.send(with_picture(a_message()))

    assert "ntfy:http://127.0.0.1:1/…" in str(unsent.value)
    assert "nobody-knows" not in str(unsent.value)


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


def with_picture(message: Message) -> Message:
    return replace(message, picture=Picture("beach.jpg", "image/jpeg", JPEG))


def test_a_webhook_is_sent_the_picture_as_base64() -> None:
    with receiver() as there:
        Target("hook", there.url).send(with_picture(a_message()))
    (told,) = there.told
    picture = told["picture"]
    assert (picture["filename"], picture["mimetype"]) == ("beach.jpg", "image/jpeg")
    assert b64decode(picture["base64"]) == JPEG


def test_what_a_webhook_is_sent_stays_below_what_receivers_take_by_default() -> None:
    target = Target("hook", "https://hooks/x")
    message = replace(
        a_message(), picture=Picture("a.jpg", "image/jpeg", bytes(target.most_picture_bytes))
    )
    assert 50_000 < len(orjson.dumps(message.document())) < 100_000


def test_a_target_may_be_sent_no_pictures() -> None:
    assert Target("hook", "https://hooks/x", takes_pictures=False).most_picture_bytes == 0
    assert Target("phone", "ntfy://x/y").most_picture_bytes == 1_000_000


@APPRISE
def test_a_picture_is_attached_where_a_service_takes_one() -> None:
    with receiver() as there:
        Target("there", there.url.replace("http:", "json:")).send(with_picture(a_message()))
    (told,) = there.told
    assert told["title"] == "beach: failed"
    assert b64decode(told["attachments"][0]["base64"]) == JPEG


@APPRISE
def test_a_service_that_takes_no_pictures_is_sent_the_text() -> None:
    with receiver() as there:
        url = there.url.replace("http:", "gotify:").replace("hook", "token")
        Target("there", url).send(with_picture(a_message()))
    assert_says(there, "beach: failed")


@APPRISE
def test_a_mail_has_the_text_and_the_picture() -> None:
    with mailbox() as post:
        url = f"mailto://127.0.0.1:{post.port}?from=vqd@example.org&to=me@example.org&mode=insecure"
        target = Target("mail", url)
        target.check()
        target.send(with_picture(a_message()))
    (mail,) = post.mails
    assert mail["Subject"] == "beach: failed"
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert parts["image/jpeg"].get_payload(decode=True) == JPEG
    assert parts["image/jpeg"].get_filename() == "beach.jpg"
    assert any("6 succeeded, 2 failed" in str(part) for part in mail.walk())


@APPRISE
def test_a_mail_keeps_lines_and_angle_brackets_and_holds_no_html_of_a_job() -> None:
    text = "wan-i2v, 8 prompts\nthere is no <lora:film> & <b>nothing</b>\n/srv/vqd/failed/x"
    with mailbox() as post:
        url = f"mailto://127.0.0.1:{post.port}?from=vqd@example.org&to=me@example.org&mode=insecure"
        Target("mail", url).send(replace(a_message(), text=text))
    (mail,) = post.mails
    (part,) = [one for one in mail.walk() if not one.is_multipart()]
    assert part.get_content_type() == "text/plain"
    assert part.get_content().splitlines() == text.splitlines()


@APPRISE
def test_what_apprise_says_of_another_delivery_is_not_told() -> None:
    with receiver() as there, receiver() as other:
        there.status, other.status, other.is_silent = 500, 404, True
        url = other.url.replace("http:", "ntfy:").replace("hook", "t")
        slow = threading.Thread(target=refused, args=(url,))
        slow.start()
        assert other.came.wait(60)
        said = refused(there.url.replace("http:", "ntfy:").replace("hook", "t"))
        other.closing.set()
        slow.join()
    assert "500" in said
    assert "404" not in said


@APPRISE
def test_a_mail_server_that_never_speaks_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert refused(
            f"mailto://{there}?from=a@example.org&to=b@example.org&mode=insecure&cto=0.5"
        )
        assert time.monotonic() - began < 60


def test_a_certificate_of_an_unknown_authority_is_not_taken() -> None:
    with StrangeServer(SELF_SIGNED) as there:
        there.answers("POST /hook", Answer(200))
        assert "certificate" in refused(f"{there.url}/hook")
        assert not there.asked


def refused(url: str) -> str:
    """Why a message could not be sent."""
    with pytest.raises(Unsent) as caught:
        Target("there", url).send(a_message())
    return str(caught.value)


def test_the_house_is_told_of_in_keys_of_its_own() -> None:
    closed = Closed({"done": 3}, {"succeeded": 12}, 90.0, NOW)
    news = HouseNews("3 jobs (3 done).", None, 90.0, closed, held=2)
    notice = Notice(9, HouseEvent.QUEUE_EMPTY, "hook", NOW, news)
    with receiver() as there:
        Target("hook", there.url).send(of_house(notice, news, spool="/srv/vqd"))
    assert there.told == [
        {
            "notice": "house/queue_empty/9",
            "event": "queue_empty",
            "server": None,
            "reason": "3 jobs (3 done).",
            "jobs": {"done": 3},
            "prompts": {"succeeded": 12},
            "held": 2,
            "seconds": 90.0,
            "at": "2026-09-21T14:13:20+00:00",
            "spool": "/srv/vqd",
            "picture": None,
        }
    ]


@APPRISE
def test_people_are_told_which_server_is_down() -> None:
    news = HouseNews("It has taken no prompts for 60 s: Connection refused.", "gpu1")
    notice = Notice(9, HouseEvent.SERVER_DOWN, "phone", NOW, news)
    with receiver() as there:
        url = there.url.replace("http:", "ntfy:").replace("hook", "renders")
        Target("phone", url).send(of_house(notice, news, spool="/srv/vqd"))
    assert_says(there, "vqd: server gpu1 is down", "Connection refused", "/srv/vqd")

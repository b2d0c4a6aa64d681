"""What a notice says, to programs and to people."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, field
from datetime import UTC, datetime
from typing import Any

from vqd.domain.frozen import frozen
from vqd.domain.names import printable
from vqd.domain.notice import HouseEvent, HouseNews, JobNews, Notice, NoticeEvent
from vqd.domain.times import duration

_TITLES = {
    HouseEvent.QUEUE_EMPTY: "the queue is empty",
    HouseEvent.SERVER_DOWN: "server {server} is down",
    HouseEvent.SERVER_BACK: "server {server} is back",
    HouseEvent.DISK_LOW: "the disk is nearly full",
    HouseEvent.DISK_ENOUGH: "the disk has room again",
    HouseEvent.SHARE_AWAY: "the share is away",
    HouseEvent.SHARE_BACK: "the share is back",
}
_OVER = ("succeeded", "failed", "cancelled")


@frozen
class Picture:
    """A small picture that goes with a message: its file's name, its type and its bytes."""

    name: str
    mime: str
    data: bytes


@frozen
class Message:
    """A notice as it is sent: `facts` for programs, `title` and `text` for people.

    `identity` is that of the notice, so that who is told can tell a repeat.
    """

    identity: str
    facts: Mapping[str, Any]
    title: str
    text: str
    picture: Picture | None = field(default=None, repr=False)

    def document(self) -> Mapping[str, Any]:
        """Give it as the object that a webhook is sent as JSON."""
        picture = self.picture
        if picture is None:
            return {**self.facts, "picture": None}
        data = b64encode(picture.data).decode()
        told = {"filename": picture.name, "mimetype": picture.mime, "base64": data}
        return {**self.facts, "picture": told}


def of_job(
    notice: Notice, news: JobNews, *, folder: str, link: str | None, picture: Picture | None = None
) -> Message:
    """Give what is said of a job, whose folder is on the daemon's machine; `link` is for a
    browser."""
    facts = {
        "notice": notice.identity,
        "event": notice.event,
        "job": news.job,
        "name": news.name,
        "workflow": news.workflow,
        "state": news.state,
        "reason": news.reason,
        "counts": asdict(news.counts),
        "seconds": news.seconds,
        "at": _time(notice.at),
        "folder": folder,
        "link": link,
    }
    title = printable(f"{news.name}: {notice.event}")
    text = "\n".join([*_lines_of_job(notice, news), link or folder])
    return Message(notice.identity, facts, title, text, picture)


def of_house(notice: Notice, news: HouseNews, *, spool: str) -> Message:
    """Give what is said of the house, which serves that spool."""
    closed = news.closed
    facts = {
        "notice": notice.identity,
        "event": notice.event,
        "server": news.server,
        "reason": news.said,
        "jobs": dict(closed.jobs) if closed else None,
        "prompts": dict(closed.prompts) if closed else None,
        "held": news.held,
        "seconds": news.seconds,
        "at": _time(notice.at),
        "spool": spool,
    }
    title = _TITLES[HouseEvent(notice.event)].format(server=news.server)
    text = "\n".join([printable(news.said), spool])
    return Message(notice.identity, facts, printable(f"vqd: {title}"), text)


def _lines_of_job(notice: Notice, news: JobNews) -> Iterator[str]:
    counts = asdict(news.counts)
    line = f"{news.workflow}, {counts['total']} prompt{'' if counts['total'] == 1 else 's'}"
    parts = [f"{counts[part]} {part}" for part in _OVER if counts[part]]
    if parts and notice.event not in (NoticeEvent.ACCEPTED, NoticeEvent.STARTED):
        line += f": {', '.join(parts)}; took {duration(news.seconds)}"
    yield line
    if news.reason:
        yield printable(news.reason)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
